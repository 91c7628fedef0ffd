import test from 'ava'
import { loadConfig } from '../../../config/load.ts'

const load = (env: { readonly REDIS_URL?: string; readonly REDIS_PREFIX?: string }) =>
  loadConfig({ NODE_ENV: 'test', DATA_DIR: '/tmp', ...env })

for (const url of [
  'redis://127.0.0.1:6379',
  'redis://localhost',
  'redis://:p%40ss@redis:6379/0',
  'rediss://monozu:secret@redis.example.net:6380',
  'redis://[::1]:6379',
]) {
  test(`REDIS_URL takes ${url}`, t => {
    t.is(load({ REDIS_URL: url }).REDIS_URL, url)
  })
}

for (const url of [
  'redis.example.net:6379',
  'http://redis',
  'redis://',
  'redis://:hunter2@',
  'redis://a b',
  'redis://h/x',
]) {
  test(`REDIS_URL refuses ${url}, without showing it`, t => {
    const { message } = t.throws(() => load({ REDIS_URL: url }))
    t.regex(message, /REDIS_URL: expected redis:\/\/:password@host:port/)
    t.false(message.includes('hunter2'))
  })
}

test('REDIS_PREFIX is a plain name', t => {
  t.is(load({}).REDIS_PREFIX, 'monozu')
  t.is(load({ REDIS_PREFIX: 'monozu.staging-1' }).REDIS_PREFIX, 'monozu.staging-1')
  t.throws(() => load({ REDIS_PREFIX: 'a b' }), { message: /REDIS_PREFIX/ })
})
