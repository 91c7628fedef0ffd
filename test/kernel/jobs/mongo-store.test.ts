import test from 'ava'
import { MongoNetworkError, MongoServerError } from 'mongodb'
import { loadConfig } from '../../../config/load.ts'
import { mongoStore } from '../../../kernel/jobs/mongo-store.ts'
import { onMongo } from './each-store.ts'

const load = (MONGODB_URL: string) => loadConfig({ NODE_ENV: 'test', DATA_DIR: '/tmp', MONGODB_URL })

test('MONGODB_URL takes one host or many, and the record of a cluster', t => {
  for (const url of [
    'mongodb://db',
    'mongodb://user:p%40ss@one:27017,two:27018/jobs?replicaSet=rs0&tls=true',
    'mongodb+srv://user:pass@cluster.example.net/jobs?retryWrites=true',
  ]) {
    t.is(load(url).MONGODB_URL, url)
  }
  for (const url of ['db:27017', 'https://db/jobs', 'mongodb://', 'mongodb+srv://one,two/jobs', 'mongodb://db/a/b']) {
    t.throws(() => load(url), { message: /^MONGODB_URL: expected mongodb:\/\// })
  }
})

test('a wrong URL is not shown', t => {
  const { message } = t.throws(() => load('mongodb://user:hunter2@db/a/b'))
  t.notRegex(message, /hunter2/)
})

test('what the driver says about a wrong URL does not show the password', async t => {
  const store = mongoStore('mongodb://user:hunter2@db/jobs?noSuchOption=1')
  const { message } = await t.throwsAsync(store.open())
  t.regex(message, /MONGODB_URL cannot be used/)
  t.notRegex(message, /hunter2/)
  await t.throwsAsync(store.check(), { message })
})

test('a lost server is an outage, a refused command is none', t => {
  const store = mongoStore('mongodb://db')
  t.true(store.isOutage(new MongoNetworkError('connection closed')))
  t.true(store.isOutage(new MongoServerError({ message: 'not primary', code: 10107 })))
  t.false(store.isOutage(new MongoServerError({ message: 'duplicate key', code: 11000 })))
  t.false(store.isOutage(new TypeError('a fault of ours')))
})

onMongo('its collection is in the database that the URL names, monozu if it names none', async (t, url) => {
  const { MongoClient } = await import('mongodb')
  const store = mongoStore(url)
  t.teardown(() => store.close())
  const { repository } = await store.open()
  await repository.saveJob({ name: 'job', type: 'normal', priority: 0, nextRunAt: null, data: {} }, undefined)
  await store.check()
  const client = await new MongoClient(url).connect()
  t.teardown(() => client.close())
  t.is(await client.db().collection('agendaJobs').countDocuments(), 1)
})
