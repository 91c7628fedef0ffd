import type { DeviceKit } from './plugin.ts'

/** What operators watch. */
export function gauges(kit: DeviceKit): void {
  kit.gauge('devices', {
    unit: '{device}',
    description: 'Devices by status.',
    async read({ call, presence }) {
      const counted = await presence.counts(call.now())
      return counted.map(({ status, devices }) => ({ value: Number(devices), attributes: { status } }))
    },
  })
  kit.gauge('open_commands', {
    unit: '{command}',
    description: 'Commands that are not final, by status.',
    async read({ commandQueue }) {
      const counted = await commandQueue.counts()
      return counted.map(({ status, commands }) => ({ value: Number(commands), attributes: { status } }))
    },
  })
  kit.gauge('oldest_queued_command', {
    unit: 's',
    description: 'Age of the oldest command that was not sent to its device yet; 0 when there is none.',
    async read({ call, commandQueue }) {
      const oldest = await commandQueue.oldestQueued()
      return [{ value: oldest === null ? 0 : Math.max(0, (call.now().getTime() - Date.parse(oldest)) / 1000) }]
    },
  })
}
