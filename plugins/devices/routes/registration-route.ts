import { Registered, Registration } from '../device.ts'
import type { DeviceKit } from '../plugin.ts'

const HEADER = 'X-Provisioning-Key'

/** How devices get in. */
export function registrationRoute(kit: DeviceKit): void {
  kit.platformRoute('POST /devices/register', {
    summary: 'Register a device',
    description:
      `The provisioning key is sent in the header ${HEADER}, or as registration_key with account_name in the body. ` +
      'Whatever is wrong with it, the answer is the same 401. The device key is in the answer and never shown again.',
    access: 'public',
    edge: true,
    body: Registration,
    returns: Registered,
    status: 201,
    limit: { perMinute: 30 },
    secretAnswer: true,
    atomic: false,
    handle: ({ body }, { registrationService }, request) =>
      registrationService.register(request.header(HEADER).trim() || (body.registration_key ?? ''), body),
  })
}
