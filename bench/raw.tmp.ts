import { createServer } from 'node:http'
const keep = Number(process.env.KA ?? 245000)
let n = 0
const kick = () => { if (++n % 5000 === 0) { const g = (globalThis as any).gc; g({ type: 'minor' }); g({ type: 'minor' }) } }
const s = createServer({ keepAliveTimeout: keep }, (req, res) => {
  const go = async () => { kick(); await null; const t = JSON.stringify({ items: [{ id: 1 }] }); res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(t) }); res.end(t) }
  void go()
})
if (process.env.KOA) {
  const { default: Koa } = await import('koa')
  const app = new Koa()
  app.use(async ctx => { kick(); ctx.body = { items: [{ id: 1 }] } })
  s.removeAllListeners('request'); s.on('request', app.callback())
}
if (process.env.OF) {
  const { default: onFinished } = await import('on-finished' as string)
  s.removeAllListeners('request'); s.on('request', (req, res) => {
  onFinished(res, () => {})
  kick(); const t = JSON.stringify({ items: [{ id: 1 }] }); res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(t) }); res.end(t) 
  })
}
s.listen(0, '127.0.0.1', () => process.stdout.write(JSON.stringify({ url: `http://127.0.0.1:${(s.address() as any).port}/api/v1`, token: 'x' }) + '\n'))
process.once('SIGTERM', () => process.exit(0))
