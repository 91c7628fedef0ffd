import test, { type ExecutionContext } from 'ava'
import { definePlugin } from '../../../kernel/contract.ts'
import { sqliteTest } from '../../../kernel/testing/test-database.ts'
import sites from '../../sites/plugin.ts'
import { siteDirectory } from '../../sites/public.ts'
import assets from '../plugin.ts'
import { AssetCpeRepository } from '../repositories/asset-cpe-repository.ts'
import { AssetRepository } from '../repositories/asset-repository.ts'
import { ImportService } from '../services/import-service.ts'
import { type Plant, startPlant } from './plant.ts'

type Use = (service: ImportService) => Promise<void>

/** Runs a test with the service of a call, on a plant of its own. */
const withService =
  (run: (t: ExecutionContext, plant: Plant, within: (use: Use) => Promise<void>) => Promise<void>) =>
  async (t: ExecutionContext): Promise<void> => {
    let use: Use = async () => undefined
    const caller = definePlugin({
      name: 'caller',
      version: '1.0.0',
      title: 'Has calls',
      segments: ['caller'],
      uses: { sites: siteDirectory },
      setup(kit) {
        kit.route('POST /caller', {
          summary: 'Uses the service',
          permission: 'signed-in',
          audit: false,
          atomic: false,
          async handle(_input, { call, sites }) {
            const { db } = call
            const assetRepository = new AssetRepository({ db })
            const assetCpeRepository = new AssetCpeRepository({ db })
            await use(new ImportService({ call, db, sites, assetRepository, assetCpeRepository }))
          },
        })
      },
    })
    await using plant = await startPlant({ plugins: [sites, assets, caller] as never })
    await run(t, plant, async wanted => {
      use = wanted
      t.is((await plant.user.post('/caller')).status, 204)
    })
  }

const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `Asset ${from + i},plc\n`).join('')

const options = { dryRun: false, mayUpdate: true }

test(
  'an import that is told to end stops between chunks, and its repetition does the rest',
  withService(async (t, plant, within) => {
    const controller = new AbortController()
    function* content() {
      yield `name,type\n${rows(0, 1_100)}`
      controller.abort(new Error('the server stops'))
      yield rows(1_100, 2_000)
    }
    await within(async service => {
      const stopped = service.run(content(), { ...options, signal: controller.signal })
      await t.throwsAsync(stopped, { message: 'the server stops' })
    })
    t.is((await plant.user.get('/assets?count=true&limit=1')).body.count, 1_000)
    await within(async service => {
      const again = await service.run([`name,type\n${rows(0, 2_000)}`], options)
      t.like(again, { total: 2_000, created: 1_000, unchanged: 1_000, failed: 0 })
    })
  }),
)

test(
  'progress is told after each chunk',
  withService(async (t, _plant, within) => {
    const told: number[] = []
    const content = [`name,type\n${rows(0, 700)}`, rows(700, 1_200)]
    await within(async service => {
      await service.run(content, { ...options, progress: done => told.push(done) })
    })
    t.deepEqual(told, [500, 1_000, 1_200])
  }),
)

test(
  'what breaks while a file is read is passed on',
  withService(async (t, plant, within) => {
    async function* content() {
      yield `name,type\n${rows(0, 600)}`
      throw new Error('the disk is gone')
    }
    await within(async service => {
      await t.throwsAsync(service.run(content(), options), { message: 'the disk is gone' })
    })
    t.is((await plant.user.get('/assets?count=true&limit=1')).body.count, 500)
  }),
)

sqliteTest(test, 'a trigger stands for the other user')(
  'an asset that somebody changes while it is imported is reported, and not overwritten',
  withService(async (t, plant, within) => {
    const { body } = await plant.user.post('/assets', { name: 'Pump', type: 'plc' })
    const { knex } = plant.kernel.kernel.runtime.database
    await knex.raw(
      `CREATE TRIGGER meanwhile BEFORE UPDATE ON assets WHEN NEW.revision = 2 BEGIN SELECT RAISE(IGNORE); END`,
    )
    const csv = `id,name,type,model\n${body.id},Pump,plc,X\n,Valve,plc,Y\n`
    await within(async service => {
      const report = await service.run([csv], options)
      t.like(report, { created: 1, updated: 0, failed: 1 })
      const errors = ['was changed meanwhile; import it again']
      t.deepEqual(report.rows[0], { row: 2, status: 'failed', name: 'Pump', errors })
    })
    t.is((await plant.user.get(`/assets/${body.id}`)).body.model, null)
  }),
)
