import test from 'ava'
import { withDesk } from './desk.ts'

test(
  'which events were heard is forgotten a week later',
  withDesk(async (t, desk) => {
    const { kernel } = desk
    await desk.report([{ title: 'Scan' }])
    t.like(await kernel.job('security', 'purge-deliveries', {}), { result: { deleted: 0 } })
    kernel.clock.advance(8 * 86_400_000)
    t.like(await kernel.job('security', 'purge-deliveries', {}), { result: { deleted: 1 } })
  }),
)
