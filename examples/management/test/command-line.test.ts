import test from 'ava'
import { readCommand, UsageError } from '../command-line.ts'

const TENANT = '01900000-0000-7000-8000-00000000000a'

test('what is not said is what a Cloud on this machine needs', t => {
  t.deepEqual(readCommand(['activate', TENANT.toUpperCase()], {}), {
    name: 'activate',
    tenantId: TENANT,
    plan: undefined,
    features: undefined,
    days: 365,
    daysAgo: 0,
    offline: false,
    port: 8080,
    url: 'http://localhost:8000',
    dataDir: 'data',
    json: false,
  })
})

test('the environment says where Cloud is, the command line has the last word', t => {
  const env = { CLOUD_API_URL: 'http://cloud:1/', DATA_DIR: '/srv/data' }
  t.like(readCommand(['list'], env), { url: 'http://cloud:1', dataDir: '/srv/data' })
  const options = ['--url', 'https://other', '--data-dir', 'here']
  t.like(readCommand(['list', ...options], env), { url: 'https://other', dataDir: 'here' })
})

test('features are a list, or none', t => {
  const featuresOf = (text: string) => readCommand(['activate', TENANT, '--features', text], {})?.features
  t.deepEqual(featuresOf('vpn, backup'), ['vpn', 'backup'])
  t.deepEqual(featuresOf('none'), [])
})

test('help is no command', t => {
  t.is(readCommand(['activate', '-h'], {}), undefined)
})

for (const [args, message] of [
  [[], /say what to do/],
  [['sell'], /there is no command "sell"/],
  [['activate'], /activate needs the id of a tenant/],
  [['activate', 'acme'], /activate needs the id of a tenant/],
  [['activate', TENANT, 'more'], /"more" is too much/],
  [['list', 'more'], /"more" is too much/],
  [['activate', TENANT, '--days', '0'], /--days must be a whole number from 1/],
  [['activate', TENANT, '--days', 'ten'], /--days must be a whole number from 1/],
  [['serve', '--port', '70000'], /--port must be a whole number/],
  [['list', '--url', 'cloud'], /--url must be an address/],
  [['list', '--yaml'], /Unknown option '--yaml'/],
] as const) {
  test(`"${args.join(' ')}" is refused`, t => {
    t.throws(() => readCommand(args, {}), { instanceOf: UsageError, message })
  })
}
