import { setTimeout as sleep } from 'node:timers/promises'
import { onEachDatabase } from './databases.ts'
import { discrepancies, Load, storedAssets } from './load.ts'
import { startServer } from './server.ts'
import { newTenant } from './tenant.ts'

const FROZEN_MS = 1_500

onEachDatabase('a process that is frozen for a while answers everything afterwards', async (t, { env }) => {
  const server = await startServer(t, { env })
  const { client } = await newTenant(server.url)
  const load = new Load(t, client)
  for (let round = 0; round < 2; round += 1) {
    await load.acknowledges(20)
    server.signal('SIGSTOP')
    await sleep(FROZEN_MS)
    server.signal('SIGCONT')
  }
  await load.acknowledges(20)
  await load.stop()
  t.deepEqual(load.others('POST 201', 'GET 200'), {}, JSON.stringify(load.refusals))
  t.deepEqual(discrepancies(load, await storedAssets(client)), [])
  t.deepEqual((await server.ready())?.body, { status: 'ok' })
  t.deepEqual(await server.end(), { code: 0, signal: null })
})
