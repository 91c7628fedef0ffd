import test from 'ava'
import { generate } from 'otplib'
import { enrol, stepOf } from '../../../../kernel/access/mfa/totp.ts'

/** RFC 6238, Appendix B: the secret of its SHA-1 vectors, ASCII "12345678901234567890", and the eight digits at each time. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const VECTORS = [
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
] as const

test('the vectors of RFC 6238, Appendix B', async t => {
  for (const [epoch, digits] of VECTORS) {
    t.is(await generate({ secret: SECRET, epoch, digits: 8 }), digits)
    t.is(await stepOf(SECRET, digits.slice(2), new Date(epoch * 1000)), Math.floor(epoch / 30))
  }
})

test('a code is taken one step early and one step late, no more', async t => {
  const step = 37_037_037
  const code = '050471'
  const at = (seconds: number): Promise<number | undefined> =>
    stepOf(SECRET, code, new Date((step * 30 + seconds) * 1000))
  for (const seconds of [-30, -1, 0, 29, 30, 59]) t.is(await at(seconds), step, `${seconds} s from its beginning`)
  for (const seconds of [-31, 60, 3600]) t.is(await at(seconds), undefined, `${seconds} s from its beginning`)
})

test('what is no code is none', async t => {
  for (const code of ['', '05047', '0504710', 'abcdef', '050 471', '٠٥٠٤٧١', '050471\n', '-50471']) {
    t.is(await stepOf(SECRET, code, new Date(1_111_111_111_000)), undefined, JSON.stringify(code))
  }
})

test('an app is told the account, who it is with and 160 bits, as text and as a picture', async t => {
  const { secret, otpauth_url, qr_svg } = await enrol('Monozu: Cloud', 'ada+x@acme.example')
  t.regex(secret, /^[A-Z2-7]{32}$/)
  const url = new URL(otpauth_url)
  t.is(url.protocol, 'otpauth:')
  t.is(decodeURIComponent(otpauth_url.split('?')[0] ?? ''), 'otpauth://totp/Monozu  Cloud:ada+x@acme.example')
  t.is(url.searchParams.get('secret'), secret)
  t.is(url.searchParams.get('issuer'), 'Monozu  Cloud')
  t.regex(qr_svg, /^<svg [^>]*>.*<\/svg>$/s)
  t.not((await enrol('Monozu', 'ada@acme.example')).secret, secret)
})
