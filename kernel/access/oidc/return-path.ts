import { z } from 'zod'

const INSIDE = 'https://inside.invalid'

/** True for a path of the application: nothing that a browser could read as an address elsewhere. */
export function isReturnPath(path: string): boolean {
  if (!path.startsWith('/') || /[\p{Cc}\\]/u.test(path) || path.startsWith('//')) return false
  return URL.canParse(path, INSIDE) && new URL(path, INSIDE).origin === INSIDE
}

/** The query parameter that names where to go after a sign-in elsewhere. */
export const returnPath = z
  .string()
  .max(500)
  .refine(isReturnPath, 'must be a path of the application, such as /incidents')
  .optional()
