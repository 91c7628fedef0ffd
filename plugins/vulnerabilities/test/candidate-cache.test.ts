import test from 'ava'
import { CandidateCache } from '../services/candidate-cache.ts'
import { affects, TestCatalogue } from './catalogue.ts'

const LOG4J = 'cpe:2.3:a:apache:log4j:*:*:*:*:*:*:*:*'
const OPENSSL = 'cpe:2.3:a:openssl:openssl:*:*:*:*:*:*:*:*'
const LINUX = 'cpe:2.3:o:linux:linux_kernel:*:*:*:*:*:*:*:*'

const catalogue = () =>
  new TestCatalogue()
    .put('CVE-1', { configurations: affects(LOG4J) })
    .put('CVE-2', { configurations: [...affects(LOG4J), ...affects(OPENSSL)] })
    .put('CVE-3', { configurations: affects(LINUX) })

const ids = async (cache: CandidateCache, ...keys: string[]) =>
  [...(await cache.under(keys))].map(({ cveId }) => cveId).sort()

test('CVEs are found under each key, once each, and read once', async t => {
  const source = catalogue()
  const cache = new CandidateCache(source)
  t.deepEqual(await ids(cache, 'a:apache:log4j', 'a:openssl:openssl'), ['CVE-1', 'CVE-2'])
  t.deepEqual(await ids(cache, 'a:openssl:openssl', 'a:nobody:nothing'), ['CVE-2'])
  t.deepEqual(await ids(cache, 'a:nobody:nothing'), [])
  t.deepEqual(source.asked, [['a:apache:log4j', 'a:openssl:openssl'], ['a:nobody:nothing']])
})

test('beyond its capacity it lets go of the products that were used longest ago', async t => {
  const source = catalogue()
  const cache = new CandidateCache(source, 100)
  await cache.under(['a:openssl:openssl'])
  await cache.under(['o:linux:linux_kernel'])
  t.true(cache.size <= 100)
  t.deepEqual(await ids(cache, 'o:linux:linux_kernel'), ['CVE-3'])
  t.is(source.asked.length, 2)
  t.deepEqual(await ids(cache, 'a:openssl:openssl'), ['CVE-2'])
  t.is(source.asked.length, 3)
})

test('a CVE under two keys stays while one of them is held', async t => {
  const source = catalogue()
  const cache = new CandidateCache(source, 0)
  t.deepEqual(await ids(cache, 'a:apache:log4j', 'a:openssl:openssl'), ['CVE-1', 'CVE-2'])
  t.is(cache.size, 0)
})
