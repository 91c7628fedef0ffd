import type { IncomingHttpHeaders } from 'node:http'
import { type CallCore, PlatformWork } from '../call.ts'
import type { Actor, GuestRef } from '../contract.ts'
import { problem } from '../errors.ts'
import type { PluginHost } from '../plugins/host.ts'
import { type KnownGuests, PluginFault } from '../plugins/registrations.ts'
import { gate } from '../tenancy/gate.ts'
import type { Permissions, Principal } from './principal.ts'

/** Most characters of a credential; what is longer is nobody's. */
const LONGEST = 1_024

/** Who asks before it is known who it is. */
export const anonymous: Actor = Object.freeze({ kind: 'anonymous', id: 'anonymous' })

const nothing: Permissions = { has: () => false }

interface Entry extends KnownGuests {
  readonly host: PluginHost
  /** The header's name as Node has it. */
  readonly header: string
}

/**
 * Which plugin knows which guests, and who is behind a credential. A plugin that has stopped is still remembered: its
 * guests are told to come again, instead of that nobody knows them.
 */
export class GuestDirectory {
  readonly #entries = new Map<string, Entry>()

  /**
   * Adds the guests that a plugin knows.
   * @throws PluginFault when another plugin knows them already
   */
  add(host: PluginHost, guests: KnownGuests): void {
    const { id, header } = guests.ref
    const taken = this.#entries.get(id)
    if (taken && taken.host !== host) {
      throw new PluginFault(
        `plugin "${host.plugin.name}": the plugin "${taken.host.plugin.name}" knows the guests "${id}" already`,
      )
    }
    this.#entries.set(id, { ...guests, host, header: header.toLowerCase() })
  }

  /**
   * Who is behind the credential in the headers.
   * @param core a call of nobody, in which the plugin that knows these guests is asked
   * @throws Problem `unauthenticated`, naming the header; `plugin_unavailable` while the plugin that knows them is not
   * running; whatever that plugin throws
   */
  async identify(core: CallCore, ref: GuestRef, headers: IncomingHttpHeaders): Promise<Principal> {
    const entry = this.#entries.get(ref.id)
    if (entry?.host.state !== 'running') {
      throw problem('plugin_unavailable', `No running plugin knows who "${ref.id}" is.`, {
        headers: { 'Retry-After': '5' },
      })
    }
    const credential = headers[entry.header]
    if (typeof credential !== 'string' || credential === '') {
      throw problem('unauthenticated', `Send a credential in the header ${entry.ref.header}.`)
    }
    const principal = credential.length > LONGEST ? undefined : await ask(entry, core, credential)
    if (!principal) throw problem('unauthenticated', `The credential in the header ${entry.ref.header} is not valid.`)
    return principal
  }

  /** The guests whose header is among these; undefined when there is none. */
  of(headers: IncomingHttpHeaders): GuestRef | undefined {
    for (const { header, ref } of this.#entries.values()) if (headers[header] !== undefined) return ref
    return undefined
  }
}

async function ask({ host, authenticate }: Entry, core: CallCore, credential: string): Promise<Principal | undefined> {
  host.inFlight.enter()
  try {
    const guest = await authenticate(credential, host.platformContext(new PlatformWork(core, host)) as never)
    if (!guest) return undefined
    await core.flush(undefined)
    const { actor, tenantId, permissions } = guest
    const { feature } = host.plugin
    const state = core.runtime.tenant(tenantId)
    const refused = feature !== undefined && state ? gate(feature, state) : undefined
    if (refused) throw refused
    return { actor, tenantId, permissions: permissions?.length ? new Set(permissions) : nothing, sessionId: undefined }
  } finally {
    host.inFlight.leave()
  }
}
