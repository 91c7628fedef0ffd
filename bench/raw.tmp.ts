import { createServer } from 'node:http'
const keep = Number(process.env.KA ?? 5000)
const s = createServer({ keepAliveTimeout: keep }, (req, res) => {
  const go = async () => { await null; const t = JSON.stringify({ items: [{ id: 1 }] }); res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(t) }); res.end(t) }
  void go()
})
if (process.env.T) for (let i = 0; i < 5; i++) setTimeout(() => {}, 30000)
if (process.env.I) setInterval(() => {}, Number(process.env.I))
if (process.env.KOA) {
  const { default: Koa } = await import('koa')
  const app = new Koa()
  app.use(async ctx => { ctx.body = { items: [{ id: 1 }] } })
  s.removeAllListeners('request'); s.on('request', app.callback())
}
s.listen(0, '127.0.0.1', () => process.stdout.write(JSON.stringify({ url: `http://127.0.0.1:${(s.address() as any).port}/api/v1`, token: 'x' }) + '\n'))
process.once('SIGTERM', () => process.exit(0))
