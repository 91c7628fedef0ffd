import type { JobRepository } from 'agenda'
import { mongoStore } from '../../../kernel/jobs/mongo-store.ts'
import { inside, onLockingMongo, onMongo } from './each-store.ts'
import { lockConformance, type OnRepository, repositoryConformance } from './repository-conformance.ts'

const inMongo =
  (on: typeof onMongo): OnRepository =>
  (title, run) =>
    on(title, async (t, url) => run(t, await inside(t, mongoStore(url))))

repositoryConformance(inMongo(onMongo))
lockConformance(inMongo(onLockingMongo))

onMongo('instances that save the same single job at once make one', async (t, url) => {
  const instances = await Promise.all(Array.from({ length: 8 }, () => inside(t, mongoStore(url))))
  const save = (repository: JobRepository) =>
    repository.saveJob(
      { name: 'tick', type: 'single', priority: 0, nextRunAt: new Date(), repeatInterval: '1 hour', data: null },
      undefined,
    )
  const saved = await Promise.all(instances.map(save))
  t.is(new Set(saved.map(job => job._id)).size, 1)
  t.is((await instances[0]?.queryJobs({ name: 'tick' }))?.total, 1)
})

onLockingMongo('two instances never lock the same job', async (t, url) => {
  const one = await inside(t, mongoStore(url))
  const other = await inside(t, mongoStore(url))
  for (let n = 0; n < 40; n++) {
    await one.saveJob({ name: 'job', priority: 0, type: 'normal', nextRunAt: new Date(), data: n }, undefined)
  }
  const drain = async (repository: JobRepository): Promise<unknown[]> => {
    const claimed: unknown[] = []
    for (;;) {
      const found = await repository.getNextJobToRun('job', new Date(), new Date(0), undefined, undefined)
      if (!found) return claimed
      claimed.push(found.data)
    }
  }
  const all = (await Promise.all([drain(one), drain(other)])).flat()
  t.deepEqual(
    all.map(Number).sort((a, b) => a - b),
    [...Array(40).keys()],
  )
})
