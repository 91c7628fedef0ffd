/**
 * Characters that move a terminal's cursor, start a new line or turn the reading direction:
 * C0, DEL, C1, line and paragraph separators, bidirectional marks (Unicode TR 36, section 2.10.5).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
const hazardous = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/
const everyHazard = new RegExp(hazardous, 'g')

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const escaped = (character: string): string =>
  short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Writes control characters as visible escapes (`\n`, `\u001b`), so that no value can forge or hide a log line. */
export const escapeControls = (text: string): string =>
  hazardous.test(text) ? text.replace(everyHazard, escaped) : text
