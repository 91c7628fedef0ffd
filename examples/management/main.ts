import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { Cloud } from './cloud.ts'
import { type Command, HELP, readCommand, UsageError } from './command-line.ts'
import { type Entry, LicenceBook } from './licence-book.ts'
import { Management, type Sent } from './management.ts'
import { managementServer } from './server.ts'
import { readSecrets } from './settings.ts'
import { table } from './table.ts'

/** Between two looks for licences that Cloud has not got, while it serves. */
const RESEND_MS = 30_000

const say = (line: string): unknown => process.stdout.write(`${line}\n`)
const complain = (line: string): unknown => process.stderr.write(`${line}\n`)

try {
  const command = readCommand(process.argv.slice(2), process.env)
  if (command) process.exitCode = await run(command)
  else process.stdout.write(HELP)
} catch (error) {
  const usage = error instanceof UsageError
  complain(usage ? `${error.message}; --help lists the commands` : (error as Error).message)
  process.exitCode = usage ? 2 : 1
}

/** @returns the exit code */
async function run(command: Command): Promise<number> {
  const { name, tenantId, url, dataDir, json } = command
  const book = new LicenceBook(path.join(dataDir, 'management.json'))
  if (name === 'list') {
    const entries = await book.all()
    say(json ? JSON.stringify(entries) : listOf(entries))
    return 0
  }
  const { token, secret } = await readSecrets(process.env, dataDir)
  const management = new Management(book, new Cloud({ url, secret }))
  if (name === 'serve') return serve(command, management, book, token)
  let issued: Entry | undefined
  if (name === 'activate') issued = await management.activate(tenantId, command)
  if (name === 'expire') issued = await management.expire(tenantId, command.daysAgo)
  if (issued && command.offline) {
    say(json ? JSON.stringify({ entry: issued }) : `${tenantId} is noted, and not sent: Cloud has to ask for it`)
    return 0
  }
  const sent = await management.send(tenantId)
  if (json) say(JSON.stringify(sent))
  else if (sent.taken) say(told(sent))
  if (sent.taken) return 0
  if (!json) {
    complain(`${sent.entry.error}`)
    complain(`The licence is noted. "serve" sends it again every ${RESEND_MS / 1000} s, and so does: send ${tenantId}`)
  }
  return 1
}

/** Answers Cloud until the process is told to end. */
async function serve(
  { port, url }: Command,
  management: Management,
  book: LicenceBook,
  token: string,
): Promise<number> {
  const server = managementServer(book, token, line => say(`${new Date().toISOString()}  ${line}`))
  const stopped = Promise.withResolvers<void>()
  server.once('error', stopped.reject)
  server.listen(port, () => {
    const address = `http://localhost:${(server.address() as AddressInfo).port}`
    say(`Management answers at ${address} and sends to ${url}. Start Cloud with MANAGEMENT_API_URL=${address}`)
  })
  let sending: Promise<void> = Promise.resolve()
  const resend = (): void => {
    sending = sending.then(async () => {
      for (const sent of await management.sendMissed()) say(sent.taken ? told(sent) : `${sent.entry.error}`)
    })
    sending = sending.catch((error: Error) => void complain(error.message))
  }
  resend()
  const timer = setInterval(resend, RESEND_MS)
  process.once('SIGINT', stopped.resolve).once('SIGTERM', stopped.resolve)
  try {
    await stopped.promise
  } finally {
    clearInterval(timer)
    server.close()
    server.closeAllConnections()
  }
  await sending
  return 0
}

function told({ entry, taken }: Sent): string {
  const features = taken?.features.join(', ') || 'no features'
  return `${entry.tenant_id} is ${taken?.status}: ${entry.plan}, ${features}, until ${entry.expires_at}`
}

function listOf(entries: readonly Entry[]): string {
  if (entries.length === 0) return 'No tenant has a licence yet. Issue one with: activate <tenant id>'
  const now = new Date().toISOString()
  return table(
    ['TENANT', 'PLAN', 'FEATURES', 'EXPIRES', 'CLOUD'],
    entries.map(({ tenant_id, plan, features, expires_at, delivered_at, error }) => [
      tenant_id,
      plan,
      features.join(',') || 'none',
      `${expires_at.slice(0, 16).replace('T', ' ')}${expires_at < now ? ' (over)' : ''}`,
      delivered_at ? `has it since ${delivered_at.slice(0, 16).replace('T', ' ')}` : (error ?? 'was not told'),
    ]),
  )
}
