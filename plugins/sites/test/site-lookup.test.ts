import test from 'ava'
import { definePlugin } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import sites from '../plugin.ts'
import { nameKey, type SiteDirectory, siteDeleted, siteDirectory } from '../public.ts'

/** A kernel with a plugin that uses the directory: `look` is what its route does with it. */
async function startWithUser() {
  const seen: { look(directory: SiteDirectory): Promise<unknown>; deleted: string[] } = {
    look: async () => undefined,
    deleted: [],
  }
  const other = definePlugin({
    name: 'other',
    version: '1.0.0',
    title: 'Uses the directory of sites',
    segments: ['other'],
    uses: { sites: siteDirectory },
    setup(kit) {
      kit.on(siteDeleted, async ({ payload }) => {
        seen.deleted.push(payload.site_id)
      })
      kit.route('POST /other', {
        summary: 'Looks',
        permission: 'signed-in',
        audit: false,
        handle: async (_input, context) => {
          await seen.look(context.sites)
        },
      })
    },
  })
  const kernel = await startTestKernel({ plugins: [sites, other] as never })
  return { kernel, seen, user: await kernel.as('a') }
}

test('another plugin finds sites of its tenant by id and by name', async t => {
  const { kernel, seen, user } = await startWithUser()
  await using _ = kernel
  const north = (await user.post('/sites', { name: 'Plant North' })).body.id
  const east = (await user.post('/sites', { name: 'Werk Österreich' })).body.id
  const foreign = (await (await kernel.as('b')).post('/sites', { name: 'Foreign' })).body.id
  seen.look = async directory => {
    t.deepEqual(await directory.find(north), { id: north, name: 'Plant North' })
    t.is(await directory.find(foreign), undefined)
    const found = await directory.idsByName(['plant NORTH', 'Plant North', 'WERK Österreich', 'Foreign', 'Nowhere'])
    t.deepEqual(Object.fromEntries(found), { 'plant NORTH': north, 'Plant North': north, 'WERK Österreich': east })
    t.is((await directory.idsByName([])).size, 0)
    const many = Array.from({ length: 2_500 }, (_, i) => `Nowhere ${i}`)
    t.deepEqual([...(await directory.idsByName([...many, 'Plant North'])).values()], [north])
  }
  t.is((await user.post('/other')).status, 204)
})

test('another plugin hears of a site that is gone', async t => {
  const { kernel, seen, user } = await startWithUser()
  await using _ = kernel
  const { body } = await user.post('/sites', { name: 'Plant' })
  await user.delete(`/sites/${body.id}`)
  await kernel.settled()
  t.deepEqual(seen.deleted, [body.id])
})

test('names are compared as SQLite does: A to Z without case, other letters as they are', t => {
  t.is(nameKey('PLANT Österreich 1'), 'plant Österreich 1')
  t.not(nameKey('Ö'), nameKey('ö'))
})
