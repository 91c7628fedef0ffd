/** One asset as the API shows it: ids are UUIDs, times ISO 8601 UTC, `cpes` CPE 2.3 formatted strings. */
export interface SampleAsset {
  id: string
  name: string
  type: string
  site_id: string
  producer: string
  model: string
  version: string
  ip_address: string
  mac_address: string
  criticality: string
  lifecycle: string
  cpes: string[]
  created_at: string
  updated_at: string
}

/** How many assets every compared server holds. */
export const sampleSize = 20_000

/** The one tenant that all sample rows belong to. */
export const sampleTenant = '01900000-0000-7000-8000-00000000a001'

const types = ['plc', 'hmi', 'industrial_switch', 'server']
const levels = ['low', 'medium', 'high', 'critical']
const stages = ['planned', 'active', 'decommissioned']
const firstCreated = Date.UTC(2025, 0, 1)

/**
 * The asset number `i` of the sample (from 0), the same on every call and every server. As JSON it takes about 410
 * bytes. Rows are one second apart, so the order by `created_at` is total.
 */
export function sampleAsset(i: number): SampleAsset {
  const at = new Date(firstCreated + i * 1000).toISOString()
  const { name, type, ...rest } = sampleInput(i)
  return { id: sampleId(1, i), name, type, site_id: sampleId(2, i % 40), ...rest, created_at: at, updated_at: at }
}

/** What a client sends to create an asset; `i` makes its name different from every other. */
export function sampleInput(i: number): Omit<SampleAsset, 'id' | 'site_id' | 'created_at' | 'updated_at'> {
  const version = `4.${i % 9}.${i % 7}`
  return {
    name: `a${String(i).padStart(6, '0')}`,
    type: pick(types, i),
    producer: 'ABB',
    model: `M${1200 + (i % 300)}`,
    version,
    ip_address: `10.${(i >> 14) & 255}.${(i >> 7) & 127}.${i & 127}`,
    mac_address: `02:00:00:${hex(i >> 16)}:${hex(i >> 8)}:${hex(i)}`,
    criticality: pick(levels, i),
    lifecycle: pick(stages, i),
    cpes: [`cpe:2.3:o:abb:m${1200 + (i % 300)}:${version}:*:*:*:*:*:*:*`],
  }
}

function sampleId(kind: number, i: number): string {
  const time = (firstCreated + i * 1000).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${String(kind).padStart(3, '0')}-8000-${i.toString(16).padStart(12, '0')}`
}

function hex(value: number): string {
  return (value & 255).toString(16).padStart(2, '0')
}

function pick(values: readonly string[], i: number): string {
  return values[i % values.length] ?? ''
}
