import type { OpenChannel } from '../../ws/open-channel.ts'
import type { TestKernel } from '../test-kernel.ts'
import { SocketRefused, TestSocket } from '../test-socket.ts'
import { descriptorOf, routesOf, type Subject } from './subject.ts'

/** What the answer to an upgrade was: 101 when a socket opened, and then closed. */
async function answerTo(open: Promise<TestSocket>): Promise<{ readonly status: number; readonly error?: string }> {
  try {
    await using _socket = await open
    return { status: 101 }
  } catch (error) {
    if (error instanceof SocketRefused) return { status: error.status, error: error.body.error }
    throw error
  }
}

/** The channels of a plugin, which has to run. */
function channelsOf(kernel: TestKernel, name: string): readonly OpenChannel[] {
  routesOf(kernel, name)
  return [...(kernel.kernel.catalogue.byName(name)?.channels.values() ?? [])]
}

/** A channel says what it is, and opens for who is signed in and holds its permission while the feature is on. */
export function channelChecks({ test, name, calm, switched }: Subject): void {
  test(`${name}: every channel and every frame it takes has a summary`, async t => {
    for (const { name: channel, channel: definition } of channelsOf(await calm(), name)) {
      for (const { summary } of [definition, ...Object.values(definition.receive ?? {})]) {
        t.regex(summary, /^\S.*[^.\n]$/, `a summary of the channel ${channel}`)
      }
    }
    t.pass()
  })

  test(`${name}: every channel refuses without credentials, and without its permission`, async t => {
    const kernel = await calm()
    const url = await kernel.socketUrl()
    const all = kernel.kernel.catalogue.plugins.flatMap(({ permissions = {} }) => Object.keys(permissions))
    for (const { name: channel, channel: definition, permission } of channelsOf(kernel, name)) {
      const stranger = await answerTo(TestSocket.open(`${url}/api/ws/${channel}`))
      t.deepEqual(stranger, { status: 401, error: 'unauthenticated' }, channel)
      if (permission === undefined || definition.guests) continue
      const others = all.filter(key => key !== permission)
      const answer = await answerTo(kernel.socket('a', others, channel))
      t.deepEqual(answer, { status: 403, error: 'forbidden' }, channel)
      t.is((await answerTo(kernel.socket('a', [permission], channel))).status, 101, channel)
    }
    t.pass()
  })

  test.serial(`${name}: its channels are open exactly while its feature is on`, async t => {
    const kernel = await switched()
    const { feature } = descriptorOf(kernel, name)
    const channels = channelsOf(kernel, name).filter(({ channel }) => !channel.guests)
    if (feature === undefined || channels.length === 0) return t.pass()
    const sockets = await Promise.all(channels.map(channel => kernel.socket('a', ['*'], channel.name)))
    const others = kernel.features.filter(key => key !== feature)
    await kernel.licence('a', others)
    for (const socket of sockets) t.is((await socket.closed).code, 4403)
    for (const { name: channel } of channels) {
      const answer = await answerTo(kernel.socket('a', ['*'], channel))
      t.deepEqual(answer, { status: 403, error: 'feature_disabled' }, channel)
      t.is((await answerTo(kernel.socket('b', ['*'], channel))).status, 101, channel)
    }
    await kernel.licence('a', kernel.features)
  })
}
