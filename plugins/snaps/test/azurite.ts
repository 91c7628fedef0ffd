import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import tls from 'node:tls'
import type { TestFn } from 'ava'
import type { AzureCredential } from '../../../kernel/contract.ts'

/** Azurite's well-known account. */
export const ACCOUNT = 'devstoreaccount1'
/** Its well-known key. */
export const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

/** An emulator of Azure Blob Storage in a process of its own. */
export interface Azurite {
  /** Address of the account. */
  readonly endpoint: string
  /** With the account's key. */
  readonly connection: string
  /** Whether it speaks TLS and takes tokens, as Azure does; this thread then trusts its certificate. */
  readonly identities: boolean
}

/** Starts Azurite on a free port when the first test asks for it; it goes after the last. Undefined: it does not start here. */
export function sharedAzurite(test: TestFn): () => Promise<Azurite | undefined> {
  const own = new AsyncDisposableStack()
  let started: Promise<Azurite | undefined> | undefined
  test.after.always(() => own.disposeAsync())
  return () => (started ??= start(own))
}

async function start(own: AsyncDisposableStack): Promise<Azurite | undefined> {
  const folder = await mkdtemp(path.join(tmpdir(), 'monozu-azurite-'))
  own.defer(() => rm(folder, { recursive: true, force: true }))
  const secured = await certificate(folder)
  const options = ['--blobPort', '0', '--blobHost', '127.0.0.1', '--inMemoryPersistence', '--skipApiVersionCheck']
  const home = path.dirname(createRequire(import.meta.url).resolve('azurite/package.json'))
  const main = path.join(home, 'dist/src/blob/main.js')
  const child = spawn(process.execPath, [main, ...options, '--disableTelemetry', '--silent', ...secured], {
    cwd: folder,
  })
  own.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const address = await addressOf(child)
  if (address === undefined) return undefined
  const endpoint = `${address}/${ACCOUNT}`
  const protocol = new URL(address).protocol.slice(0, -1)
  return {
    endpoint,
    connection: `DefaultEndpointsProtocol=${protocol};AccountName=${ACCOUNT};AccountKey=${KEY};BlobEndpoint=${endpoint};`,
    identities: secured.length > 0,
  }
}

async function addressOf({ stdout }: ChildProcess): Promise<string | undefined> {
  if (!stdout) return undefined
  for await (const line of createInterface({ input: stdout })) {
    const address = /listens on (https?:\/\/\S+)/.exec(line)?.[1]
    if (address !== undefined) {
      stdout.resume()
      return address
    }
  }
  return undefined
}

/** Options with which it speaks TLS; none where there is no openssl to make a certificate. */
async function certificate(folder: string): Promise<string[]> {
  const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'certificate.pem')]
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const subject = ['-subj', '/CN=azurite', '-addext', 'subjectAltName=IP:127.0.0.1']
  const { status } = spawnSync('openssl', [...kind, ...subject, '-keyout', key, '-out', cert])
  if (status !== 0) return []
  tls.setDefaultCACertificates([...tls.getCACertificates(), await readFile(cert, 'utf8')])
  return ['--oauth', 'basic', '--cert', cert, '--key', key]
}

/** An identity as Azurite takes it: it looks at the claims of a token, not at its signature. */
export function identity(): AzureCredential {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    aud: 'https://storage.azure.com',
    iss: 'https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/',
    nbf: now - 60,
    iat: now - 60,
    exp: now + 3_600,
    tid: 'ab1f708d-50f6-404c-a006-d71b2ac7a606',
    oid: '23657296-5cd5-45b0-a809-d972a7f4dfe1',
  }
  const [header, payload] = [{ alg: 'HS256', typ: 'JWT' }, claims].map(part =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  const token = `${header}.${payload}.${Buffer.from('unsigned').toString('base64url')}`
  return { getToken: async () => ({ token, expiresOnTimestamp: claims.exp * 1000 }) }
}
