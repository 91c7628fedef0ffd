import { problem, type Signer } from '../../../kernel/contract.ts'
import type { Snap } from '../snap.ts'

/** Names a package. */
type NamedVersion = Pick<Snap, 'name' | 'version'>

/** What an address of a download carries besides. */
export interface DownloadTicket {
  /** Seconds since 1970. */
  readonly expires: number
  readonly signature: string
}

/** Makes and checks the addresses under which packages are downloaded from this server. */
export class DownloadLinks {
  readonly #signer: Signer

  constructor(signer: Signer) {
    this.#signer = signer
  }

  /** The path of a package, good until `expires`. */
  path(snap: NamedVersion, expires: Date): string {
    const seconds = Math.floor(expires.getTime() / 1000)
    const path = `/api/v1/snaps/${snap.name}/${encodeURIComponent(snap.version)}/download`
    return `${path}?expires=${seconds}&signature=${this.#signer.sign(signed(snap, seconds))}`
  }

  /** @throws Problem `download_forged`, `download_expired` */
  check(snap: NamedVersion, { expires, signature }: DownloadTicket, now: Date): void {
    if (!this.#signer.isSigned(signed(snap, expires), signature)) throw problem('download_forged')
    if (now.getTime() >= expires * 1000) throw problem('download_expired')
  }
}

const signed = ({ name, version }: NamedVersion, seconds: number): string => `${name} ${version} ${seconds}`
