import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { brotliCompressSync, constants, createGzip, gzipSync } from 'node:zlib'
import test from 'ava'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { refusal } from './echo.ts'
import { badge, badges, visits } from './visits.ts'

const packed = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
const LIMIT = 200_000

const house = (): Promise<TestKernel> => startTestKernel({ plugins: [badges, visits] })
const guestOf = (t: TestKernel) => t.guest(badge, `badge_one@${t.tenantId('a')}`)

/** JSON of this many bytes. */
const sized = (bytes: number): string => {
  const empty = JSON.stringify({ name: 'n', notes: '' }).length
  return JSON.stringify({ name: 'n', notes: 'x'.repeat(bytes - empty) })
}

test.serial('a body packed with gzip is taken, and so is one that is not', async t => {
  await using kernel = await house()
  const guest = guestOf(kernel)
  const named = (name: string): Buffer => gzipSync(JSON.stringify({ name }))
  t.is((await guest.post('/v1/visits', named('ä'), packed)).body.name, 'ä')
  t.is((await guest.post('/v1/visits', named('ö'), { ...packed, 'content-encoding': 'GZIP' })).body.name, 'ö')
  t.is((await guest.post('/v1/visits', { name: 'ü' }, { 'content-encoding': 'identity' })).body.name, 'ü')
  t.is((await guest.post('/v1/visits', { name: 'ß' })).body.name, 'ß')
})

test.serial('the limit is that of both forms', async t => {
  await using kernel = await house()
  const guest = guestOf(kernel)
  t.is((await guest.post('/v1/visits', gzipSync(sized(LIMIT)), packed)).status, 201)
  t.is(refusal(await guest.post('/v1/visits', gzipSync(sized(LIMIT + 1)), packed)), '413 too_large')
  const stored = gzipSync(sized(LIMIT), { level: constants.Z_NO_COMPRESSION })
  t.true(stored.length > LIMIT)
  t.is(refusal(await guest.post('/v1/visits', stored, packed)), '413 too_large')
  t.is(
    refusal(await guest.post('/v1/visits', sized(LIMIT + 1), { 'content-type': 'application/json' })),
    '413 too_large',
  )
})

test.serial('a body that is no gzip, is cut off or is no JSON is 400', async t => {
  await using kernel = await house()
  const guest = guestOf(kernel)
  const whole = gzipSync(sized(1_000))
  const broken = Buffer.from(whole)
  broken[broken.length - 6] = (broken[broken.length - 6] ?? 0) ^ 0xff
  for (const body of [
    Buffer.from('{"name":"n"}'),
    whole.subarray(0, -9),
    whole.subarray(0, 5),
    broken,
    gzipSync('{"name"'),
  ]) {
    t.is(refusal(await guest.post('/v1/visits', body, packed)), '400 malformed')
  }
})

test.serial('another encoding is 415', async t => {
  await using kernel = await house()
  const guest = guestOf(kernel)
  for (const encoding of ['br', 'deflate', 'zstd', 'gzip, gzip', 'nonsense']) {
    const answer = await guest.post('/v1/visits', brotliCompressSync('{"name":"n"}'), {
      ...packed,
      'content-encoding': encoding,
    })
    t.is(refusal(answer), '415 unsupported_media_type', encoding)
  }
})

test.serial('a small body that unpacks to 100 MB is refused, and never held', async t => {
  await using kernel = await house()
  const bomb = await buffer(Readable.from(zeros(100_000_000)).pipe(createGzip({ level: 9 })))
  t.true(bomb.length < LIMIT, `${bomb.length}`)
  const guest = guestOf(kernel)
  globalThis.gc?.()
  const before = process.memoryUsage().arrayBuffers
  let most = before
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers)), 1)
  const answers = await Promise.all(Array.from({ length: 20 }, () => guest.post('/v1/visits', bomb, packed)))
  clearInterval(watch)
  for (const answer of answers) t.is(refusal(answer), '413 too_large')
  t.true(most - before < 20 * (LIMIT + 500_000), `${most - before} bytes more were held`)
  t.is((await guest.post('/v1/visits', { name: 'n' })).status, 201)
})

test.serial('it is refused before all of it has come in', async t => {
  await using kernel = await house()
  const server = createServer(kernel.kernel.app.callback()).listen(0, '127.0.0.1')
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const headers = { ...packed, ...guestOf(kernel).headers }
  const sent = request({ port, host: '127.0.0.1', method: 'POST', path: '/v1/visits', headers })
  const answered = new Promise<number | undefined>((resolve, reject) => {
    sent.on('response', ({ statusCode }) => resolve(statusCode))
    sent.on('error', reject)
  })
  const bomb = await buffer(Readable.from(zeros(50_000_000)).pipe(createGzip({ level: 9 })))
  sent.write(bomb)
  t.is(await answered, 413, 'the body was never ended')
  sent.destroy()
})

async function* zeros(bytes: number): AsyncGenerator<Buffer> {
  const block = Buffer.alloc(1_000_000)
  for (let made = 0; made < bytes; made += block.length) yield block
}
