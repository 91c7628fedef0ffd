import { z } from 'zod'

/** An e-mail address as people type it; kept as it is, found by `emailKey`. */
export const emailAddress = z.email().max(254)

/** By what an address is unique on the platform: case does not matter. */
export const emailKey = (email: string): string => email.toLowerCase()
