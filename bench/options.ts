import { parseArgs } from 'node:util'
import type { AssetCase } from './assets-comparison.ts'

/** The peers that can be asked for. */
export const peerNames = ['directus', 'strapi'] as const

/** What the command line of a comparison says. */
export interface BenchOptions {
  rounds: number
  seconds: number
  connections: number
  peers: (typeof peerNames)[number][]
  cases: AssetCase[]
  /** Whether the peers' tables get the index that our page has; their own tools make none. */
  peerIndex: boolean
  json: boolean
}

const caseNames = ['list', 'read', 'create'] as const

/**
 * Reads `--rounds 3 --seconds 3 --connections 10 --peers directus,strapi --cases list,read,create --json`; each may be
 * left out, `--peers none` compares with the hand-written servers alone, `--no-peer-index` leaves the peers' tables as made.
 * @throws {TypeError} for an unknown option, {RangeError} for a value that makes no sense
 */
export function benchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '3' },
      connections: { type: 'string', default: '10' },
      peers: { type: 'string', default: peerNames.join() },
      cases: { type: 'string', default: caseNames.join() },
      'no-peer-index': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  })
  return {
    rounds: positive('rounds', values.rounds),
    seconds: positive('seconds', values.seconds),
    connections: positive('connections', values.connections),
    peers: values.peers === 'none' ? [] : some('peers', values.peers, peerNames),
    cases: some('cases', values.cases, caseNames),
    peerIndex: !values['no-peer-index'],
    json: values.json,
  }
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new RangeError(`--${name} must be a whole number from 1, not ${text}`)
  return value
}

function some<Name extends string>(option: string, text: string, known: readonly Name[]): Name[] {
  return text.split(',').map(word => {
    const name = known.find(one => one === word)
    if (name === undefined) throw new RangeError(`--${option} knows ${known.join(', ')}, not ${word}`)
    return name
  })
}
