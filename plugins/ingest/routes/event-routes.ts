import { IngestEvent, IngestTenantSettings } from '../ingest-event.ts'
import type { IngestKit } from '../plugin.ts'
import { eventList } from '../repositories/event-list.ts'

/** What users see of events, and how long they are kept. */
export function eventRoutes(kit: IngestKit): void {
  kit.route('GET /ingest/events', {
    summary: 'Events of devices, the newest first',
    description: '`since` (from) and `until` (before) are about when events came in.',
    permission: 'devices:read',
    query: eventList.query,
    returns: eventList.returns(IngestEvent),
    handle: ({ query }, { call }) => eventList.page(call.db, query),
  })
  kit.route('GET /ingest/settings', {
    summary: 'How long events of devices are kept',
    permission: 'devices:read',
    returns: IngestTenantSettings,
    handle: (_input, { settingsRepository }) => settingsRepository.read(),
  })
  kit.route('PUT /ingest/settings', {
    summary: 'Set how long events of devices are kept',
    permission: 'devices:manage',
    body: IngestTenantSettings,
    returns: IngestTenantSettings,
    async handle({ body }, { settingsRepository }) {
      await settingsRepository.write(body)
      return body
    },
  })
}
