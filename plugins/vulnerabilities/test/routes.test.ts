import test from 'ava'
import { affects } from './catalogue.ts'
import { ANY_LOG4J, LOG4J, type Plant, withPlant } from './plant.ts'

const SWITCH = 'cpe:2.3:o:moxa:eds-405a_firmware:3.8:*:*:*:*:*:*:*'

/** Three vulnerabilities on two assets: Log4Shell, one that is only possible, and one that nobody has scored. */
async function fill(plant: Plant) {
  plant.catalogue
    .put('CVE-2019-6563', { cvss_score: 9.8, epss: 0.02, configurations: affects(SWITCH) })
    .put('CVE-2024-0001', { configurations: affects('cpe:2.3:o:moxa:eds-405a_firmware:*:beta:*:*:*:*:*:*') })
  return { server: await plant.addAsset('Historian', LOG4J), plain: await plant.addAsset('Switch', SWITCH) }
}

const ids = (items: { cve_id: string }[]) => items.map(({ cve_id }) => cve_id)

test(
  'the list is ordered by risk, and by what else is asked for',
  withPlant(async (t, plant) => {
    await fill(plant)
    t.deepEqual(ids(await plant.found()), ['CVE-2021-44228', 'CVE-2019-6563', 'CVE-2024-0001'])
    t.deepEqual(ids(await plant.found('?sort=cvss_score')), ['CVE-2024-0001', 'CVE-2019-6563', 'CVE-2021-44228'])
    t.deepEqual(ids(await plant.found('?sort=-epss')), ['CVE-2021-44228', 'CVE-2019-6563', 'CVE-2024-0001'])
    for (const sort of ['first_seen', '-first_seen', 'last_seen', '-last_seen', 'risk', 'epss', '-cvss_score']) {
      const seen: string[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const { body } = await plant.user.get(`/vulnerabilities?limit=1&sort=${sort}${cursor && `&cursor=${cursor}`}`)
        seen.push(...ids(body.items))
        cursor = body.next_cursor
      }
      t.deepEqual(seen.sort(), ['CVE-2019-6563', 'CVE-2021-44228', 'CVE-2024-0001'], sort)
    }
  }),
)

test(
  'the list is narrowed by its filters',
  withPlant(async (t, plant) => {
    const { plain } = await fill(plant)
    for (const [query, expected] of [
      ['?kev=true', ['CVE-2021-44228']],
      ['?kev=false', ['CVE-2019-6563', 'CVE-2024-0001']],
      ['?exploited=true', ['CVE-2021-44228']],
      ['?exploited=false', ['CVE-2019-6563', 'CVE-2024-0001']],
      ['?min_cvss=9.9', ['CVE-2021-44228']],
      ['?min_epss=0.02', ['CVE-2021-44228', 'CVE-2019-6563']],
      ['?confidence=possible', ['CVE-2024-0001']],
      [`?asset_id=${plain}`, ['CVE-2019-6563', 'CVE-2024-0001']],
      ['?cve_id=CVE-2019-6563', ['CVE-2019-6563']],
      ['?status=accepted,resolved', []],
      ['?status=open&kev=true&min_cvss=9', ['CVE-2021-44228']],
    ] as const) {
      t.deepEqual(ids(await plant.found(query)), [...expected], query)
    }
    for (const query of ['?status=closed', '?asset_id=1', '?cve_id=log4shell', '?sort=name', '?what=1']) {
      t.is((await plant.user.get(`/vulnerabilities${query}`)).status, 422, query)
    }
  }),
)

test(
  'the summary counts what is active by severity, and everything by status',
  withPlant(async (t, plant) => {
    await fill(plant)
    const [first] = await plant.found()
    await plant.user.patch(`/vulnerabilities/${first.id}`, { status: 'mitigated' })
    t.deepEqual((await plant.user.get('/vulnerabilities/summary')).body, {
      total: 3,
      active: 2,
      kev: 0,
      by_status: {
        open: 2,
        acknowledged: 0,
        in_progress: 0,
        mitigated: 1,
        accepted: 0,
        false_positive: 0,
        resolved: 0,
      },
      by_severity: { critical: 1, high: 0, medium: 0, low: 0, none: 0, unknown: 1 },
    })
  }),
)

test(
  'the export is the filtered list as CSV',
  withPlant(async (t, plant) => {
    await fill(plant)
    const { status, headers, text } = await plant.user.get('/vulnerabilities/export?min_cvss=9')
    t.is(status, 200)
    t.is(headers['content-type'], 'text/csv; charset=utf-8')
    const [head, first, second, ...rest] = text.split('\n')
    t.true(head?.startsWith('id,cve_id,asset_id,status,'))
    t.regex(first ?? '', /,CVE-2021-44228,.*,open,.*,confirmed,98.8,10,3.1,.*,true,/)
    t.regex(second ?? '', /,CVE-2019-6563,/)
    t.deepEqual(rest, [''])
  }),
)

test(
  'a scan of everything, or of one asset, is a job',
  withPlant(async (t, plant) => {
    const { server } = await fill(plant)
    const all = await plant.user.post('/vulnerabilities/scan')
    t.is(all.status, 202)
    t.is(all.headers.location, `/api/v1/jobs/${all.body.job_id}`)
    t.like(await plant.kernel.finished(all.body.job_id), { status: 'succeeded', result: { assets: 2, matches: 3 } })
    const one = await plant.user.post(`/vulnerabilities/scan/${server}`)
    t.is(one.status, 202)
    t.like(await plant.kernel.finished(one.body.job_id), { status: 'succeeded', result: { assets: 1, matches: 1 } })
    t.is((await plant.user.post('/vulnerabilities/scan/018f0000-0000-7000-8000-000000000000')).status, 404)
    t.is((await (await plant.kernel.as('b')).post(`/vulnerabilities/scan/${server}`)).status, 404)
  }),
)

test(
  'the threshold of alerts is a setting of the tenant',
  withPlant(async (t, plant) => {
    t.deepEqual((await plant.user.get('/vulnerabilities/settings')).body, { alert_min_cvss: 9 })
    t.is((await plant.user.put('/vulnerabilities/settings', { alert_min_cvss: 11 })).status, 422)
    t.is((await plant.user.put('/vulnerabilities/settings', { alert_min_cvss: 7.5 })).status, 200)
    t.deepEqual((await plant.user.get('/vulnerabilities/settings')).body, { alert_min_cvss: 7.5 })
    t.deepEqual((await (await plant.kernel.as('b')).get('/vulnerabilities/settings')).body, { alert_min_cvss: 9 })
  }),
)

test(
  'accepted risks open again when their time is over',
  withPlant(async (t, plant) => {
    await plant.addAsset('Historian', LOG4J)
    const [{ id }] = await plant.found()
    const until = new Date(plant.kernel.clock.now().getTime() + 60_000).toISOString()
    await plant.user.patch(`/vulnerabilities/${id}`, { status: 'accepted', reason: 'shutdown', accepted_until: until })
    t.like(await plant.kernel.job('vulnerabilities', 'reopen-accepted', {}, 'a'), { result: { reopened: 0 } })
    plant.kernel.clock.advance(120_000)
    t.like(await plant.kernel.job('vulnerabilities', 'reopen-accepted', {}, 'a'), { result: { reopened: 1 } })
    t.like((await plant.found())[0], { status: 'open', accepted_until: null })
  }),
)

test(
  'a vulnerability of another tenant is not there',
  withPlant(async (t, plant) => {
    await plant.addAsset('Historian', LOG4J)
    plant.catalogue.put('CVE-2021-45046', { configurations: affects(ANY_LOG4J) })
    const [{ id }] = await plant.found()
    const other = await plant.kernel.as('b')
    t.is((await other.get(`/vulnerabilities/${id}`)).status, 404)
    t.is((await other.patch(`/vulnerabilities/${id}`, { status: 'mitigated' })).status, 404)
    t.is((await other.get('/vulnerabilities/summary')).body.total, 0)
  }),
)
