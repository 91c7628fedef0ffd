import test from 'ava'
import bcrypt from 'bcrypt'
import { isCommonPassword } from '../../../kernel/access/common-passwords.ts'
import { Passwords, requireGoodPassword } from '../../../kernel/access/passwords.ts'
import { Problem } from '../../../kernel/errors.ts'

const refusal = (password: string, email = 'ada.lovelace@acme.example'): string | undefined => {
  try {
    requireGoodPassword(password, email, 'body.password')
    return undefined
  } catch (error) {
    if (error instanceof Problem && error.code === 'invalid') return error.errors?.[0]?.message
    throw error
  }
}

test('hashes with bcrypt at cost 12', async t => {
  const hash = await new Passwords().hash('quiet otter at the kiln')
  t.is(bcrypt.getRounds(hash), 12)
})

test('tells right from wrong', async t => {
  const passwords = new Passwords({ cost: 4 })
  const hash = await passwords.hash('quiet otter at the kiln')
  t.true(await passwords.matches('quiet otter at the kiln', hash))
  t.false(await passwords.matches('quiet otter at the kilt', hash))
  t.false(await passwords.matches('anything', null))
})

test('bcrypt runs at the same cost for nobody as for somebody', async t => {
  const compared: string[] = []
  const passwords = new Passwords({
    compare: async (_password, hash) => {
      compared.push(hash)
      return true
    },
  })
  t.false(await passwords.matches('whatever', undefined), 'even if bcrypt said yes')
  t.false(await passwords.matches('whatever', null))
  t.is(compared.length, 2)
  for (const hash of compared) t.is(bcrypt.getRounds(hash), 12)
  t.false(await bcrypt.compare('whatever', compared[0] as string))
})

test('what bcrypt would cut off does not fit', async t => {
  const passwords = new Passwords({ cost: 4 })
  const long = 'x'.repeat(72)
  const hash = await passwords.hash(long)
  t.true(await passwords.matches(long, hash))
  t.false(await passwords.matches(`${long}y`, hash))
})

test('asks for 12 characters, and for at most 72 bytes', t => {
  t.regex(refusal('otterkiln41') ?? '', /at least 12/)
  t.is(refusal('otter-kiln41'), undefined)
  t.regex(refusal('ö'.repeat(37)) ?? '', /at most 72 bytes .* 74/)
  t.is(refusal('Ωμέγα-κάμινος'), undefined)
  t.regex(refusal('otter\0kiln-41') ?? '', /NUL/)
})

test('the e-mail is no password', t => {
  t.regex(refusal('Ada.Lovelace@ACME.example') ?? '', /e-mail/)
  t.regex(refusal('ada-lovelace') ?? '', /e-mail/)
  t.is(refusal('ada-lovelace-engine'), undefined)
})

test('common passwords are refused in all their disguises', t => {
  for (const common of [
    'password1234',
    'P@ssw0rd2026!',
    'passwordpassword',
    'administrator',
    'Welcome2026!!',
    'letmein12345',
    'qwertyuiop12',
    '123456789012',
    '098765432109',
    'abcdefghijkl',
    'zyxwvutsrqpo',
    '1q2w3e4r5t6y',
    '1qaz2wsx3edc',
    'aaaaaaaaaaaa',
    'abcabcabcabc',
    'aaaaaaaaaaab',
    'Monozu-2026-!',
  ]) {
    t.true(isCommonPassword(common), common)
  }
  for (const good of ['quiet otter at the kiln', 'correct horse battery', 'Acme-Plant-42-kiln', 'tr0ub4dor&3xyz']) {
    t.false(isCommonPassword(good), good)
  }
})

test('no more are hashed at once than there is room for; one too many is turned away', async t => {
  let running = 0
  let most = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  const passwords = new Passwords({
    atOnce: 2,
    mostWaiting: 3,
    compare: async () => {
      most = Math.max(most, ++running)
      await promise
      running--
      return false
    },
  })
  const work = Array.from({ length: 5 }, () => passwords.matches('whatever', null))
  const error = await t.throwsAsync(passwords.hash('whatever else'), { instanceOf: Problem })
  t.is(error.code, 'too_many_requests')
  resolve()
  await Promise.all(work)
  t.is(most, 2)
})
