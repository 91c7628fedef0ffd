import { DeviceCommand, NewCommand } from '../command.ts'
import type { DeviceKit } from '../plugin.ts'
import { commandList, toCommand } from '../repositories/command-repository.ts'

const query = commandList.query.omit({ device_id: true })

/** Commands as their senders see them. */
export function commandRoutes(kit: DeviceKit): void {
  kit.route('GET /devices/:id/commands', {
    summary: 'Commands of a device',
    permission: 'devices:read',
    query,
    returns: commandList.returns(DeviceCommand),
    async handle({ params, query: asked }, { call, deviceService }) {
      await deviceService.get(params.id)
      const now = call.now()
      const narrowed = {
        ...asked,
        device_id: params.id,
        ...(asked.status === undefined ? {} : { status: [now.toISOString(), ...(asked.status as string[])] }),
      }
      const { items, ...page } = await commandList.page(call.db, narrowed)
      return { items: items.map(row => toCommand(row, now)), ...page }
    },
  })
  kit.route('POST /devices/:id/commands', {
    summary: 'Send a command to a device',
    description:
      'It is delivered at least once, after those that were sent before it, and expires after 24 hours unless it says. ' +
      'Payloads: `update_snap` {snap_name, version}, `restart_service` {service}, `run_discovery` {subnet}, ' +
      '`config_update` any object.',
    permission: 'devices:control',
    body: NewCommand,
    returns: DeviceCommand,
    status: 201,
    handle: ({ params, body }, { commandService }) => commandService.send(params.id, body),
  })
  kit.route('GET /devices/:id/commands/:command_id', {
    summary: 'A command of a device',
    permission: 'devices:read',
    returns: DeviceCommand,
    handle: ({ params }, { commandService }) => commandService.get(params.id, params.command_id),
  })
  kit.route('POST /devices/:id/commands/:command_id/cancel', {
    summary: 'Cancel a command that is not final',
    description: 'A device that has it already may still do it; what it then says is kept as late.',
    permission: 'devices:control',
    returns: DeviceCommand,
    handle: ({ params }, { commandService }) => commandService.cancel(params.id, params.command_id),
  })
}
