import { registerHooks } from 'node:module'

/** The name of this package, and what of it plugins may import: `exports` of package.json. */
const KERNEL = 'monozu-cloud-backend/'

let registered = false

/**
 * Lets plugins outside the checkout, in folders and in packages, import `monozu-cloud-backend/contract` and so on: always
 * this kernel, so that its errors and replies are known as such. `zod` is theirs if they bring it, else ours. Once in a
 * process; a process without such plugins does without.
 */
export function letPluginsImportByName(): void {
  if (registered) return
  registered = true
  registerHooks({
    resolve(specifier, context, next) {
      const fromHere = { ...context, parentURL: import.meta.url }
      if (specifier.startsWith(KERNEL)) return next(specifier, fromHere)
      if (specifier !== 'zod' && !specifier.startsWith('zod/')) return next(specifier, context)
      try {
        return next(specifier, context)
      } catch {
        return next(specifier, fromHere)
      }
    },
  })
}
