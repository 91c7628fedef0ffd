import test from 'ava'
import { createLogger, type LogSettings } from '../../../kernel/log/create-logger.ts'

const settings: LogSettings = { LOG_LEVEL: 'info', LOG_FORMAT: 'json', LOG_REQUESTS: 'all' }

/** A logger that keeps its lines. */
function kept(change: Partial<LogSettings> = {}) {
  const lines: string[] = []
  let flushes = 0
  const writer = {
    write: (line: string) => void lines.push(line),
    flush: () => {
      flushes += 1
    },
    close: () => {},
  }
  const logging = createLogger({ ...settings, ...change }, writer)
  const records = (): Record<string, unknown>[] => lines.map(line => JSON.parse(line))
  return { ...logging, lines, records, flushes: () => flushes }
}

test('a line is a bunyan record on one line', t => {
  const { log, lines, records } = kept()
  log.info({ rows: 2 }, 'imported')
  t.like(records()[0], { name: 'monozu-cloud', pid: process.pid, level: 30, rows: 2, msg: 'imported', v: 0 })
  t.false(Number.isNaN(Date.parse(String(records()[0]?.time))))
  t.regex(lines[0] ?? '', /^[^\n]+\n$/)
})

test('levels below LOG_LEVEL are not written', t => {
  const { log, records } = kept({ LOG_LEVEL: 'warn' })
  log.info('no')
  log.warn('yes')
  t.deepEqual(
    records().map(record => record.msg),
    ['yes'],
  )
  t.false(log.enabled('info'))
  t.true(log.enabled('error'))
})

test('silent writes nothing', t => {
  const { log, requestLog, lines } = kept({ LOG_LEVEL: 'silent' })
  log.fatal('no')
  requestLog({ method: 'GET', url: '/', status: 500, durationMs: 1, ip: '::1' })
  t.is(lines.length, 0)
})

test("a child's lines carry its fields and its parent's", t => {
  const { log, records } = kept()
  log.child({ plugin: 'assets' }).child({ tenant_id: 't1' }).info('moved')
  log.info('plain')
  t.like(records()[0], { plugin: 'assets', tenant_id: 't1', msg: 'moved' })
  t.false('plugin' in (records()[1] ?? {}))
})

test("a child's secrets are hidden as well", t => {
  const { log, lines } = kept()
  log.child({ device_key: 'dvc_0123456789' }).info({ headers: { cookie: 'refresh_token=abc' } }, 'connected')
  t.false(/0123456789|abc/.test(lines[0] ?? ''))
})

test('an error is logged with its message, its causes and without its values', t => {
  const { log, records, lines } = kept()
  log.error(new Error("insert into `users` (`email`) values ('a@b.ch') - disk I/O error", { cause: new Error('why') }))
  log.error({ err: new Error('broken'), run: 7 }, 'sync failed')
  t.is(records()[0]?.msg, 'insert into users: disk I/O error')
  t.false(lines[0]?.includes('a@b.ch'))
  t.like(records()[0]?.err, { name: 'Error', cause: { message: 'why' } })
  t.like(records()[1], { msg: 'sync failed', run: 7 })
  t.like(records()[1]?.err, { message: 'broken' })
})

test('a message is no format', t => {
  const { log, records } = kept()
  log.info('100 %s %d %j')
  log.info({ a: 1 }, '%s')
  t.deepEqual(
    records().map(record => record.msg),
    ['100 %s %d %j', '%s'],
  )
})

test("fields cannot replace bunyan's own", t => {
  const { log, records } = kept()
  log.info({ level: 'high', time: 'noon', msg: 'mine', v: 9 }, 'real')
  log.child({ name: 'other' }).info('real')
  t.like(records()[0], { level: 30, msg: 'real', v: 0, level_: 'high', time_: 'noon', msg_: 'mine' })
  t.like(records()[1], { name: 'monozu-cloud', name_: 'other' })
})

test('no value can forge a line or move the cursor', t => {
  const { log, lines } = kept()
  log.info({ file: 'a\u001b[2J\u009b2J\u202e' }, 'name\n{"level":60}')
  t.is(lines.length, 1)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
  t.notRegex(lines[0]?.slice(0, -1) ?? '', /[\u0000-\u001f\u007f-\u009f\u202e]/)
  t.is(JSON.parse(lines[0] ?? '').file, 'a\u001b[2J\u009b2J\u202e')
})

test('a cycle in the fields does not lose the line', t => {
  const { log, records } = kept()
  const loop: Record<string, unknown> = {}
  loop.loop = loop
  log.info(loop, 'round')
  t.is(records()[0]?.msg, 'round')
})

test('a fatal line is flushed at once', t => {
  const { log, flushes } = kept()
  log.error('not yet')
  t.is(flushes(), 0)
  log.fatal('now')
  t.is(flushes(), 1)
})

test('text is for people: time, level, plugin, message, fields, then the error', t => {
  const { log, lines } = kept({ LOG_FORMAT: 'text' })
  log.child({ plugin: 'assets' }).warn({ rows: 2, file: 'my list.csv', token: 'x' }, 'half\nimported')
  log.error(Object.assign(new Error('broken', { cause: new TypeError('why') }), { code: 'E1' }))
  t.regex(
    lines[0] ?? '',
    /^\d\d:\d\d:\d\d\.\d{3} WARN {2}assets {2}half\\nimported {2}rows=2 file="my list.csv" token=/,
  )
  t.true(lines[0]?.endsWith('token=[redacted]\n'))
  t.regex(
    lines[1] ?? '',
    /ERROR broken\n {4}Error: broken \(E1\)\n {6}at [\s\S]*\n {4}caused by TypeError: why\n {6}at /,
  )
})
