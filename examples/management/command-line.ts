import { parseArgs } from 'node:util'

/** What `--help` prints. */
export const HELP = `Usage: npm run management -- <command> [options]

Plays Management, the system that sells licences, for a Cloud on this machine: it tells Cloud what a tenant has paid for,
and answers when Cloud asks. What it knows is in management.json in the data folder.

Commands:
  serve                  answers Cloud's questions, and sends what Cloud has not got yet; Ctrl+C ends it
  activate <tenant id>   issues a licence and sends it; again to renew or change it
  expire <tenant id>     ends the licence now, and sends that
  send <tenant id>       sends the licence as it is once more
  list                   shows what is known

Options:
  --plan <name>          of activate: default enterprise, or what the tenant had
  --features <a,b>       of activate: default security,vpn,backup, or what the tenant had; "none" for none
  --days <number>        of activate: how long it lasts from now; default 365
  --days-ago <number>    of expire: as if it had ended then; default 0
  --offline              of activate and expire: do not send it, as if the webhook were lost; Cloud asks for it
  --port <number>        of serve: default 8080
  --url <address>        Cloud; default CLOUD_API_URL, or http://localhost:8000
  --data-dir <folder>    the data folder of Cloud; default DATA_DIR, or data
  --json                 print JSON
  --help, -h             print this

The secrets are CLOUD_INTERNAL_API_TOKEN and CLOUD_WEBHOOK_HMAC_SECRET, or those that Cloud made up in its data folder.
For Cloud to ask, start it with MANAGEMENT_API_URL=http://localhost:8080.
`

const COMMANDS = ['serve', 'activate', 'expire', 'send', 'list'] as const

/** What was asked on the command line. */
export interface Command {
  readonly name: (typeof COMMANDS)[number]
  /** Of all but `serve` and `list`. */
  readonly tenantId: string
  readonly plan: string | undefined
  readonly features: readonly string[] | undefined
  readonly days: number
  readonly daysAgo: number
  readonly offline: boolean
  readonly port: number
  readonly url: string
  readonly dataDir: string
  readonly json: boolean
}

/** What is wrong with a command line, in one line. */
export class UsageError extends Error {}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * @returns undefined when help is asked for
 * @throws UsageError
 */
export function readCommand(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Command | undefined {
  const { values, positionals } = parsed(argv)
  if (values.help) return undefined
  const [given, tenant = '', ...more] = positionals
  const name = COMMANDS.find(command => command === given)
  if (!name) throw new UsageError(given ? `there is no command "${given}"` : 'say what to do, such as "list"')
  const ofTenant = name !== 'serve' && name !== 'list'
  const tenantId = tenant.toLowerCase()
  if (ofTenant && !UUID.test(tenantId)) throw new UsageError(`${name} needs the id of a tenant, which is a UUID`)
  const left = ofTenant ? more : positionals.slice(1)
  if (left.length > 0) throw new UsageError(`"${left[0]}" is too much`)
  const url = (values.url ?? env.CLOUD_API_URL ?? 'http://localhost:8000').replace(/\/+$/, '')
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw new UsageError('--url must be an address')
  return {
    name,
    tenantId,
    plan: values.plan,
    features: values.features === undefined ? undefined : featuresIn(values.features),
    days: number('--days', values.days, 1, 36_500),
    daysAgo: number('--days-ago', values['days-ago'], 0, 36_500),
    offline: values.offline,
    port: number('--port', values.port, 0, 65_535),
    url,
    dataDir: values['data-dir'] ?? env.DATA_DIR ?? 'data',
    json: values.json,
  }
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        plan: { type: 'string' },
        features: { type: 'string' },
        days: { type: 'string', default: '365' },
        'days-ago': { type: 'string', default: '0' },
        offline: { type: 'boolean', default: false },
        port: { type: 'string', default: '8080' },
        url: { type: 'string' },
        'data-dir': { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message.split('. To specify')[0])
  }
}

function featuresIn(text: string): readonly string[] {
  if (text === 'none') return []
  return text.split(',').map(feature => feature.trim())
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value
  throw new UsageError(`${name} must be a whole number from ${least} to ${most}`)
}
