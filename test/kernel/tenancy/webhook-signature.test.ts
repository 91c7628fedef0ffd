import { createHmac } from 'node:crypto'
import test from 'ava'
import { signWebhook, webhookIsSigned } from '../../../kernel/tenancy/webhook-signature.ts'

const now = new Date('2026-03-01T12:00:00Z')
const seconds = now.getTime() / 1000
const body = Buffer.from('{"tenant_id":"…"}')
const signed = (signature: string, timestamp = '', secrets = ['s1']): boolean =>
  webhookIsSigned(secrets, body, { signature, timestamp }, now)

test('is HMAC-SHA256 over the raw body, in hex', t => {
  t.is(signWebhook('s1', body), `sha256=${createHmac('sha256', 's1').update(body).digest('hex')}`)
  t.true(signed(signWebhook('s1', body)))
})

test('either of two secrets fits', t => {
  t.true(signed(signWebhook('new', body), '', ['new', 'old']))
  t.true(signed(signWebhook('old', body), '', ['new', 'old']))
  t.false(signed(signWebhook('older', body), '', ['new', 'old']))
  t.false(signed(signWebhook('', body), '', []))
})

test('refuses a changed body and a malformed signature', t => {
  const signature = signWebhook('s1', body)
  t.false(webhookIsSigned(['s1'], Buffer.from('{}'), { signature, timestamp: '' }, now))
  for (const wrong of [
    '',
    'sha256=',
    signature.slice(7),
    `sha1=${signature.slice(7)}`,
    signature.slice(0, -1),
    `${signature}0`,
  ]) {
    t.false(signed(wrong), wrong)
  }
})

test('a stamp is covered by the signature and must be within five minutes', t => {
  const sign = (stamp: string) => signWebhook('s1', body, stamp)
  const at = (offset: number) => String(seconds + offset)
  t.true(signed(sign(at(0)), at(0)))
  t.true(signed(sign(at(-300)), at(-300)))
  t.true(signed(sign(at(300)), at(300)))
  t.true(signed(sign('2026-03-01T12:04:00Z'), '2026-03-01T12:04:00Z'))
  t.false(signed(sign(at(-301)), at(-301)), 'replayed later')
  t.false(signed(sign(at(301)), at(301)))
  t.false(signed(sign(at(-301)), at(0)), 'stamp exchanged')
  t.false(signed(sign(at(0))), 'stamp taken off')
  t.false(signed(signWebhook('s1', body), at(0)), 'stamp put on')
  t.false(signed(sign('soon'), 'soon'))
})
