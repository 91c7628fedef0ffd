import test from 'ava'
import { type CommandHandler, CommandRunner } from '../command-runner.ts'

const command = (id: string, name: string) => ({ id, command: name, payload: {} })
const runner = (handlers: Record<string, CommandHandler>): CommandRunner =>
  new CommandRunner(new Map(Object.entries(handlers)))

test('a command that comes twice is done once, and answered the same', async t => {
  let times = 0
  const commands = runner({ count: async () => ++times })
  t.deepEqual(await commands.run(command('1', 'count')), { status: 'completed', result: 1 })
  t.deepEqual(await commands.run(command('1', 'count')), { status: 'completed', result: 1 })
  t.is(times, 1)
})

test('commands are done one after the other', async t => {
  const steps: string[] = []
  const slow = Promise.withResolvers<void>()
  const commands = runner({
    slow: async () => {
      await slow.promise
      steps.push('slow')
    },
    quick: async () => void steps.push('quick'),
  })
  const both = Promise.all([commands.run(command('1', 'slow')), commands.run(command('2', 'quick'))])
  slow.resolve()
  await both
  t.deepEqual(steps, ['slow', 'quick'])
})

test('what goes wrong is told, and the next command is done', async t => {
  const commands = runner({
    fail: async () => {
      throw new Error('the disk is full')
    },
    well: async () => undefined,
  })
  t.deepEqual(await commands.run(command('1', 'fail')), { status: 'failed', error: 'the disk is full' })
  t.deepEqual(await commands.run(command('2', 'well')), { status: 'completed' })
})

test('an unknown command is rejected', async t => {
  t.like(await runner({}).run(command('1', 'dance')), { status: 'rejected' })
})
