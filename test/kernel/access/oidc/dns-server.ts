import { createSocket } from 'node:dgram'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import packet from 'dns-packet'

/** A DNS server on loopback: TXT records by name, and IPv4 addresses; names that are not there do not exist. */
export interface DnsServer {
  readonly address: string
  readonly records: Map<string, readonly string[]>
  readonly addresses: Map<string, readonly string[]>
  /** False: it hears, and does not answer. */
  answers: boolean
}

/** Starts one. */
export async function startDns(t: ExecutionContext): Promise<DnsServer> {
  const socket = createSocket('udp4')
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve))
  const records = new Map<string, readonly string[]>()
  const addresses = new Map<string, readonly string[]>()
  const server = { address: `127.0.0.1:${(socket.address() as AddressInfo).port}`, records, addresses, answers: true }
  socket.on('message', (message, from) => {
    const query = packet.decode(message)
    const { name = '', type } = query.questions?.[0] ?? {}
    const found = type === 'TXT' ? records.get(name) : addresses.get(name)
    const given = type === 'AAAA' ? [] : (found ?? [])
    const notFound = 3
    const answer = packet.encode({
      type: 'response',
      ...(query.id === undefined ? {} : { id: query.id }),
      flags: packet.RECURSION_AVAILABLE | (found ? 0 : notFound),
      ...(query.questions ? { questions: query.questions } : {}),
      answers: given.map(data => ({ type: type === 'A' ? ('A' as const) : ('TXT' as const), name, data, ttl: 60 })),
    })
    if (server.answers) socket.send(answer, from.port, from.address)
  })
  t.teardown(() => socket.close())
  return server
}
