import { z } from 'zod'

/** One line of text: neither control characters nor halves of a character (which no database keeps). */
export const line = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be one line of text without control characters')

/** Text of several lines, as a program writes it. What no database keeps is replaced, what is too long cut. */
export const message = (longest: number) =>
  z.string().transform(text => text.toWellFormed().replaceAll('\0', '').slice(0, longest).toWellFormed())
