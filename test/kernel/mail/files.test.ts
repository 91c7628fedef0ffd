import { stat } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { createLogger } from '../../../kernel/log/create-logger.ts'
import { mailFiles, mailKernel, queueMail } from './mail-house.ts'

const url = `https://cloud.example/invite/${'T'.repeat(43)}`

test.serial(
  'without a mail server, mails are files that only their owner reads, and a person can read them',
  async t => {
    await using house = await mailKernel({})
    await queueMail(house, { text: ['Jörg, look.'], action: { label: 'Open it', url } })
    await house.settled()
    house.clock.advance(1000)
    await queueMail(house, { to: 'bob+x@acme.example', subject: 'The newest' })
    await house.settled()

    const { dataDir } = house.kernel.runtime.deployment
    const files = await mailFiles(dataDir)
    t.is(files.length, 2)
    const [first, newest] = files as [(typeof files)[0], (typeof files)[0]]
    t.is(newest.email.subject, 'The newest')
    t.regex(newest.name, /bob\+x@acme\.example/)
    t.true(first.source.includes('Jörg, look.'))
    t.true(first.source.includes(`\n${url}\n`), 'the link is in one line')
    const { mode } = await stat(path.join(dataDir, 'mail', first.name))
    t.is(mode & 0o777, 0o600)
  },
)

test.serial('the log says where the file is, and shows no link', async t => {
  const lines: string[] = []
  const logging = createLogger({ LOG_LEVEL: 'info', LOG_FORMAT: 'json', LOG_REQUESTS: 'all' }, {
    write: (line: string) => void lines.push(line),
  } as never)
  await using house = await mailKernel({}, { kernel: { logging } })
  await queueMail(house, { action: { label: 'Open it', url } })
  await house.settled()
  const log = lines.join('')
  t.regex(log, /mail\/[^"]+ada@acme\.example-[^"]+\.eml/)
  t.false(log.includes('TTTT'))
})

test.serial('a production without a mail server says so once, at the start', async t => {
  const lines: string[] = []
  const logging = createLogger({ LOG_LEVEL: 'warn', LOG_FORMAT: 'json', LOG_REQUESTS: 'errors' }, {
    write: (line: string) => void lines.push(line),
  } as never)
  const env = {
    NODE_ENV: 'production',
    CLOUD_WEBHOOK_HMAC_SECRET: 'the-webhook-secret-of-the-mail-tests-01',
    CLOUD_INTERNAL_API_TOKEN: 'the-internal-token-of-the-mail-tests-01',
    ALLOW_ORIGINS: 'https://cloud.example',
  }
  await using house = await mailKernel(env, { kernel: { logging } })
  await queueMail(house)
  await house.settled()
  t.is(lines.filter(line => line.includes('reach nobody')).length, 1)
})
