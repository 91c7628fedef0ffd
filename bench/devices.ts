/**
 * `node bench/devices.ts`: what a fleet of connected devices costs one process, and how fast a command reaches its device.
 * See README.md.
 */
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { benchToken } from './bench-tenant.ts'
import { cpuSeconds, residentMegabytes } from './cpu-time.ts'
import { addDevices, Fleet } from './fleet.ts'
import { newTenant, startProduct } from './product-server.ts'

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '60' },
    heartbeat: { type: 'string', default: '30' },
    commands: { type: 'string', default: '300' },
  },
})
const [devices, seconds, commands] = [Number(values.devices), Number(values.seconds), Number(values.commands)]
const folder = mkdtempSync(join(tmpdir(), 'monozu-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const first = await startProduct(folder)
const tenantId = await newTenant(first.url)
await first.stop()
const keys = addDevices(join(folder, 'monozu.db'), tenantId, devices)

const server = await startProduct(folder)
await sleep(3_000)
const [memoryBefore = 0] = [residentMegabytes(server.pid)]
const opening = performance.now()
const fleet = await Fleet.connect(server.url, keys)
say(`${devices} devices connected in ${((performance.now() - opening) / 1000).toFixed(1)} s`)
fleet.beatEvery(Number(values.heartbeat) * 1000)

await sleep(10_000)
const cpu = cpuSeconds(server.pid) ?? Number.NaN
const began = performance.now()
await sleep(seconds * 1000)
const share = ((cpuSeconds(server.pid) ?? Number.NaN) - cpu) / ((performance.now() - began) / 1000)
const memory = residentMegabytes(server.pid) ?? Number.NaN
say(`idle but for a heartbeat every ${values.heartbeat} s: ${(share * 100).toFixed(1)} % of one core`)
say(`memory ${memory.toFixed(0)} MB, ${(((memory - memoryBefore) * 1000) / devices).toFixed(1)} kB for each device`)

const token = await benchToken(server.url)
const times: number[] = []
for (let n = 0; n < commands; n += 1) {
  const device = keys[randomInt(keys.length)] as (typeof keys)[number]
  const sent = performance.now()
  const [arrived, answer] = await Promise.all([
    fleet.command(device.id),
    fetch(`${server.url}/api/v1/devices/${device.id}/commands`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ command: 'restart_service', payload: { service: 'bench' } }),
    }),
  ])
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`)
  times.push(arrived - sent)
  await sleep(20)
}
times.sort((a, b) => a - b)
const at = (part: number): string =>
  `${times[Math.min(times.length - 1, Math.floor(times.length * part))]?.toFixed(1)} ms`
say(`a command is at its device after ${at(0.5)} (median), ${at(0.99)} (99 %), ${at(1)} (longest) of ${commands}`)
fleet[Symbol.dispose]()
await server.stop()
process.exit(0)

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
