import test from 'ava'
import { affects } from './catalogue.ts'
import { Scene } from './scene.ts'

const LOG4J = 'cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*'
const ANY_LOG4J = 'cpe:2.3:a:apache:log4j:*:*:*:*:*:*:*:*'
const OPENSSL = 'cpe:2.3:a:openssl:openssl:1.0.1f:*:*:*:*:*:*:*'
const ANY_OPENSSL = 'cpe:2.3:a:openssl:openssl:*:*:*:*:*:*:*:*'

/** A tenant with two assets that were matched; `read` counts CVEs from here on. */
async function matched(t: Parameters<typeof Scene.open>[0]) {
  const scene = await Scene.open(t)
  scene.catalogue
    .put('CVE-2021-44228', { cvss_score: 10, configurations: affects(ANY_LOG4J, { versionEndExcluding: '2.15.0' }) })
    .put('CVE-2014-0160', { cvss_score: 7.5, configurations: affects(OPENSSL) })
  const server = await scene.addAsset(LOG4J)
  const host = await scene.addAsset(OPENSSL)
  await scene.services.matching.rematchChanges()
  scene.catalogue.read = 0
  return { scene, server, host }
}

test('the first time, everything is matched', async t => {
  const { scene } = await matched(t)
  t.is((await scene.found()).length, 2)
  t.is((await scene.services.matchingState.read())?.last_change, 2)
})

test('where nothing changed nothing is read', async t => {
  const { scene } = await matched(t)
  t.like(await scene.services.matching.rematchChanges(), { assets: 0, matches: 0 })
  t.is(scene.catalogue.read, 0)
})

test('a new CVE is held against the assets with its products, and nothing else is', async t => {
  const { scene, server } = await matched(t)
  scene.catalogue.put('CVE-2021-45046', { configurations: affects(ANY_LOG4J, { versionEndExcluding: '2.16.0' }) })
  t.like(await scene.services.matching.rematchChanges(), { assets: 1, matches: 1, created: 1 })
  const [, , fresh] = await scene.found()
  t.like(fresh, { cve_id: 'CVE-2021-45046', asset_id: server })
  t.is(fresh?.cvss_score, null)
})

test('of a product with many CVEs only the changed ones are read', async t => {
  const { scene } = await matched(t)
  for (let i = 0; i < 20; i++) scene.catalogue.put(`CVE-2020-${1000 + i}`, { configurations: affects(ANY_LOG4J) })
  await scene.services.matching.rematchChanges()
  scene.catalogue.read = 0
  scene.catalogue.put('CVE-2020-1003', { configurations: affects(ANY_LOG4J, { versionEndExcluding: '2.0' }) })
  t.is((await scene.services.matching.rematchChanges()).resolved, 1)
  t.is(scene.catalogue.read, 1)
})

test('a CVE that no longer names the version, or is rejected, is resolved; named again, it is open again', async t => {
  const { scene } = await matched(t)
  scene.catalogue.put('CVE-2021-44228', { configurations: affects(ANY_LOG4J, { versionEndExcluding: '2.0' }) })
  scene.catalogue.put('CVE-2014-0160', { rejected: true, configurations: affects(OPENSSL) })
  t.is((await scene.services.matching.rematchChanges()).resolved, 2)
  t.deepEqual(
    (await scene.found()).map(({ status }) => status),
    ['resolved', 'resolved'],
  )
  scene.catalogue.put('CVE-2021-44228', { configurations: affects(ANY_LOG4J, { versionEndExcluding: '2.17' }) })
  t.like(await scene.services.matching.rematchChanges(), { reopened: 1, created: 0 })
  const [, log4j] = await scene.found()
  t.like(log4j, { status: 'open', resolved_at: null })
})

test('a CVE that moved to another product leaves the assets of the first one', async t => {
  const { scene } = await matched(t)
  scene.catalogue.put('CVE-2021-44228', { configurations: affects(ANY_OPENSSL) })
  t.like(await scene.services.matching.rematchChanges(), { created: 1, resolved: 1 })
})

test('changed scores are copied without matching anew', async t => {
  const { scene, host } = await matched(t)
  const marks = { epss: 0.9, epss_percentile: 0.99, kev: true, kev_due_date: '2026-04-01', exploits: 2 }
  scene.catalogue.score('CVE-2014-0160', marks)
  t.like(await scene.services.matching.rematchChanges(), { updated: 1, assets: 0 })
  t.is(scene.catalogue.read, 0)
  const [heartbleed] = await scene.found()
  t.like(heartbleed, { ...marks, asset_id: host, cvss_score: 7.5, revision: 2, risk: 88 })
})

test('only what changed of the scores is written', async t => {
  const { scene } = await matched(t)
  scene.catalogue.score('CVE-2014-0160', { epss_percentile: 0.5 }).score('CVE-2021-44228', {})
  t.like(await scene.services.matching.rematchChanges(), { updated: 1 })
  const [heartbleed, log4j] = await scene.found()
  t.like(heartbleed, { epss_percentile: 0.5, risk: 30 })
  t.is(log4j?.revision, 1)
})

test('the scores of a resolved vulnerability stay as they were', async t => {
  const { scene, host } = await matched(t)
  await scene.rename(host)
  await scene.services.matching.scanAssets([host])
  scene.catalogue.score('CVE-2014-0160', { epss: 0.9 })
  t.is((await scene.services.matching.rematchChanges()).updated, 0)
})

test('a CVE under a wildcard product finds its assets', async t => {
  const { scene } = await matched(t)
  scene.catalogue.put('CVE-2022-0001', { configurations: affects('cpe:2.3:a:apache:log4*:*:*:*:*:*:*:*:*') })
  t.is((await scene.services.matching.rematchChanges()).created, 1)
})

test('marked assets are matched against everything, and their marks go', async t => {
  const { scene, host } = await matched(t)
  await scene.rename(host, OPENSSL, LOG4J)
  await scene.services.matchingState.mark([host], scene.call.now())
  t.like(await scene.services.matching.rematchChanges(), { assets: 1, created: 1 })
  t.deepEqual(await scene.services.matchingState.pending(10), [])
})

test('an asset that gets other names while it is matched is left to its next turn', async t => {
  const { scene, host } = await matched(t)
  let looks = 0
  scene.assets.before = async () => {
    if (++looks === 2) await scene.rename(host, LOG4J)
  }
  await scene.rename(host, OPENSSL, LOG4J)
  t.is((await scene.services.matching.scanAssets([host])).created, 0)
  t.like(await scene.services.matching.scanAssets([host]), { created: 1, resolved: 1 })
})

test('after a gap everything is matched: events of assets were not heard while the feature was off', async t => {
  const { scene, host } = await matched(t)
  await scene.rename(host, LOG4J)
  scene.forward(60 * 60_000)
  t.like(await scene.services.matching.rematchChanges(), { created: 1, resolved: 1, assets: 2 })
})

test('a run that was cut short is made up for by the next one', async t => {
  const { scene } = await matched(t)
  scene.catalogue.put('CVE-2021-45046', { configurations: affects(ANY_LOG4J) })
  scene.assets.before = async () => {
    scene.assets.before = async () => undefined
    throw new Error('the connection is gone')
  }
  await t.throwsAsync(scene.services.matching.rematchChanges(), { message: 'the connection is gone' })
  t.is((await scene.services.matching.rematchChanges()).created, 1)
})

test('those who must know of a new catalogue are the tenants that were matched', async t => {
  const { scene } = await matched(t)
  await Scene.on(scene.database)
  t.deepEqual(await scene.services.matchedTenants.ids(), [scene.tenantId])
})

test('an asset that is marked anew while it is matched keeps its mark, also by a clock that is behind', async t => {
  const { scene, server } = await matched(t)
  const { matching, matchingState } = scene.services
  await matchingState.mark([server], new Date(scene.time))
  scene.assets.before = async () => {
    scene.assets.before = async () => undefined
    await matchingState.mark([server], new Date(scene.time - 5000))
  }
  await matching.rematchChanges()
  t.deepEqual(
    (await matchingState.pending(10)).map(({ asset_id }) => asset_id),
    [server],
  )
  await matching.rematchChanges()
  t.deepEqual(await matchingState.pending(10), [])
})
