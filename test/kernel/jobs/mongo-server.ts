import { spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { registerCompletionHandler } from 'ava'

const FERRETDB = 'ferretdb'

/** Ends the server with whoever started it, also when that is killed: then the input of the shell ends. */
const UNTIL_INPUT_ENDS = '"$0" "$@" < /dev/null & cat > /dev/null; kill -9 $!'

/** The program that stands in for MongoDB where there is none: FerretDB 1.x with its SQLite inside. */
const program = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/local/bin']
  .map(folder => path.join(folder, FERRETDB))
  .find(file => {
    try {
      accessSync(file, constants.X_OK)
      return true
    } catch {
      return false
    }
  })

const given = process.env.TEST_MONGODB_URL

/** Why tests on MongoDB are skipped; undefined when they run. */
export const noMongo =
  given || program ? undefined : 'no MongoDB: set TEST_MONGODB_URL, or put ferretdb 1.x on the PATH (CONTRIBUTING.md)'

/** Why tests of MongoDB's locks are skipped: FerretDB 1.x finds a document and changes it in two steps. */
export const noLockingMongo = given ? undefined : 'needs a real MongoDB: set TEST_MONGODB_URL'

// The server is a child of the process of the test file, which would wait for it.
registerCompletionHandler(() => process.exit())

let started: Promise<string> | undefined

/** `mongodb://host:port/` of the server of this test file, started on first need and ended with the file. */
export function mongoServer(): Promise<string> {
  started ??= given ? Promise.resolve(given.endsWith('/') ? given : `${given}/`) : start()
  return started
}

async function start(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ferretdb-'))
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      UNTIL_INPUT_ENDS,
      program ?? FERRETDB,
      '--handler=sqlite',
      `--sqlite-url=file:${folder}/`,
      `--state-dir=${folder}`,
      '--telemetry=disable',
      '--listen-addr=127.0.0.1:0',
      '--debug-addr=-',
    ],
    { stdio: ['pipe', 'ignore', 'pipe'] },
  )
  process.on('exit', () => {
    child.stdin.end()
    rmSync(folder, { recursive: true, force: true })
  })
  const said: string[] = []
  for await (const line of createInterface(child.stderr)) {
    said.push(line)
    const address = /Listening on TCP (127\.0\.0\.1:\d+)/.exec(line)?.[1]
    if (!address) continue
    child.stderr.resume()
    return `mongodb://${address}/`
  }
  throw new Error(`${FERRETDB} did not start: ${said.join('\n')}`)
}
