import { escapeControls } from './control-characters.ts'

const beyondAscii = /[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/

/** One record as a line of JSON in bunyan's field names. Control characters are escaped, also those JSON allows. */
export function jsonLine(record: object): string {
  const json = JSON.stringify(record)
  return `${beyondAscii.test(json) ? escapeControls(json) : json}\n`
}
