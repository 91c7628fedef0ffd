import type { AgendaBackend, JobRepository } from 'agenda'

/** What is asked and told about what a backend hands out. */
export interface Gate {
  /** False for the name of a job that is not handed out now. */
  isRunning(name: string): boolean
  /** Hears of a failed unlocking, which Agenda starts without awaiting it. */
  failed(error: Error): void
  /** Hears that the backend answers. */
  answered(): void
  /** Hears of a job that was locked for this process, by its id, and of one whose lock is given back. */
  locked(id: string): void
  unlocked(id: string): void
}

/**
 * A backend whose jobs are only handed out while `isRunning(name)`: the jobs of a stopped plugin stay where they are, for
 * another instance or for later. Agenda itself cannot take back a definition.
 */
export function parking(backend: AgendaBackend, gate: Gate): AgendaBackend {
  const { repository } = backend
  const claim: JobRepository['getNextJobToRun'] = async (name, ...rest) => {
    if (!gate.isRunning(name)) return undefined
    const job = await repository.getNextJobToRun(name, ...rest)
    gate.answered()
    if (job) gate.locked(String(job._id))
    return job
  }
  const unlock: JobRepository['unlockJob'] = job => {
    gate.unlocked(String(job._id))
    return repository.unlockJob(job).catch(error => gate.failed(error))
  }
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
