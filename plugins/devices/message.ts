import { z } from 'zod'

/** Text of several lines, as a program writes it. What no database keeps is replaced, what is too long cut. */
export const message = (longest: number) =>
  z.string().transform(text => text.toWellFormed().replaceAll('\0', '').slice(0, longest).toWellFormed())
