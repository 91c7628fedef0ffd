import { z } from 'zod'
import { type Call, problem } from '../../../kernel/contract.ts'
import { deviceKey } from '../../devices/public.ts'
import type { SnapKit } from '../plugin.ts'
import type { StoredSnap } from '../repositories/snap-row.ts'
import type { DownloadLinks } from '../services/download-links.ts'
import { fileNameOf, NamedVersion, SnapChannel, SnapName, SnapOffer } from '../snap.ts'
import type { BlobStore } from '../stores/blob-store.ts'

const MINUTE_MS = 60_000
/** The package of the edge devices themselves. */
const DEFAULT_NAME = 'edgezu'

const LATEST = z.strictObject({ name: SnapName.default(DEFAULT_NAME), channel: SnapChannel.default('stable') })

/** What devices ask: which version they should have, and where to get it. */
export function deviceRoutes(kit: SnapKit, store: BlobStore, links: DownloadLinks): void {
  const { SNAP_LINK_MINUTES, SNAP_DOWNLOAD_THROUGH_API } = kit.config

  async function offer(snap: StoredSnap, call: Call): Promise<SnapOffer> {
    const { name, version, channel, size_bytes, sha256, sha3_384, blob_key } = snap
    const expires = new Date(call.now().getTime() + SNAP_LINK_MINUTES * MINUTE_MS)
    const direct = SNAP_DOWNLOAD_THROUGH_API
      ? undefined
      : await store.link(blob_key, { filename: fileNameOf(snap), expires })
    return {
      name,
      version,
      channel,
      size_bytes,
      sha256,
      sha3_384,
      download_url: direct ?? call.publicUrl(links.path(snap, expires)),
      download_expires_at: expires.toISOString(),
    }
  }

  kit.guestRoute('GET /snaps/latest', {
    summary: 'The version that a device on a channel should have',
    description:
      'What was released last to the channel, or to one of less risk (`stable`, `candidate`, `beta`, `edge`) where that has ' +
      'a higher version. `download_url` takes `Range`, so that a download that was cut off can go on.',
    guests: deviceKey,
    query: LATEST,
    returns: SnapOffer,
    limit: { perMinute: 120 },
    async handle({ query: { name, channel } }, { call, catalogue }) {
      const snap = await catalogue.latest(name, channel)
      if (!snap) throw problem('not_found', `Nothing of ${name} is released to ${channel}.`)
      return offer(snap, call)
    },
  })

  kit.guestRoute('GET /snaps/:name/:version', {
    summary: 'One version, as a command names it',
    guests: deviceKey,
    params: NamedVersion,
    returns: SnapOffer,
    limit: { perMinute: 120 },
    async handle({ params: { name, version } }, { call, catalogue }) {
      const snap = await catalogue.find(name, version)
      if (!snap) throw problem('not_found', `${name} ${version} is not published.`)
      return offer(snap, call)
    },
  })
}
