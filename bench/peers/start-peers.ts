import type { peerNames } from '../options.ts'
import type { Peer } from './peer.ts'

type PeerName = (typeof peerNames)[number]

const load: Record<PeerName, () => Promise<{ startPeer(): Promise<Peer> }>> = {
  directus: () => import('./directus.ts'),
  strapi: () => import('./strapi.ts'),
}

/** Starts the peers one after the other; one that cannot be had here is told to `complain`, and the others go on. */
export async function startPeers(names: readonly PeerName[], complain: (text: string) => void): Promise<Peer[]> {
  const peers: Peer[] = []
  for (const name of names) {
    try {
      const { startPeer } = await load[name]()
      peers.push(await startPeer())
    } catch (error) {
      complain(`${name} is left out: ${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
  return peers
}
