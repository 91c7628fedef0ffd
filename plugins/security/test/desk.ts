import type { ImplementationFn } from 'ava'
import type { z } from 'zod'
import { type AnyPlugin, definePlugin } from '../../../kernel/contract.ts'
import type { Client } from '../../../kernel/testing/client.ts'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import assets from '../../assets/plugin.ts'
import { alertRaised, type RaisedAlert } from '../../ingest/public.ts'
import sites from '../../sites/plugin.ts'
import { criticalFound } from '../../vulnerabilities/public.ts'
import security from '../plugin.ts'

/** A device that reports alerts. */
export const DEVICE = '01890000-0000-7000-8000-00000000000d'
/** When it reports them, unless it is said. */
export const AT = '2026-01-02T03:04:05.000Z'

/** Tells what devices report and what matching finds, in place of `ingest` and `vulnerabilities`. */
const teller = definePlugin({
  name: 'teller',
  version: '1.0.0',
  title: 'Stand-in for ingest and vulnerabilities',
  segments: ['told'],
  emits: [alertRaised, criticalFound],
  setup(kit) {
    kit.route('POST /told/alerts', {
      summary: 'Tell of alerts',
      permission: 'signed-in',
      body: alertRaised.payload,
      handle: ({ body }, { call }) => call.emit(alertRaised, body),
    })
    kit.route('POST /told/cves', {
      summary: 'Tell of a CVE',
      permission: 'signed-in',
      body: criticalFound.payload,
      handle: ({ body }, { call }) => call.emit(criticalFound, body),
    })
  },
}) as unknown as AnyPlugin

/** A kernel with assets and security, and somebody who works on alerts of tenant `a`. */
export class Desk implements AsyncDisposable {
  readonly kernel: TestKernel
  readonly user: Client

  constructor(kernel: TestKernel, user: Client) {
    this.kernel = kernel
    this.user = user
  }

  /** A device reports alerts; waits until they are heard. */
  async report(
    alerts: readonly (Partial<RaisedAlert> & { readonly title: string })[],
    more: { readonly site_id?: string | null; readonly device_id?: string } = {},
  ): Promise<void> {
    const nothing = { source_ip: null, destination_ip: null, description: null, details: null }
    const whole = alerts.map(alert => ({
      event_id: DEVICE,
      severity: 'high',
      occurred_at: AT,
      ...nothing,
      ...alert,
    }))
    await this.#tell('alerts', { device_id: DEVICE, site_id: null, ...more, alerts: whole })
  }

  /** Matching finds a critical CVE; waits until that is heard. */
  async find(cve: Partial<z.input<typeof criticalFound.payload>> = {}): Promise<void> {
    const cve_id = cve.cve_id ?? 'CVE-2021-44228'
    await this.#tell('cves', {
      cve_id,
      dedupe_key: `cve:${cve_id}`,
      cause: 'cvss',
      cvss_score: 10,
      epss: 0.9,
      kev: false,
      kev_due_date: null,
      exploits: 1,
      asset_ids: [DEVICE],
      found_at: AT,
      ...cve,
    })
  }

  /** The alerts that a query finds, the oldest first. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever the API answered
  async alerts(query = ''): Promise<any[]> {
    const { status, body, text } = await this.user.get(`/security/alerts?sort=created_at${query}`)
    if (status !== 200) throw new Error(text)
    return body.items
  }

  /** The only alert there is. */
  async only() {
    const [alert, ...others] = await this.alerts()
    if (others.length > 0) throw new Error(`there are ${others.length + 1} alerts`)
    return alert
  }

  act(id: string, action: string, body?: object, headers?: Record<string, string>) {
    return this.user.post(`/security/alerts/${id}/${action}`, body, headers)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kernel[Symbol.asyncDispose]()
  }

  async #tell(what: string, payload: object): Promise<void> {
    const { status, text } = await this.user.post(`/told/${what}`, payload)
    if (status !== 204) throw new Error(text)
    await this.kernel.settled()
  }
}

/** Runs a test at a desk of its own. */
export const withDesk =
  (run: (t: Parameters<ImplementationFn<[]>>[0], desk: Desk) => Promise<void>): ImplementationFn<[]> =>
  async t => {
    const kernel = await startTestKernel({ plugins: [sites, assets, security, teller] as never })
    await using desk = new Desk(kernel, await kernel.as('a'))
    await run(t, desk)
  }
