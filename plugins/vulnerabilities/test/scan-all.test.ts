import test from 'ava'
import { affects } from './catalogue.ts'
import { Scene } from './scene.ts'

const SWITCH = 'cpe:2.3:o:moxa:eds-405a_firmware:3.8:*:*:*:*:*:*:*'
const ANY_SWITCH = 'cpe:2.3:o:moxa:eds-405a_firmware:*:*:*:*:*:*:*:*'
const LOG4J = 'cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*'
const ANY_LOG4J = 'cpe:2.3:a:apache:log4j:*:*:*:*:*:*:*:*'

test('every asset gets the CVEs that match it, with what the CVE says and why it matches', async t => {
  const scene = await Scene.open(t)
  const facts = {
    cvss_score: 10,
    cvss_version: '3.1',
    cvss_vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H',
    severity: 'CRITICAL',
    epss: 0.94,
    epss_percentile: 0.999,
    kev: true,
    kev_due_date: '2021-12-24',
    exploits: 3,
  }
  scene.catalogue
    .put('CVE-2021-44228', { ...facts, configurations: affects(ANY_LOG4J, { versionEndExcluding: '2.15.0' }) })
    .put('CVE-2019-6563', { cvss_score: 9.8, configurations: affects(ANY_SWITCH, { versionEndIncluding: '3.8' }) })
    .put('CVE-2023-0001', { configurations: affects(ANY_LOG4J, { versionStartIncluding: '2.16' }) })
  const server = await scene.addAsset(LOG4J)
  const plain = await scene.addAsset(SWITCH)
  const both = await scene.addAsset(LOG4J, SWITCH)
  await scene.addAsset()

  const report = await scene.services.matching.scanAll()

  t.like(report, { assets: 3, matches: 4, created: 4, updated: 0, resolved: 0 })
  const found = await scene.found()
  t.deepEqual(
    found.map(({ cve_id, asset_id }) => [cve_id, asset_id]),
    [
      ['CVE-2019-6563', plain],
      ['CVE-2019-6563', both],
      ['CVE-2021-44228', server],
      ['CVE-2021-44228', both],
    ],
  )
  const { severity: _, ...shown } = facts
  t.like(found[2], { ...shown, status: 'open', confidence: 'confirmed', risk: 98.8, revision: 1, resolved_at: null })
  t.is(found[2]?.first_seen, '2026-03-01T12:00:00.000Z')
  t.deepEqual(found[2]?.criteria, [
    {
      criteria: ANY_LOG4J,
      version_end_excluding: '2.15.0',
      asset_cpe: LOG4J,
      vulnerable: true,
      confidence: 'confirmed',
      code: 'version_in_range',
      reason: 'The version lies within the bounds of the record.',
    },
  ])
})

test('an unknown version makes a possible match, which weighs less', async t => {
  const scene = await Scene.open(t)
  scene.catalogue.put('CVE-2021-44228', {
    cvss_score: 10,
    configurations: affects(ANY_LOG4J, { versionEndExcluding: '2.15.0' }),
  })
  await scene.addAsset(ANY_LOG4J)
  await scene.services.matching.scanAll()
  t.like(await scene.only(), { confidence: 'possible', risk: 24 })
})

test('a scan that finds what is stored writes nothing', async t => {
  const scene = await Scene.open(t)
  scene.catalogue.put('CVE-2021-44228', { epss: 0.5, configurations: affects(ANY_LOG4J) })
  await scene.addAsset(LOG4J)
  await scene.services.matching.scanAll()
  const before = await scene.only()
  scene.forward(60_000)
  t.like(await scene.services.matching.scanAll(), { matches: 1, created: 0, updated: 0, reopened: 0, resolved: 0 })
  t.deepEqual(await scene.only(), before)
})

test('what still matches was last seen at the scan, to the hour', async t => {
  const scene = await Scene.open(t)
  scene.catalogue.put('CVE-2021-44228', { configurations: affects(ANY_LOG4J) })
  await scene.addAsset(LOG4J)
  await scene.services.matching.scanAll()
  scene.forward(2 * 3_600_000)
  await scene.services.matching.scanAll()
  t.like(await scene.only(), {
    last_seen: '2026-03-01T14:00:00.000Z',
    first_seen: '2026-03-01T12:00:00.000Z',
    revision: 1,
  })
})

test('each distinct set of names is looked up once, whatever the number of assets', async t => {
  const scene = await Scene.open(t)
  scene.catalogue.put('CVE-2021-44228', { configurations: affects(ANY_LOG4J) })
  for (let i = 0; i < 30; i++) await scene.addAsset(...(i % 2 ? [LOG4J, SWITCH] : [SWITCH, LOG4J]))
  await scene.services.matching.scanAll()
  t.is((await scene.found()).length, 30)
  t.is(scene.catalogue.read, 1)
})

test('progress counts the assets', async t => {
  const scene = await Scene.open(t)
  await scene.addAsset(LOG4J)
  await scene.addAsset(SWITCH)
  const told: unknown[] = []
  await scene.services.matching.scanAll(progress => told.push(progress))
  t.deepEqual(told.at(-1), { done: 2, total: 2, message: '2 of 2 assets' })
})

test('a scan that is not wanted any more ends', async t => {
  const scene = await Scene.open(t)
  scene.catalogue.put('CVE-2021-44228', { configurations: affects(ANY_LOG4J) })
  await scene.addAsset(LOG4J)
  scene.abort.abort(new Error('enough'))
  await t.throwsAsync(scene.services.matching.scanAll(), { message: 'enough' })
  t.deepEqual(await scene.found(), [])
})

test('what an asset without names still has is resolved', async t => {
  const scene = await Scene.open(t)
  scene.catalogue.put('CVE-2021-44228', { configurations: affects(ANY_LOG4J) })
  const asset = await scene.addAsset(LOG4J)
  await scene.services.matching.scanAll()
  await scene.rename(asset)
  t.is((await scene.services.matching.scanAll()).resolved, 1)
  t.like(await scene.only(), { status: 'resolved', resolved_at: '2026-03-01T12:00:00.000Z' })
})

test('changes of the catalogue during a scan count', async t => {
  const scene = await Scene.open(t)
  scene.catalogue.put('CVE-2021-44228', { configurations: affects(ANY_LOG4J) })
  await scene.addAsset(LOG4J)
  scene.assets.before = async () => {
    scene.assets.before = async () => undefined
    scene.catalogue.put('CVE-2021-44228', { rejected: true, configurations: affects(ANY_LOG4J) })
  }
  await scene.services.matching.scanAll()
  t.is((await scene.only()).status, 'resolved')
  t.is((await scene.services.matchingState.read())?.last_change, 2)
})

test('a tenant sees its own assets only', async t => {
  const scene = await Scene.open(t)
  const other = await Scene.on(scene.database, scene.catalogue)
  scene.catalogue.put('CVE-2021-44228', { configurations: affects(ANY_LOG4J) })
  await scene.addAsset(LOG4J)
  await scene.services.matching.scanAll()
  await other.services.matching.scanAll()
  t.deepEqual(await other.found(), [])
  t.is((await scene.only()).status, 'open')
})

test('a CVE that mentions nothing but its own products is judged once for all assets that share those names', async t => {
  const scene = await Scene.open(t)
  scene.catalogue
    .put('CVE-2021-44228', { configurations: affects(ANY_LOG4J, { versionEndExcluding: '2.15.0' }) })
    .put('CVE-2019-6563', { configurations: affects(ANY_SWITCH, { versionEndIncluding: '3.8' }) })
  const old = 'cpe:2.3:a:apache:log4j:2.14.0:*:*:*:*:*:*:*'
  const safe = 'cpe:2.3:a:apache:log4j:2.17.1:*:*:*:*:*:*:*'
  const assets = [[LOG4J], [LOG4J, SWITCH], [old, SWITCH], [safe, SWITCH], [safe], [safe, old]]
  const ids = []
  for (const names of assets) ids.push(await scene.addAsset(...names))
  await scene.services.matching.scanAll()
  const found = await scene.found()
  const matched = (cve: string) =>
    found.filter(({ cve_id }) => cve_id === cve).map(({ asset_id, criteria }) => [asset_id, criteria[0]?.asset_cpe])
  t.deepEqual(matched('CVE-2021-44228'), [
    [ids[0], LOG4J],
    [ids[1], LOG4J],
    [ids[2], old],
    [ids[5], old],
  ])
  t.deepEqual(
    matched('CVE-2019-6563').map(([id]) => id),
    [ids[1], ids[2], ids[3]],
  )
})

test('two scans at the same time make each vulnerability once', async t => {
  const scene = await Scene.open(t)
  for (let i = 0; i < 120; i++) scene.catalogue.put(`CVE-2021-${1000 + i}`, { configurations: affects(ANY_LOG4J) })
  for (let i = 0; i < 3; i++) await scene.addAsset(LOG4J)
  scene.assets.before = async () => {
    scene.assets.before = async () => undefined
    t.is((await scene.services.matching.scanAll()).created, 360)
  }
  t.is((await scene.services.matching.scanAll()).matches, 360)
  t.is((await scene.found()).length, 360)
})
