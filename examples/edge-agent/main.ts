import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { EdgeAgent } from './edge-agent.ts'

const HELP = `Usage: npm run edge -- [options]

Runs reference agents against a server: they register, connect, do commands and upload telemetry. Ctrl+C ends them.

Options:
  --devices <number>  how many; default 1
  --url <address>     the server; default http://localhost:8000
  --key <prov_…>      the provisioning key; default: PROVISIONING_KEY, or the demo's, from the server's data folder
  --folder <folder>   where the devices keep their keys and downloads; default data/edge
  --data-dir <folder> the data folder of a server on this machine; default data
  --poll              ask for commands over HTTP instead of connecting
  --help, -h          print this
`

const MOST_DEVICES = 1_000

const values = readOptions()

const say = (line: string): unknown => process.stdout.write(`${line}\n`)

if (values.help) say(HELP)
else await run()

async function run(): Promise<void> {
  const provisioningKey = values.key ?? process.env.PROVISIONING_KEY ?? (await demoKey(values['data-dir']))
  const agents = Array.from({ length: values.devices }, (_, n) => {
    const name = `edge-${n + 1}`
    return new EdgeAgent({
      url: values.url,
      folder: path.join(values.folder, name),
      facts: { name, location: 'reference agent', type: 'network-sensor' },
      provisioningKey,
      channel: values.poll ? 'poll' : 'socket',
      log: line => say(`${new Date().toISOString()} ${name}  ${line}`),
    })
  })
  const stop = (): void => void Promise.all(agents.map(agent => agent.stop())).then(() => process.exit(0))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    await Promise.all(agents.map(agent => agent.start()))
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nMake a key with POST /api/v1/edge/keys and give it as --key.\n`)
    process.exit(1)
  }
}

/** What was asked on the command line; a wrong one ends the process with one line. */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        devices: { type: 'string', default: '1' },
        url: { type: 'string', default: process.env.CLOUD_API_URL ?? 'http://localhost:8000' },
        key: { type: 'string' },
        folder: { type: 'string', default: path.join('data', 'edge') },
        'data-dir': { type: 'string', default: process.env.DATA_DIR ?? 'data' },
        poll: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    const devices = Number(values.devices)
    if (!Number.isInteger(devices) || devices < 1 || devices > MOST_DEVICES) {
      throw new Error(`--devices must be a number from 1 to ${MOST_DEVICES}`)
    }
    if (!/^https?:$/.test(URL.parse(values.url)?.protocol ?? '')) {
      throw new Error('--url must be an address such as http://localhost:8000')
    }
    return { ...values, devices }
  } catch (error) {
    process.stderr.write(`${(error as Error).message.split('. To specify')[0]}; --help lists the options\n`)
    process.exit(2)
  }
}

/** The key that the demo of a first start leaves in the data folder. */
async function demoKey(dataDir: string): Promise<string | undefined> {
  try {
    return (await readFile(path.join(dataDir, 'edge', 'provisioning-key'), 'utf8')).trim()
  } catch {
    return undefined
  }
}
