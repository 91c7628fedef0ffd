/**
 * Reads `name=value,name=value` with percent-encoded values, as OTEL_RESOURCE_ATTRIBUTES and OTEL_EXPORTER_OTLP_HEADERS
 * are written; undefined when it is none.
 */
export function readKeyPairs(text: string): Record<string, string> | undefined {
  const pairs: Record<string, string> = {}
  for (const part of text.split(',')) {
    if (part.trim() === '') continue
    const equals = part.indexOf('=')
    const name = part.slice(0, equals).trim()
    if (equals < 1 || name === '') return undefined
    try {
      pairs[name] = decodeURIComponent(part.slice(equals + 1).trim())
    } catch {
      return undefined
    }
  }
  return pairs
}

/** The same for a text that was checked. */
export const keyPairs = (text: string): Record<string, string> => readKeyPairs(text) ?? {}
