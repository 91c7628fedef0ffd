import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import test from 'ava'
import { folderOf, MAIN, run } from './run.ts'

const TENANT = '01900000-0000-7000-8000-00000000000'
const secrets = { CLOUD_INTERNAL_API_TOKEN: 'the-token', CLOUD_WEBHOOK_HMAC_SECRET: 'new,old' }

test('--help says what there is', async t => {
  const { status, stdout } = await run(['--help'])
  t.is(status, 0)
  for (const word of [
    'serve',
    'activate',
    'expire',
    'send',
    'list',
    '--plan',
    '--features',
    '--days',
    '--json',
    '--port',
  ])
    t.true(stdout.includes(word), word)
})

test('a wrong command line is refused in one line', async t => {
  const { status, stderr } = await run(['sell'])
  t.is(status, 2)
  t.is(stderr, 'there is no command "sell"; --help lists the commands\n')
})

test('without secrets it says where they come from', async t => {
  const { status, stderr } = await run(['activate', `${TENANT}0`, '--data-dir', await folderOf(t)])
  t.is(status, 1)
  t.regex(stderr, /CLOUD_WEBHOOK_HMAC_SECRET is not set, and .*: start Cloud once \(npm start\), or set it/)
})

test('several processes at once lose nothing, and a licence is always newer than the one before', async t => {
  const folder = await folderOf(t)
  const offline = (n: number) => run(['activate', `${TENANT}${n}`, '--offline', '--data-dir', folder], secrets)
  const ended = await Promise.all([0, 1, 2, 3, 3, 3].map(offline))
  for (const { status, stderr } of ended) t.is(status, 0, stderr)
  const entries = JSON.parse((await run(['list', '--json', '--data-dir', folder])).stdout)
  t.is(entries.length, 4)
  t.like(entries[0], { plan: 'enterprise', features: ['security', 'vpn', 'backup'], delivered_at: null })
  await run(
    ['activate', `${TENANT}0`, '--plan', 'small', '--features', 'none', '--offline', '--data-dir', folder],
    secrets,
  )
  await run(['expire', `${TENANT}0`, '--days-ago', '20', '--offline', '--data-dir', folder], secrets)
  const [last] = JSON.parse((await run(['list', '--json', '--data-dir', folder])).stdout)
  t.like(last, { plan: 'small', features: [] })
  t.true(last.issued_at > entries[0].issued_at)
  t.true(Date.parse(last.expires_at) < Date.now() - 19 * 86_400_000)
})

test('what is not there cannot end, and a damaged file is named', async t => {
  const folder = await folderOf(t)
  const absent = await run(['expire', `${TENANT}0`, '--data-dir', folder], secrets)
  t.is(absent.status, 1)
  t.regex(absent.stderr, /there is no licence of .*; issue one with: activate /)
  t.regex((await run(['list', '--data-dir', folder])).stdout, /^No tenant has a licence yet/)
  await writeFile(path.join(folder, 'management.json'), '{')
  t.regex((await run(['list', '--data-dir', folder])).stderr, /management\.json is damaged/)
})

test('it answers Cloud, and nobody without the token', async t => {
  const folder = await folderOf(t)
  await run(['activate', `${TENANT}0`, '--offline', '--data-dir', folder], secrets)
  // Nobody takes what it sends.
  const args = [MAIN, 'serve', '--port', '0', '--data-dir', folder, '--url', 'http://127.0.0.1:2']
  const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH, ...secrets } })
  t.teardown(() => child.kill('SIGKILL'))
  const [first] = await new Promise<string[]>(resolve => {
    createInterface(child.stdout).once('line', line => resolve([line]))
  })
  const url = /http:\/\/localhost:\d+/.exec(first ?? '')?.[0] ?? ''
  const ask = async (tenant: string, token = 'the-token', method = 'GET') => {
    const headers = { 'x-internal-token': token }
    const response = await fetch(`${url}/internal/v1/tenants/${tenant}/license`, { method, headers })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const answer = await ask(`${TENANT}0`)
  t.is(answer.status, 200)
  t.deepEqual(Object.keys(answer.body), ['tenant_id', 'plan', 'features', 'expires_at', 'issued_at'])
  t.is((await ask(`${TENANT}1`)).status, 404)
  t.is((await ask(`${TENANT}0`, 'another')).status, 401)
  t.is((await ask(`${TENANT}0`, '')).status, 401)
  t.is((await ask(`${TENANT}0`, 'the-token', 'DELETE')).status, 405)
  t.is((await fetch(`${url}/`)).status, 404)
  const changed = await run(['activate', `${TENANT}0`, '--plan', 'gold', '--offline', '--data-dir', folder], secrets)
  t.is(changed.status, 0)
  t.is((await ask(`${TENANT}0`)).body.plan, 'gold', 'what another process has changed')
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  t.is(await ended, 0)
})
