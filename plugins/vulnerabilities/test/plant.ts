import type { ImplementationFn } from 'ava'
import { definePlugin } from '../../../kernel/contract.ts'
import type { Client } from '../../../kernel/testing/client.ts'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import assets from '../../assets/plugin.ts'
import { catalogueChanged, cveCatalogue } from '../../cve-feed/public.ts'
import sites from '../../sites/plugin.ts'
import vulnerabilities from '../plugin.ts'
import { criticalFound } from '../public.ts'
import { affects, TestCatalogue } from './catalogue.ts'

export const LOG4J = 'cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*'
export const ANY_LOG4J = 'cpe:2.3:a:apache:log4j:*:*:*:*:*:*:*:*'

/** A kernel with assets, vulnerabilities and a catalogue in memory that knows Log4Shell; requests of tenant `a`. */
export class Plant {
  readonly kernel: TestKernel
  readonly user: Client
  readonly catalogue: TestCatalogue
  /** CVEs of which other plugins were told. */
  readonly alerts: readonly string[]

  constructor(kernel: TestKernel, user: Client, catalogue: TestCatalogue, alerts: readonly string[]) {
    this.kernel = kernel
    this.user = user
    this.catalogue = catalogue
    this.alerts = alerts
  }

  /** Adds an asset and waits until it is matched; answers its id. */
  async addAsset(name: string, ...cpes: readonly string[]): Promise<string> {
    const { body } = await this.user.post('/assets', { name, type: 'server', cpes })
    await this.kernel.settled()
    return body.id
  }

  /** Tells the plugins that the catalogue has changed, and waits until they have done what that asks for. */
  async announce(): Promise<void> {
    await this.kernel.internal.post('/internal/test-catalogue')
    await this.kernel.settled()
  }

  /** The vulnerabilities that a query finds. */
  async found(query = '') {
    const { status, body } = await this.user.get(`/vulnerabilities${query}`)
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`)
    return body.items
  }
}

/** Offers the catalogue, tells of its changes when asked to, and hears of critical CVEs. */
function otherPlugin(catalogue: TestCatalogue, alerts: string[]) {
  const Shared = new Proxy(class {}, { construct: () => catalogue })
  return definePlugin({
    name: 'test-catalogue',
    version: '1.0.0',
    title: 'A catalogue in memory',
    segments: ['internal/test-catalogue'],
    offers: { catalogue: cveCatalogue },
    emits: [catalogueChanged],
    services: { catalogue: Shared },
    setup(kit) {
      kit.on(criticalFound, async ({ payload }) => {
        alerts.push(payload.cve_id)
      })
      kit.platformRoute('POST /internal/test-catalogue', {
        summary: 'Tells of changes',
        access: 'internal-token',
        handle: async (_input, { call }) =>
          call.emit(catalogueChanged, { latest_change: await catalogue.latestChange() }),
      })
    },
  })
}

/** Runs a test on a plant of its own. */
export const withPlant =
  (run: (t: Parameters<ImplementationFn<[]>>[0], plant: Plant) => Promise<void>): ImplementationFn<[]> =>
  async t => {
    const catalogue = new TestCatalogue().put('CVE-2021-44228', {
      cvss_score: 10,
      cvss_version: '3.1',
      severity: 'CRITICAL',
      epss: 0.94,
      kev: true,
      exploits: 2,
      configurations: affects(ANY_LOG4J, { versionEndExcluding: '2.15.0' }),
    })
    const alerts: string[] = []
    const plugins = [sites, assets, otherPlugin(catalogue, alerts), vulnerabilities]
    await using kernel = await startTestKernel({ plugins: plugins as never })
    await kernel.settled()
    await run(t, new Plant(kernel, await kernel.as('a'), catalogue, alerts))
  }
