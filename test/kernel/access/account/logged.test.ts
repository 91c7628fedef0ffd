import test from 'ava'
import { createLogger } from '../../../../kernel/log/create-logger.ts'
import { PASSWORD } from '../access-house.ts'
import { openHouse, settled, tokenTo } from './mailbox.ts'

test.serial('no token of a mail is in the log, in the audit log, or in what a job shows', async t => {
  const lines: string[] = []
  const logging = createLogger({ LOG_LEVEL: 'trace', LOG_FORMAT: 'json', LOG_REQUESTS: 'all' }, {
    write: (line: string) => void lines.push(line),
  } as never)
  const house = await openHouse(t, {}, { logging })
  const admin = await house.account()
  const session = await house.as(admin)
  const guest = 'grace@guest.example'
  await session.send('POST', '/api/v1/users/invite', { body: { email: guest } })
  const invitation = await tokenTo(house, guest, 'invite')
  const at = `/api/v1/auth/invitations/${invitation}`
  await house.send('GET', at)
  await house.send('PATCH', at, { body: {} })
  await house.send('GET', `${at}/more`)
  await house.send('GET', `/invite/${invitation}`)
  await house.send('POST', `${at}/accept`, { body: { name: 'G', password: 'short' } })
  t.is((await house.send('POST', `${at}/accept`, { body: { name: 'G', password: PASSWORD } })).status, 200)
  await house.send('POST', '/api/v1/auth/password/forgot', { body: { email: admin.email } })
  const reset = await tokenTo(house, admin.email, 'reset-password')
  await house.send('POST', '/api/v1/auth/password/reset', { body: { token: reset, password: `${PASSWORD} two` } })
  await settled(house)

  const log = lines.join('')
  t.true(log.includes('"route":"/api/v1/auth/invitations/:token"'))
  const shown = { log, audit: JSON.stringify(await house.database.table('audit_logs').select('*')) }
  const runs = JSON.stringify(await house.database.table('job_runs').select('*'))
  for (const token of [invitation, reset]) {
    for (const [where, text] of Object.entries({ ...shown, runs })) t.false(text.includes(token), where)
  }
  t.false(runs.includes(guest))
})
