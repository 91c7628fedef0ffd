import { fileURLToPath } from 'node:url'
import { type Comparison, compare } from './comparison.ts'
import { benchToken } from './identity.ts'
import { type Effort, interleave, type Load } from './load.ts'
import type { Peer } from './peers/peer.ts'
import { sampleAsset, sampleInput, sampleSize } from './sample.ts'
import { type ServerProcess, startServer } from './server-process.ts'

/** One of the three requests that are compared. */
export type AssetCase = 'list' | 'read' | 'create'

/**
 * A server that speaks this project's asset API and holds the sample (20,000 assets of one tenant). `url` is what stands
 * before `/assets`, such as `http://127.0.0.1:8000/api/v1`; `headers` carry the authorization.
 */
export interface ServerUnderTest {
  name: string
  pid: number
  url: string
  headers: Record<string, string>
}

/** Everything that a run needs to know. */
export interface AssetsRun extends Effort {
  rounds: number
  cases: readonly AssetCase[]
  peers: readonly Peer[]
  serverUnderTest?: ServerUnderTest
  /** Called with every comparison as soon as it is there. */
  report(comparison: Comparison): void
}

/** The name of the yardstick, the hand-written server. */
export const rawName = 'node:http by hand'

/** The name of the naive server. */
export const koaKnexName = 'Koa + Knex'

const titles: Record<AssetCase, { title: string; baseline: string }> = {
  list: { title: `GET /assets, 50 of ${sampleSize}`, baseline: rawName },
  read: { title: 'GET /assets/:id', baseline: rawName },
  create: { title: 'POST /assets', baseline: koaKnexName },
}

/**
 * Starts the two hand-written servers, measures every case over them, the server under test and the peers in one
 * interleaved run, and stops what it started.
 * @throws {Error} when a server does not answer a request as it should
 */
export async function compareAssets(run: AssetsRun): Promise<void> {
  await using servers = new AsyncDisposableStack()
  const targets: Targets[] = []
  for (const [name, file] of [
    [rawName, 'raw-server.ts'],
    [koaKnexName, 'koa-knex-server.ts'],
  ] as const) {
    const server = servers.adopt(await startServer(fileURLToPath(new URL(file, import.meta.url))), one => one.stop())
    targets.push(await ours({ name, ...address(server), headers: { authorization: `Bearer ${benchToken()}` } }))
  }
  if (run.serverUnderTest !== undefined) targets.push(await ours(run.serverUnderTest))
  targets.push(...run.peers.map(theirs))
  const counted = run.peers.flatMap(countedList)
  for (const one of run.cases) {
    const loads = [...targets.map(target => target[one]), ...(one === 'list' ? counted : [])]
    for (const load of loads) await check(load, one)
    const { title, baseline } = titles[one]
    run.report(compare(title, await interleave(loads, run), baseline))
  }
}

type Targets = Record<AssetCase, Load>

async function ours(server: ServerUnderTest): Promise<Targets> {
  const { name, pid } = server
  const headers = { ...server.headers, 'content-type': 'application/json' }
  const list: Load = { name, pid, headers: server.headers, url: `${server.url}/assets?limit=50` }
  const first = (await ask(list)) as { items?: { id: string }[] }
  const id = first.items?.[0]?.id ?? sampleAsset(0).id
  return {
    list,
    read: { ...list, url: `${server.url}/assets/${id}` },
    create: { name, pid, headers, url: `${server.url}/assets`, method: 'POST', body: i => sampleInput(sampleSize + i) },
  }
}

function theirs(peer: Peer): Targets {
  const { name, pid, headers } = peer
  return {
    list: { name, pid, headers, url: peer.listUrl },
    read: { name, pid, headers, url: peer.readUrl },
    create: { name, pid, headers, url: peer.createUrl, method: 'POST', body: i => peer.createBody(i) },
  }
}

function countedList({ name, pid, headers, countedListUrl }: Peer): Load[] {
  return countedListUrl === undefined ? [] : [{ name: `${name}, counting`, pid, headers, url: countedListUrl }]
}

function address({ pid, url }: ServerProcess): { pid: number; url: string } {
  return { pid, url }
}

/** One request outside the measurement: what answers wrongly is not worth measuring. */
async function check(load: Load, one: AssetCase): Promise<void> {
  const answer = (await ask(load)) as { items?: unknown; data?: unknown }
  const rows = answer.items ?? answer.data
  if (one === 'list' && !(Array.isArray(rows) && rows.length === 50)) {
    throw new Error(`${load.name}: ${load.url} does not give 50 assets`)
  }
}

async function ask(load: Load): Promise<unknown> {
  const { url, method = 'GET', headers, body } = load
  const response = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body(-1)) }) })
  const text = await response.text()
  if (!response.ok) throw new Error(`${load.name}: ${method} ${url} gives ${response.status} ${text.slice(0, 500)}`)
  return JSON.parse(text)
}
