import { registerHooks } from 'node:module'

/** Run as a process: loads all that a start loads, and prints the files. */
const modules: string[] = []
registerHooks({
  load(url, context, next) {
    modules.push(url)
    return next(url, context)
  },
})
await import('../../../kernel/serve.ts')
process.stdout.write(JSON.stringify(modules))
