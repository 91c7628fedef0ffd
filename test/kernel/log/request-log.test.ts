import test from 'ava'
import { createLogger, type LogSettings } from '../../../kernel/log/create-logger.ts'
import type { RequestLine } from '../../../kernel/log/request-log.ts'

function kept(change: Partial<LogSettings> = {}) {
  const lines: string[] = []
  const writer = { write: (line: string) => void lines.push(line), flush: () => {}, close: () => {} }
  const { requestLog, log } = createLogger(
    { LOG_LEVEL: 'info', LOG_FORMAT: 'json', LOG_REQUESTS: 'all', ...change },
    writer,
  )
  return { requestLog, log, lines, records: (): Record<string, unknown>[] => lines.map(line => JSON.parse(line)) }
}

const request: RequestLine = {
  method: 'GET',
  url: '/api/v1/assets?limit=50',
  route: '/assets',
  status: 200,
  durationMs: 1.23456,
  bytes: 18_000,
  ip: '192.0.2.7',
  plugin: 'assets',
  tenantId: 't1',
  actorId: 'u1',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
}

test('a request is the record that bunyan would make', t => {
  const { requestLog, log, records } = kept()
  requestLog(request)
  const { time, ...record } = records()[0] ?? {}
  t.false(Number.isNaN(Date.parse(String(time))))
  log.info({ ...fields }, 'request')
  const { time: _, ...same } = records()[1] ?? {}
  t.deepEqual(record, same)
})
const fields = {
  method: 'GET',
  url: '/api/v1/assets?limit=50',
  route: '/assets',
  status: 200,
  duration_ms: 1.23,
  bytes: 18_000,
  ip: '192.0.2.7',
  plugin: 'assets',
  tenant_id: 't1',
  actor_id: 'u1',
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
}

const some: RequestLine[] = [
  request,
  { ...request, status: 404 },
  { ...request, method: 'POST', status: 201 },
  { ...request, method: 'DELETE', status: 503 },
]
for (const [choice, statuses] of [
  ['all', [200, 404, 201, 503]],
  ['changes', [404, 201, 503]],
  ['errors', [404, 503]],
] as const) {
  test(`LOG_REQUESTS=${choice} writes ${statuses.join(', ')}`, t => {
    const { requestLog, records } = kept({ LOG_REQUESTS: choice })
    for (const one of some) requestLog(one)
    t.deepEqual(
      records().map(record => record.status),
      [...statuses],
    )
  })
}

test('only server errors are level error', t => {
  const { requestLog, records } = kept()
  for (const one of some) requestLog(one)
  t.deepEqual(
    records().map(record => record.level),
    [30, 30, 30, 50],
  )
})

test('LOG_LEVEL=error leaves only server errors', t => {
  const { requestLog, records } = kept({ LOG_LEVEL: 'error' })
  for (const one of some) requestLog(one)
  t.deepEqual(
    records().map(record => record.status),
    [503],
  )
})

test('a token in the query is hidden', t => {
  const { requestLog, records } = kept()
  requestLog({ ...request, url: '/api/ws/jobs?token=abc.def&x=1' })
  t.is(records()[0]?.url, '/api/ws/jobs?token=[redacted]&x=1')
})

test('a token of a mail is hidden also where no route takes it', t => {
  const { requestLog, lines } = kept()
  const token = `${'aB3_-'.repeat(8)}xyz`
  for (const url of [`/invite/${token}`, `/api/v1/auth/invitations/${token}/?x=1`, `/a/${token}?b`]) {
    requestLog({ ...request, url, route: undefined })
  }
  t.is(lines.length, 3)
  t.false(lines.join('').includes(token))
  t.true(lines[1]?.includes('/api/v1/auth/invitations/[redacted]/?x=1'))
})

test('a secret in the path is hidden behind its route', t => {
  const { requestLog, lines, records } = kept()
  requestLog({ ...request, url: '/api/v1/auth/invitations/s3cr3t', route: '/auth/invitations/:token' })
  t.is(records()[0]?.url, '/auth/invitations/:token')
  t.false(lines[0]?.includes('s3cr3t'))
})

test('a hostile URL stays on one line and is cut', t => {
  const { requestLog, lines, records } = kept()
  requestLog({ ...request, url: `/a"}\n\u009b2J${'x'.repeat(10_000)}` })
  t.is(lines[0]?.indexOf('\n'), (lines[0]?.length ?? 0) - 1)
  t.true(String(records()[0]?.url).startsWith('/a"}\\n\\u009b2Jxxx'))
  t.true((lines[0]?.length ?? 0) < 3_000)
})

test('text puts the request first', t => {
  const { requestLog, lines } = kept({ LOG_FORMAT: 'text' })
  requestLog({ ...request, status: 403, error: 'feature_disabled' })
  t.regex(
    lines[0] ?? '',
    /INFO {2}assets {2}GET \/api\/v1\/assets\?limit=50 403 1\.23 ms {2}bytes=18000 .*error=feature_disabled\n$/,
  )
})
