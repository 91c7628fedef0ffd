import test from 'ava'
import { definePlugin } from '../../../kernel/contract.ts'
import sites from '../../sites/plugin.ts'
import assets from '../plugin.ts'
import { type AssetDirectory, assetDirectory } from '../public.ts'
import { startPlant } from './plant.ts'

const MOXA = 'cpe:2.3:o:moxa:eds-405a_firmware:3.8:*:*:*:*:*:*:*'
const LOG4J = 'cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*'

test('another plugin finds assets by id, by product, and all that have CPE names, of its tenant only', async t => {
  let look: (directory: AssetDirectory) => Promise<unknown> = async () => undefined
  const other = definePlugin({
    name: 'other',
    version: '1.0.0',
    title: 'Uses the directory of assets',
    segments: ['other'],
    uses: { assets: assetDirectory },
    setup(kit) {
      kit.route('POST /other', {
        summary: 'Looks',
        permission: 'signed-in',
        audit: false,
        handle: async (_input, context) => {
          await look(context.assets)
        },
      })
    },
  })
  await using plant = await startPlant({ plugins: [sites, assets, other] as never })
  const { user, kernel } = plant
  const add = async (name: string, cpes: string[]) =>
    (await user.post('/assets', { name, type: 'plc', cpes })).body.id as string
  const a = await add('A', [MOXA, LOG4J])
  const b = await add('B', [LOG4J])
  const c = await add('C', [])
  const foreign = await (await kernel.as('b')).post('/assets', { name: 'D', type: 'plc', cpes: [MOXA] })

  const found: Record<string, unknown> = {}
  look = async directory => {
    found.byIds = (await directory.byIds([a, c, foreign.body.id])).sort((x, y) => x.name.localeCompare(y.name))
    found.first = await directory.withCpes(undefined, 1)
    found.rest = await directory.withCpes(a, 10)
    found.moxa = await directory.idsWithProducts(['o:moxa:eds-405a_firmware', 'a:nobody:nothing'])
    found.both = (await directory.idsWithProducts(['o:moxa:eds-405a_firmware', 'a:apache:log4j'])).sort()
    found.count = await directory.countWithCpes()
  }
  t.is((await user.post('/other')).status, 204)
  t.deepEqual(found, {
    byIds: [
      { id: a, name: 'A', cpes: [MOXA, LOG4J] },
      { id: c, name: 'C', cpes: [] },
    ],
    first: [{ id: a, name: 'A', cpes: [MOXA, LOG4J] }],
    rest: [{ id: b, name: 'B', cpes: [LOG4J] }],
    moxa: [a],
    both: [a, b].sort(),
    count: 2,
  })
})
