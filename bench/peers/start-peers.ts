import type { BenchOptions, peerNames } from '../options.ts'
import type { Peer } from './peer.ts'

type PeerName = (typeof peerNames)[number]

const load: Record<PeerName, () => Promise<{ startPeer(index: boolean): Promise<Peer> }>> = {
  directus: () => import('./directus.ts'),
  strapi: () => import('./strapi.ts'),
}

/** Starts the peers one after the other; one that cannot be had here is told to `complain`, and the others go on. */
export async function startPeers(
  { peers: names, peerIndex }: Pick<BenchOptions, 'peers' | 'peerIndex'>,
  complain: (text: string) => void,
): Promise<Peer[]> {
  const peers: Peer[] = []
  for (const name of names) {
    try {
      const { startPeer } = await load[name]()
      peers.push(await startPeer(peerIndex))
    } catch (error) {
      complain(`${name} is left out: ${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
  return peers
}
