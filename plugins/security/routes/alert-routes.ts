import { etagReply } from '../../../kernel/contract.ts'
import { Acknowledgements, Alert, AlertSummary, Assignment, BulkReport, Closing, Closings } from '../alert.ts'
import type { SecurityKit } from '../plugin.ts'
import { type AlertRow, alertList, toAlert } from '../repositories/alert-list.ts'

const show = (row: AlertRow) => etagReply(toAlert(row), row.revision)

/** Alerts: list, numbers, one, and what people do with them. */
export function alertRoutes(kit: SecurityKit): void {
  kit.route('GET /security/alerts', {
    summary: 'Security alerts',
    description: '`since` is about when an alert came last.',
    permission: 'security:read',
    query: alertList.query,
    returns: alertList.returns(Alert),
    handle: ({ query }, { call }) => alertList.page(call.db, query),
  })
  kit.route('GET /security/alerts/summary', {
    summary: 'Numbers of security alerts by status and severity',
    permission: 'security:read',
    returns: AlertSummary,
    handle: (_input, { alertRepository }) => alertRepository.summary(),
  })
  kit.route('GET /security/alerts/:id', {
    summary: 'A security alert',
    permission: 'security:read',
    returns: Alert,
    handle: async ({ params }, { alertService }) => show(await alertService.get(params.id)),
  })
  kit.route('POST /security/alerts/:id/acknowledge', {
    summary: 'Acknowledge a security alert that is open',
    permission: 'security:manage',
    returns: Alert,
    handle: async ({ params, ifMatch }, { alertService }) => show(await alertService.acknowledge(params.id, ifMatch)),
  })
  kit.route('POST /security/alerts/:id/assign', {
    summary: 'Give a security alert to somebody, or to nobody',
    permission: 'security:manage',
    body: Assignment,
    returns: Alert,
    handle: async ({ params, body, ifMatch }, { alertService }) =>
      show(await alertService.assign(params.id, body.user_id, ifMatch)),
  })
  kit.route('POST /security/alerts/:id/close', {
    summary: 'Close a security alert',
    permission: 'security:manage',
    body: Closing,
    returns: Alert,
    handle: async ({ params, body, ifMatch }, { alertService }) =>
      show(await alertService.close(params.id, body, ifMatch)),
  })
  kit.route('POST /security/alerts/:id/reopen', {
    summary: 'Reopen a security alert that is closed',
    permission: 'security:manage',
    returns: Alert,
    handle: async ({ params, ifMatch }, { alertService }) => show(await alertService.reopen(params.id, ifMatch)),
  })
  kit.route('POST /security/alerts/acknowledge', {
    summary: 'Acknowledge up to 200 security alerts',
    description: 'All of them must be there. Those that are not open stay as they are.',
    permission: 'security:manage',
    body: Acknowledgements,
    returns: BulkReport,
    handle: ({ body }, { alertService }) => alertService.acknowledgeAll(body.alert_ids),
  })
  kit.route('POST /security/alerts/close', {
    summary: 'Close up to 200 security alerts for one reason',
    description: 'All of them must be there. Those that are closed stay as they are.',
    permission: 'security:manage',
    body: Closings,
    returns: BulkReport,
    handle: ({ body: { alert_ids, ...closing } }, { alertService }) => alertService.closeAll(alert_ids, closing),
  })
}
