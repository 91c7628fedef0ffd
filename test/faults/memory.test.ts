import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import type { Client } from './client.ts'
import { type ServerProcess, startServer, temporaryFolder } from './server.ts'
import { newTenant } from './tenant.ts'

const ROUNDS = 6
const EACH = 240

/** Requests of each unfriendly kind: cut off, half sent, unreadable, refused. */
async function mischief({ port }: ServerProcess, client: Client): Promise<void> {
  const lines = [
    'GET /api/v1/assets?limit=200 HTTP/1.1\r\nHost: x\r\n\r\n',
    'POST /api/v1/assets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n{"name":',
    'NONSENSE\r\n\r\n',
  ]
  const sockets = Array.from({ length: EACH }, (_, index) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(lines[index % lines.length] as string))
    socket.on('error', () => undefined)
    return socket
  })
  await Promise.all(
    Array.from({ length: EACH / 3 }, async () => {
      await client.post('/assets', { name: 'x'.repeat(50_000), type: 'plc' })
      await client.get('/assets/00000000-0000-0000-0000-000000000000')
    }),
  )
  for (const socket of sockets) socket.destroy()
}

test('memory is flat after requests that were cut off, half sent, unreadable or refused', async t => {
  const server = await startServer(t, { env: { DATA_DIR: temporaryFolder(t) } })
  const { client } = await newTenant(server.url)
  const held: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    await mischief(server, client)
    await sleep(100)
    held.push(server.residentMegabytes())
  }
  const early = Math.max(...held.slice(0, ROUNDS / 2))
  const late = Math.min(...held.slice(ROUNDS / 2))
  t.true(late < early * 1.25 + 20, `MB after each round: ${held.map(Math.round).join(' ')}`)
  t.is((await server.ready())?.body.status, 'ok')
  t.is((await client.post('/assets', { name: 'after all', type: 'plc' })).status, 201)
  t.deepEqual(await server.end(), { code: 0, signal: null })
})
