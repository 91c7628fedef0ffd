import test from 'ava'
import { affects } from './catalogue.ts'
import { ANY_LOG4J, LOG4J, withPlant } from './plant.ts'

test(
  'an asset has its vulnerabilities once it is added, and others once its names change',
  withPlant(async (t, plant) => {
    const id = await plant.addAsset('Historian', LOG4J)
    t.like((await plant.found())[0], { cve_id: 'CVE-2021-44228', asset_id: id, status: 'open', kev: true })
    await plant.user.patch(`/assets/${id}`, { cpes: ['cpe:2.3:a:apache:log4j:2.17.1:*:*:*:*:*:*:*'] })
    await plant.kernel.settled()
    t.like((await plant.found())[0], { status: 'resolved' })
    await plant.user.delete(`/assets/${id}`)
    t.deepEqual(await plant.found(), [])
  }),
)

test(
  'a new CVE is found on the assets of every tenant once the catalogue is announced',
  withPlant(async (t, plant) => {
    const other = await plant.kernel.as('b')
    await plant.addAsset('Historian', LOG4J)
    await other.post('/assets', { name: 'Wiki', type: 'server', cpes: [LOG4J] })
    await plant.kernel.settled()
    plant.catalogue.put('CVE-2021-45046', { configurations: affects(ANY_LOG4J) })
    await plant.announce()
    t.is((await plant.found('?cve_id=cve-2021-45046')).length, 1)
    t.is((await other.get('/vulnerabilities?cve_id=CVE-2021-45046')).body.items.length, 1)
  }),
)

test(
  'a critical CVE is told to other plugins through the outbox',
  withPlant(async (t, plant) => {
    await plant.addAsset('Historian', LOG4J)
    await plant.addAsset('Wiki', LOG4J)
    t.deepEqual(plant.alerts, ['CVE-2021-44228'])
  }),
)

test(
  'what happened while the feature was off is found as soon as it is on again',
  withPlant(async (t, plant) => {
    const { kernel } = plant
    const id = await plant.addAsset('Historian', LOG4J)
    await kernel.licence('a', [])
    await kernel.settled()
    await plant.user.patch(`/assets/${id}`, { cpes: ['cpe:2.3:a:apache:log4j:2.17.1:*:*:*:*:*:*:*'] })
    const added = await plant.addAsset('Wiki', LOG4J)
    await kernel.licence('a', ['security'])
    await kernel.settled()
    const found = await plant.found()
    t.deepEqual(
      found.map(({ asset_id, status }: { asset_id: string; status: string }) => [asset_id, status]).toSorted(),
      [
        [id, 'resolved'],
        [added, 'open'],
      ].toSorted(),
    )
  }),
)

test(
  'a tenant that gets the feature for the first time has its vulnerabilities at once',
  withPlant(async (t, plant) => {
    const { kernel } = plant
    await kernel.licence('b', [])
    const other = await kernel.as('b')
    await kernel.settled()
    await kernel.kernel.runtime.database
      .knex('vulnerability_state')
      .where({ tenant_id: kernel.tenantId('b') })
      .delete()
    await other.post('/assets', { name: 'Wiki', type: 'server', cpes: [LOG4J] })
    await kernel.settled()
    await kernel.licence('b', ['security'])
    await kernel.settled()
    t.is((await other.get('/vulnerabilities')).body.items.length, 1)
  }),
)
