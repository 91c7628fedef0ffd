import test from 'ava'
import { affects } from './catalogue.ts'
import { Scene } from './scene.ts'

const V1 = 'cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*'
const V2 = 'cpe:2.3:a:apache:log4j:2.14.0:*:*:*:*:*:*:*'
const ANY = 'cpe:2.3:a:apache:log4j:*:*:*:*:*:*:*:*'
const CVE = 'CVE-2021-44228'

/** An asset with one vulnerability that somebody has decided on. */
async function decided(t: Parameters<typeof Scene.open>[0], change: object, cpe = V1) {
  const scene = await Scene.open(t)
  scene.catalogue.put(CVE, { configurations: affects(ANY, { versionEndExcluding: '2.15.0' }) })
  const asset = await scene.addAsset(cpe)
  await scene.services.matching.scanAll()
  const { id } = await scene.only()
  await scene.services.work.update(id, change, undefined)
  return { scene, asset }
}

const FALSE_POSITIVE = { status: 'false_positive', reason: 'patched by the vendor' } as const
const ACCEPTED = { status: 'accepted', reason: 'isolated cell', accepted_until: '2026-06-01T00:00:00.000Z' } as const

test('a false positive stays one when the asset is scanned again, or gets another version', async t => {
  const { scene, asset } = await decided(t, FALSE_POSITIVE)
  await scene.services.matching.scanAll()
  t.like(await scene.only(), FALSE_POSITIVE)
  await scene.rename(asset, V2)
  await scene.services.matching.scanAll()
  t.like(await scene.only(), FALSE_POSITIVE)
})

test('a false positive opens again when the record says something else of the product', async t => {
  const { scene } = await decided(t, FALSE_POSITIVE)
  scene.catalogue.put(CVE, { configurations: affects(ANY, { versionEndExcluding: '2.17.0' }) })
  t.is((await scene.services.matching.rematchChanges()).reopened, 1)
  t.like(await scene.only(), { status: 'open', reason: null })
})

test('a false positive stays one when the record names one more product', async t => {
  const { scene } = await decided(t, FALSE_POSITIVE)
  scene.catalogue.put(CVE, {
    configurations: [
      ...affects(ANY, { versionEndExcluding: '2.15.0' }),
      ...affects('cpe:2.3:a:siemens:sinec_nms:1.0:*:*:*:*:*:*:*'),
    ],
  })
  await scene.services.matching.rematchChanges()
  t.like(await scene.only(), FALSE_POSITIVE)
})

test('a false positive that was only possible opens again when it is confirmed', async t => {
  const { scene, asset } = await decided(t, FALSE_POSITIVE, ANY)
  await scene.rename(asset, V1)
  await scene.services.matching.scanAssets([asset])
  t.like(await scene.only(), { status: 'open', confidence: 'confirmed' })
})

test('an accepted risk stays accepted when the record changes, until its time is over', async t => {
  const { scene } = await decided(t, ACCEPTED)
  scene.catalogue.put(CVE, { configurations: affects(ANY, { versionEndExcluding: '2.17.0' }) })
  await scene.services.matching.rematchChanges()
  t.like(await scene.only(), ACCEPTED)
  t.is(await scene.services.vulnerabilityRepository.reopenExpired(new Date('2026-05-31T00:00:00Z')), 0)
  t.is(await scene.services.vulnerabilityRepository.reopenExpired(new Date('2026-06-01T00:00:00Z')), 1)
  t.like(await scene.only(), { status: 'open', accepted_until: null, reason: ACCEPTED.reason, revision: 4 })
})

for (const change of [FALSE_POSITIVE, ACCEPTED, { status: 'mitigated' }, { status: 'in_progress' }] as const) {
  test(`${change.status} becomes resolved when the asset does not match any more`, async t => {
    const { scene, asset } = await decided(t, change)
    await scene.rename(asset, 'cpe:2.3:a:apache:log4j:2.20.0:*:*:*:*:*:*:*')
    await scene.services.matching.scanAssets([asset])
    t.like(await scene.only(), { status: 'resolved', accepted_until: null })
  })
}
