import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { definePlugin } from '../../../kernel/contract.ts'
import type { Answer } from '../../../kernel/testing/client.ts'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { deviceKey } from '../../devices/public.ts'
import snaps from '../plugin.ts'

/** The token with which the houses publish. */
export const TOKEN = 'the-publish-token-of-the-tests'
/** The key of a device of tenant a. */
export const DEVICE = 'dvc_of_tenant_a'

/** What a test says of a package. */
export interface Said {
  readonly name?: string
  readonly version: string
  readonly channel?: string
  readonly sha256?: string
}

/** Snaps with a device, behind a port, and their folder. */
export interface House {
  readonly kernel: TestKernel
  readonly folder: string
  /** The server, `http://127.0.0.1:…`. */
  readonly url: string
  publish(said: Said, content: string | Buffer, headers?: Readonly<Record<string, string>>): Promise<Answer>
  /** Asks as the device. */
  ask(path: string): Promise<Answer>
  /** An address that the server gave out, as it is reached here. */
  reach(address: string): string
  /** Files in the folder. */
  files(): Promise<string[]>
  /** Versions that are published. */
  versions(): Promise<string[]>
}

/** Starts snaps with a folder of their own, or the settings given. */
export async function openHouse(t: ExecutionContext, env: Readonly<Record<string, string>> = {}): Promise<House> {
  const folder = await mkdtemp(path.join(tmpdir(), 'monozu-snaps-'))
  let tenant = ''
  const devices = definePlugin({
    name: 'devices',
    version: '1.0.0',
    title: 'Stand-in for devices',
    segments: ['devices'],
    setup(kit) {
      kit.guests(deviceKey, async credential =>
        credential === DEVICE ? { tenantId: tenant, actor: { kind: 'device', id: 'device-1' } } : undefined,
      )
    },
  })
  const kernel = await startTestKernel({
    plugins: [devices, snaps],
    env: { SNAP_PUBLISH_TOKEN: TOKEN, SNAP_BLOB_LOCAL_ROOT: folder, ...env },
  })
  t.teardown(async () => {
    await kernel[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  tenant = kernel.tenantId('a')
  const url = (await kernel.socketUrl()).replace(/^ws/, 'http')
  return {
    kernel,
    folder,
    url,
    publish: (said, content, headers = {}) =>
      kernel.anonymous.request('POST', `/admin/publish?${queryOf(said)}`, content, {
        'content-type': 'application/octet-stream',
        'x-snap-publish-token': TOKEN,
        ...headers,
      }),
    ask: where => kernel.anonymous.get(where, { 'x-device-key': DEVICE }),
    reach: address => address.replace(/^https?:\/\/[^/]+/, url),
    files: async () => (await readdir(folder)).sort(),
    versions: async () => {
      const rows: { version: string }[] = await kernel.kernel.runtime.database.knex('snaps').select('version')
      return rows.map(({ version }) => version).sort()
    },
  }
}

/** The query of a publication. */
export const queryOf = (said: Said): string =>
  new URLSearchParams({ name: 'edgezu', channel: 'stable', ...said } as Record<string, string>).toString()

/** A digest in hexadecimal. */
export const digestOf = (content: string | Buffer, algorithm = 'sha256'): string =>
  createHash(algorithm).update(content).digest('hex')

/** Status and code. */
export const codeOf = ({ status, body }: Answer): string => `${status} ${body?.error ?? ''}`.trim()
