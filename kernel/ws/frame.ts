const FIN_TEXT = 0x81
const TWO_BYTES = 126
const EIGHT_BYTES = 127

/** The JSON of an envelope: `{type, data, id?, at}` (contract 15.5). */
export function envelope(type: string, data: unknown, at: Date, id?: string): string {
  return JSON.stringify({ type, data: data ?? null, ...(id === undefined ? {} : { id }), at: at.toISOString() })
}

/**
 * A whole text frame, unmasked, as a server sends it (RFC 6455, 5.2). It is made once for a message, whatever the number
 * of sockets: `ws` would make the header anew and write two pieces for each.
 */
export function textFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text)
  const header = bytes < TWO_BYTES ? 2 : bytes < 65_536 ? 4 : 10
  const frame = Buffer.allocUnsafeSlow(header + bytes)
  frame[0] = FIN_TEXT
  if (header === 2) frame[1] = bytes
  else if (header === 4) {
    frame[1] = TWO_BYTES
    frame.writeUInt16BE(bytes, 2)
  } else {
    frame[1] = EIGHT_BYTES
    frame.writeBigUInt64BE(BigInt(bytes), 2)
  }
  frame.write(text, header, 'utf8')
  return frame
}
