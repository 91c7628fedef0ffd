import test from 'ava'
import { affects } from './catalogue.ts'
import { Scene } from './scene.ts'

const LOG4J = 'cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*'
const ANY = 'cpe:2.3:a:apache:log4j:*:*:*:*:*:*:*:*'
const RANGE = { versionEndExcluding: '2.15.0' }

const alerted = (scene: Scene) => scene.events.map(({ payload }) => [payload.cve_id, payload.cause])

test('a critical CVE raises one alert, whatever the number of assets and scans', async t => {
  const scene = await Scene.open(t)
  scene.catalogue.put('CVE-2021-44228', { cvss_score: 10, epss: 0.9, exploits: 1, configurations: affects(ANY, RANGE) })
  const assets = [await scene.addAsset(LOG4J), await scene.addAsset(LOG4J)]
  t.is((await scene.services.matching.scanAll()).alerts, 1)
  await scene.addAsset(LOG4J)
  t.is((await scene.services.matching.scanAll()).alerts, 0)
  t.is(scene.events.length, 1)
  t.is(scene.events[0]?.event, 'vulnerabilities.critical-found')
  t.deepEqual(scene.events[0]?.payload, {
    cve_id: 'CVE-2021-44228',
    dedupe_key: 'cve:CVE-2021-44228',
    cause: 'cvss',
    cvss_score: 10,
    epss: 0.9,
    kev: false,
    kev_due_date: null,
    exploits: 1,
    asset_ids: assets.sort(),
    found_at: '2026-03-01T12:00:00.000Z',
  })
})

test('a CVE in KEV raises one whatever its score; one below the threshold does not', async t => {
  const scene = await Scene.open(t)
  scene.catalogue
    .put('CVE-2020-0001', { cvss_score: 5, kev: true, configurations: affects(ANY) })
    .put('CVE-2020-0002', { cvss_score: 8.9, configurations: affects(ANY) })
  await scene.addAsset(LOG4J)
  await scene.services.matching.scanAll()
  t.deepEqual(alerted(scene), [['CVE-2020-0001', 'kev']])
})

test('the tenant sets the threshold', async t => {
  const scene = await Scene.open(t)
  scene.catalogue.put('CVE-2020-0002', { cvss_score: 8.9, configurations: affects(ANY) })
  await scene.services.settingsRepository.write({ alert_min_cvss: 8 }, scene.call.now())
  await scene.addAsset(LOG4J)
  await scene.services.matching.scanAll()
  t.deepEqual(alerted(scene), [['CVE-2020-0002', 'cvss']])
})

test('a possible match raises none until it is confirmed', async t => {
  const scene = await Scene.open(t)
  scene.catalogue.put('CVE-2021-44228', { cvss_score: 10, configurations: affects(ANY, RANGE) })
  const asset = await scene.addAsset(ANY)
  await scene.services.matching.scanAll()
  t.deepEqual(alerted(scene), [])
  await scene.rename(asset, LOG4J)
  await scene.services.matching.scanAssets([asset])
  t.deepEqual(alerted(scene), [['CVE-2021-44228', 'cvss']])
})

test('a CVE that KEV takes up later raises one where somebody still has to act', async t => {
  const scene = await Scene.open(t)
  scene.catalogue
    .put('CVE-2020-0001', { cvss_score: 5, configurations: affects(ANY) })
    .put('CVE-2020-0002', { cvss_score: 5, configurations: affects(ANY) })
  await scene.addAsset(LOG4J)
  await scene.services.matching.rematchChanges()
  const [, second] = await scene.found()
  await scene.services.work.update(second?.id ?? '', { status: 'false_positive', reason: 'not used' }, undefined)
  scene.catalogue.score('CVE-2020-0001', { kev: true }).score('CVE-2020-0002', { kev: true })
  t.is((await scene.services.matching.rematchChanges()).alerts, 1)
  t.deepEqual(alerted(scene), [['CVE-2020-0001', 'kev']])
})
