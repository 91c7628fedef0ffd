import { spawnSync } from 'node:child_process'
import path from 'node:path'
import test from 'ava'

const run = (...options: string[]) =>
  spawnSync(process.execPath, [path.join(import.meta.dirname, '../main.ts'), ...options], { encoding: 'utf8' })

test('--help says what there is', t => {
  const { status, stdout } = run('--help')
  t.is(status, 0)
  for (const option of ['--devices', '--url', '--key', '--folder', '--data-dir', '--poll'])
    t.true(stdout.includes(option))
})

for (const [options, message] of [
  [['--devices', 'many'], /--devices must be a number from 1 to 1000/],
  [['--devices', '0'], /--devices must be a number from 1 to 1000/],
  [['--url', 'localhost'], /--url must be an address/],
  [['--devises', '3'], /Unknown option '--devises'/],
] as const) {
  test(`${options.join(' ')} is refused in one line`, t => {
    const { status, stderr } = run(...options)
    t.is(status, 2)
    t.regex(stderr, message)
    t.is(stderr.trim().split('\n').length, 1)
  })
}

test('without a provisioning key it says how to get one', t => {
  const nowhere = path.join(import.meta.dirname, 'no-such-folder')
  const { status, stderr } = spawnSync(
    process.execPath,
    [path.join(import.meta.dirname, '../main.ts'), '--data-dir', nowhere, '--folder', nowhere],
    { encoding: 'utf8', env: { PATH: process.env.PATH } },
  )
  t.is(status, 1)
  t.regex(stderr, /POST \/api\/v1\/edge\/keys/)
})
