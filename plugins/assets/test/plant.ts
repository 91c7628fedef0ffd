import type { ImplementationFn } from 'ava'
import type { Answer, Client } from '../../../kernel/testing/client.ts'
import { startTestKernel, type TestKernel, type TestKernelOptions } from '../../../kernel/testing/test-kernel.ts'
import sites from '../../sites/plugin.ts'
import assets from '../plugin.ts'

/** A kernel with just the sites and assets plugins; tenant `a` has the site "Plant North". */
export interface Plant extends AsyncDisposable {
  readonly kernel: TestKernel
  readonly user: Client
  readonly site: string
  /** Imports CSV as a user with every permission. `query` begins with `?`. */
  importCsv(csv: string | Buffer, query?: string): Promise<Answer>
}

const csv = { 'content-type': 'text/csv' }

export async function startPlant(options: TestKernelOptions = {}): Promise<Plant> {
  const kernel = await startTestKernel({ plugins: [sites, assets] as never, ...options })
  const user = await kernel.as('a')
  const site = await user.post('/sites', { name: 'Plant North' })
  return {
    kernel,
    user,
    site: site.body.id,
    importCsv: (content, query = '') => user.request('POST', `/assets/import${query}`, content, csv),
    [Symbol.asyncDispose]: () => kernel[Symbol.asyncDispose](),
  }
}

/** Runs a test on a plant of its own. */
export const withPlant =
  (run: (t: Parameters<ImplementationFn<[]>>[0], plant: Plant) => Promise<void>): ImplementationFn<[]> =>
  async t => {
    await using plant = await startPlant()
    await run(t, plant)
  }

/** The counts of an import report, as one line. */
export const counts = ({ status, body }: Answer): string =>
  `${status}: ${body.created} created, ${body.updated} updated, ${body.unchanged} unchanged, ${body.failed} failed`

/** The failed rows of a report: `3: site: there is no site "X"`. */
export const faults = ({ body }: Answer): string[] =>
  body.rows
    .filter((line: { status: string }) => line.status === 'failed')
    .map((line: { row: number; errors: string[] }) => `${line.row}: ${line.errors.join('; ')}`)
