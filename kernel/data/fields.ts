import ipaddr from 'ipaddr.js'
import { z } from 'zod'

/** One line of text: neither control characters nor halves of a character (which no database keeps). */
export const lineOfText = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be one line of text without control characters')

/** Any text as a line that `lineOfText(longest)` takes; what is too long ends in `…`, what has no text becomes `-`. */
export function asLine(text: string, longest: number): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  if (line.length <= longest) return line || '-'
  return `${line
    .slice(0, longest - 1)
    .replace(/[\uD800-\uDBFF]$/, '')
    .trimEnd()}…`
}

/**
 * An IP address as it is stored: four decimal parts (`010.1.1.1` and `1` mean different things to different readers), or
 * IPv6 in its short form.
 */
export const ipAddress = z
  .string()
  .trim()
  .max(45)
  .transform((value, context) => {
    const isAddress = ipaddr.IPv4.isValidFourPartDecimal(value) || (ipaddr.IPv6.isValid(value) && !value.includes('%'))
    if (isAddress) return ipaddr.parse(value).toString()
    context.addIssue('must be an IPv4 or IPv6 address')
    return z.NEVER
  })
