import { z } from 'zod'
import { integer } from '../../config/setting.ts'

/** The settings of edge devices. */
export const deviceSettings = z.object({
  DEVICES_COMMAND_RETENTION_DAYS: integer(
    1,
    3650,
    'Days that a command to a device is kept after it has ended.',
  ).default(90),
})
