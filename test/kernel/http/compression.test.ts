import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import test from 'ava'
import inject from 'light-my-request'
import { echoForAll } from './echo.ts'

const echo = echoForAll(test)

async function get(path: string, encoding: string) {
  const { kernel } = echo().t
  const { body } = await echo().t.anonymous.get('/health/live')
  if (body.status !== 'ok') throw new Error('not up')
  return inject(kernel.app.callback() as never, { url: path, headers: { 'accept-encoding': encoding } })
}

test('a large answer is packed as the caller takes it', async t => {
  const unpack = { br: brotliDecompressSync, gzip: gunzipSync }
  const plain = (await get('/openapi.json', 'identity')).rawPayload
  for (const [encoding, read] of Object.entries(unpack)) {
    const answer = await get('/openapi.json', encoding)
    t.is(answer.headers['content-encoding'], encoding)
    t.regex(String(answer.headers.vary), /Accept-Encoding/i)
    t.true(answer.rawPayload.length < plain.length / 2)
    t.deepEqual(read(answer.rawPayload), plain)
  }
})

test('a small answer, and one for a caller that takes no packing, is sent as it is', async t => {
  t.is((await get('/health/live', 'br, gzip')).headers['content-encoding'], undefined)
  t.is((await get('/openapi.json', 'identity')).headers['content-encoding'], undefined)
})
