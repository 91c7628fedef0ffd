import { createHash } from 'node:crypto'
import { MongoJobRepository, ObjectId } from '@agendajs/mongo-backend'
import type { JobParameters, JobRepository, JobRepositoryOptions } from 'agenda'
import type { Db } from 'mongodb'
import { DueNames } from './due-names.ts'
import { TicketGone } from './ticket-gone.ts'

/** The collection that holds Agenda's jobs. */
export const AGENDA_COLLECTION = 'agendaJobs'

const DUPLICATE_KEY = 11000

type Single = Omit<JobParameters, '_id' | 'unique' | 'uniqueOpts' | 'lastModifiedBy'> & {
  lastModifiedBy: string | null
}

/**
 * Agenda's own repository for MongoDB, with what the kernel needs besides: one query a turn of the clock however many
 * names there are, one clock of a recurring job however many instances define it at once, and no error for an id that
 * cannot exist.
 */
export class MongoRepository extends MongoJobRepository implements JobRepository {
  readonly #due: DueNames

  constructor(db: Db) {
    super({ mongo: db, db: { collection: AGENDA_COLLECTION } })
    this.#due = new DueNames((dueUntil, lockDeadline) =>
      this.collection.distinct('name', {
        disabled: { $ne: true },
        $or: [{ lockedAt: null, nextRunAt: { $lte: dueUntil } }, { lockedAt: { $lte: lockDeadline } }],
      }),
    )
  }

  override async getJobById(id: string): Promise<JobParameters | null> {
    return ObjectId.isValid(id) ? super.getJobById(id) : null
  }

  override async getNextJobToRun(
    jobName: string,
    nextScanAt: Date,
    lockDeadline: Date,
    now: Date | undefined,
    options: JobRepositoryOptions | undefined,
  ): Promise<JobParameters | undefined> {
    if (!(await this.#due.isDue(jobName, nextScanAt, lockDeadline))) return undefined
    return super.getNextJobToRun(jobName, nextScanAt, lockDeadline, now, options)
  }

  /** @throws {TicketGone} when the job was removed meanwhile. */
  override async saveJobState(job: JobParameters, options: JobRepositoryOptions | undefined): Promise<void> {
    try {
      await super.saveJobState(job, options)
    } catch (error) {
      throw /cannot be updated in the database/.test((error as Error).message) ? new TicketGone(job) : error
    }
  }

  override async saveJob<DATA = unknown>(
    job: JobParameters<DATA>,
    options: JobRepositoryOptions | undefined,
  ): Promise<JobParameters<DATA>> {
    const { _id, unique, uniqueOpts, ...given } = job
    const props = { ...given, lastModifiedBy: options?.lastModifiedBy ?? null }
    const id = _id ?? (job.type === 'single' ? await this.#saveSingle(props) : undefined)
    if (id === undefined) return super.saveJob(job, options)
    // Only what is given: the lock and the times of a run belong to whoever runs it.
    if (_id) await this.collection.updateOne({ _id: new ObjectId(String(_id)), name: job.name }, { $set: props })
    return ((await this.getJobById(String(id))) as JobParameters<DATA> | null) ?? job
  }

  /**
   * One job of this type for each name; the stored one keeps its time when the new one is due already. Two upserts at
   * once could make two documents, so the id follows from the name.
   */
  async #saveSingle(props: Single): Promise<ObjectId> {
    const _id = singleId(props.name)
    const { nextRunAt, ...others } = props
    const due = nextRunAt !== null && nextRunAt <= new Date()
    const changed = await this.collection.updateOne({ _id }, { $set: due ? others : props })
    if (changed.matchedCount === 1) return _id
    try {
      await this.collection.insertOne({ ...props, _id })
    } catch (error) {
      if ((error as { code?: unknown }).code !== DUPLICATE_KEY) throw error
    }
    return _id
  }
}

const singleId = (name: string): ObjectId =>
  new ObjectId(createHash('sha256').update(`single ${name}`).digest().subarray(0, 12))
