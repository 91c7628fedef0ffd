import test from 'ava'
import { benchOptions } from '../options.ts'

test('everything has a default', t => {
  const cases = ['list', 'read', 'create'] as const
  const peers = ['directus', 'strapi'] as const
  t.deepEqual(benchOptions([]), {
    rounds: 3,
    seconds: 3,
    connections: 10,
    cases: [...cases],
    peers: [...peers],
    peerIndex: true,
    json: false,
  })
})

test('the peers can be left out', t => {
  t.deepEqual(benchOptions(['--peers', 'none', '--cases', 'read']).peers, [])
})

test('a wrong value is refused in words', t => {
  t.throws(() => benchOptions(['--rounds', 'many']), { message: '--rounds must be a whole number from 1, not many' })
  t.throws(() => benchOptions(['--peers', 'medusa']), { message: '--peers knows directus, strapi, not medusa' })
})
