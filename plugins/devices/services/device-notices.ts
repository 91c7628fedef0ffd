import { asLine, type Notice } from '../../../kernel/contract.ts'

/** Devices that are told of one by one, of those that a look finds lost. */
const MOST_ALONE = 5

/** What the plugin tells users of; see `call.notify`. */
export const deviceNoticeKinds = {
  'device-offline': { title: 'An edge device went offline', mail: false },
} as const

/**
 * Tells those who manage devices of some that went offline. More than a few at once have one cause, such as a network that
 * is gone: that is one notice, which does not come again while it is unread.
 */
export async function tellOfLost(
  notify: (notice: Notice) => Promise<void>,
  lost: readonly { readonly id: string; readonly name: string }[],
): Promise<void> {
  const common = { kind: 'device-offline', to: { permission: 'devices:manage' } } as const
  if (lost.length > MOST_ALONE) {
    await notify({
      ...common,
      title: 'Many edge devices went offline',
      body: `Nothing was heard of ${lost.length} devices or more for ten minutes.`,
      path: '/devices?status=offline',
      unique: 'many',
    })
    return
  }
  for (const { id, name } of lost) {
    await notify({
      ...common,
      title: asLine(`Device ${name} went offline`, 300),
      body: 'Nothing was heard of it for ten minutes.',
      path: `/devices/${id}`,
      unique: id,
    })
  }
}
