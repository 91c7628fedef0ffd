import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import type Koa from 'koa'

const POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
const files: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css',
  'swagger-ui-bundle.js': 'text/javascript',
  'favicon-32x32.png': 'image/png',
}
const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Monozu Cloud API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`
const start = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#ui', deepLinking: true, docExpansion: 'none' })\n`

/** Serves `/docs`: the API documentation, from files of this server alone. True when the path was one of its own. */
export async function serveDocs(ctx: Koa.Context): Promise<boolean> {
  if (ctx.path !== '/docs' && !ctx.path.startsWith('/docs/')) return false
  const name = ctx.path.slice('/docs/'.length)
  ctx.set('Content-Security-Policy', POLICY)
  if (name === '') {
    ctx.type = 'html'
    ctx.body = page
    return true
  }
  if (name === 'start.js') {
    ctx.type = 'text/javascript'
    ctx.body = start
    return true
  }
  const type = Object.hasOwn(files, name) ? files[name] : undefined
  if (type === undefined) return false
  const root = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  ctx.type = type
  ctx.set('Cache-Control', 'public, max-age=86400')
  ctx.body = await readFile(path.join(root, name))
  return true
}
