import type { AgendaBackend, JobRepository } from 'agenda'

/**
 * A backend whose jobs are only handed out while `isRunning(name)`: the jobs of a stopped plugin stay where they are, for
 * another instance or for later. Agenda itself cannot take back a definition.
 * @param report hears of a failed unlocking, which Agenda starts without awaiting it
 */
export function parking(
  backend: AgendaBackend,
  isRunning: (name: string) => boolean,
  report: (error: Error) => void,
): AgendaBackend {
  const { repository } = backend
  const claim: JobRepository['getNextJobToRun'] = (name, ...rest) =>
    isRunning(name) ? repository.getNextJobToRun(name, ...rest) : Promise.resolve(undefined)
  const unlock: JobRepository['unlockJob'] = job => repository.unlockJob(job).catch(report)
  const gated = new Proxy(repository, {
    get(target, key) {
      if (key === 'getNextJobToRun') return claim
      if (key === 'unlockJob') return unlock
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return {
    name: backend.name,
    repository: gated,
    notificationChannel: backend.notificationChannel,
    logger: backend.logger,
    ownsConnection: backend.ownsConnection,
    connect: () => backend.connect(),
    disconnect: () => backend.disconnect(),
  }
}
