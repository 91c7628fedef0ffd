import test from 'ava'
import type { Notice } from '../../../kernel/contract.ts'
import { faultOf } from '../../../kernel/notifications/notice.ts'

const notice = (more: object): Notice => ({ kind: 'news', title: 'Hear', to: { users: [] }, ...more }) as Notice

test('paths stay in the application', t => {
  for (const path of ['/', '/news', '/news/1?x=2&y=//z#top', '/käse', '/a@b.example'])
    t.is(faultOf(notice({ path })), undefined)
  const bad = [
    '//evil.example',
    '/\\evil.example',
    '/x\\..\\y',
    'https://evil.example',
    'javascript:alert(1)',
    'news',
    '',
    ' /news',
    '/a b',
    '/a\r\nBcc: x@evil.example',
    '/a\u0000',
    '/a\u0085b',
    '/\ud800',
    `/${'x'.repeat(400)}`,
  ]
  for (const path of bad) t.regex(faultOf(notice({ path })) ?? '', /^path: /, JSON.stringify(path))
})

test('what is wrong is said by field', t => {
  t.is(faultOf(notice({ title: 'x'.repeat(300), body: 'a\nb', unique: 'x' })), undefined)
  for (const title of ['', '  ', 'x'.repeat(301), 'a\nSubject: b', 'a\rb'])
    t.regex(faultOf(notice({ title })) ?? '', /^title: /)
  for (const body of ['x'.repeat(4_001), '\0', '\ud800']) t.regex(faultOf(notice({ body })) ?? '', /^body: /)
  for (const unique of ['', 'x'.repeat(201)]) t.regex(faultOf(notice({ unique })) ?? '', /^unique: /)
  for (const to of [{}, { users: ['x'] }, { permission: 'none' }, { users: [], permission: 'a:b' }]) {
    t.regex(faultOf(notice({ to })) ?? '', /^to/)
  }
  t.regex(faultOf(notice({ urgent: true })) ?? '', /urgent/)
})
