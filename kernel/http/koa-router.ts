import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** `@koa/router` by its CommonJS build: the other one imports `http`, with what `node-http.ts` says of that. */
export const Router: typeof import('@koa/router').default = require('@koa/router')
