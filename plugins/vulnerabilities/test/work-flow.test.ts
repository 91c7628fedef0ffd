import test from 'ava'
import { LOG4J, type Plant, withPlant } from './plant.ts'

/** A plant with one vulnerability, and what changes it. */
async function withOne(plant: Plant) {
  await plant.addAsset('Historian', LOG4J)
  const [{ id }] = await plant.found()
  return { id, change: (body: object, headers = {}) => plant.user.patch(`/vulnerabilities/${id}`, body, headers) }
}

test(
  'a vulnerability moves through the work flow, and the audit log tells',
  withPlant(async (t, plant) => {
    const { id, change } = await withOne(plant)
    for (const status of ['acknowledged', 'in_progress', 'mitigated', 'open']) {
      const { status: code, body } = await change({ status })
      t.is(code, 200)
      t.like(body, { id, status, reason: null })
    }
    const accepted = { status: 'accepted', reason: 'isolated cell', accepted_until: '2199-01-01' }
    t.like((await change(accepted)).body, { ...accepted, accepted_until: '2199-01-01T23:59:59.999Z' })
    t.like((await change({ status: 'false_positive', reason: 'not used' })).body, { accepted_until: null })
    t.like((await change({ status: 'open' })).body, { reason: null })
    const lines = await plant.kernel.audit('a')
    t.is(lines.filter(({ action }) => action === 'vulnerability.updated').length, 7)
  }),
)

test(
  'what a status needs is asked for',
  withPlant(async (t, plant) => {
    const { change } = await withOne(plant)
    const faults = async (body: object) => {
      const answer = await change(body)
      return [answer.status, ...answer.body.errors.map(({ path }: { path: string }) => path)]
    }
    t.deepEqual(await faults({ status: 'accepted' }), [422, 'body.reason', 'body.accepted_until'])
    t.deepEqual(await faults({ status: 'false_positive' }), [422, 'body.reason'])
    t.deepEqual(await faults({ status: 'false_positive', reason: ' ' }), [422, 'body.reason'])
    t.deepEqual(await faults({ status: 'accepted', reason: 'x', accepted_until: '2020-01-01' }), [
      422,
      'body.accepted_until',
    ])
    t.deepEqual(await faults({ status: 'open', accepted_until: '2199-01-01' }), [422, 'body.accepted_until'])
    t.deepEqual(await faults({ status: 'resolved' }), [422, 'body.status'])
    t.is((await change({})).status, 422)
    t.is((await change({ risk: 1 })).status, 422)
  }),
)

test(
  'a change by a stale revision is refused',
  withPlant(async (t, plant) => {
    const { id, change } = await withOne(plant)
    const { headers } = await plant.user.get(`/vulnerabilities/${id}`)
    t.is((await change({ status: 'acknowledged' }, { 'if-match': String(headers.etag) })).status, 200)
    t.is((await change({ status: 'mitigated' }, { 'if-match': String(headers.etag) })).status, 412)
  }),
)

test(
  'a resolved vulnerability cannot be changed',
  withPlant(async (t, plant) => {
    const { change } = await withOne(plant)
    const [{ asset_id }] = await plant.found()
    await plant.user.patch(`/assets/${asset_id}`, { cpes: [] })
    await plant.kernel.settled()
    t.like((await plant.found())[0], { status: 'resolved' })
    t.is((await change({ status: 'open' })).status, 409)
  }),
)
