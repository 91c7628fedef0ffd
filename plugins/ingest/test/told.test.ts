import test from 'ava'
import { alert, line, seen, withYard } from './yard.ts'

const JOB = '01890000-0000-7000-8000-00000000000f'

test(
  'others hear of alerts, sightings and backups, with the device and its site',
  withYard(async (t, { device, site, heard, stored }) => {
    const backup = { job_id: JOB, status: 'completed', checksum_sha256: 'AB'.repeat(32) }
    await device.send([
      line('nobody hears this'),
      alert('Port scan', { source_ip: '10.0.0.9', destination_ip: '', signature: 2001 }),
      alert('Brute force', { description: 'ssh' }),
      seen({ ip: '10.0.0.1', mac: '00-1B-1B-00-00-01', vendor: 'Siemens', open_ports: [102] }),
      { kind: 'backup_event', timestamp: '2026-01-02T03:04:05Z', data: backup },
    ])
    const ids = (await stored()).map(({ id }) => id)
    const sender = { device_id: device.id, site_id: site }
    const at = '2026-01-02T03:04:05.000Z'
    const none = { source_ip: null, destination_ip: null, description: null, details: null }
    t.deepEqual(await heard(), [
      [
        'ingest.alert-raised',
        {
          ...sender,
          alerts: [
            {
              ...none,
              event_id: ids[1],
              title: 'Port scan',
              severity: 'high',
              source_ip: '10.0.0.9',
              details: { signature: 2001 },
              occurred_at: at,
            },
            { ...none, event_id: ids[2], title: 'Brute force', severity: 'high', description: 'ssh', occurred_at: at },
          ],
        },
      ],
      [
        'ingest.asset-seen',
        {
          ...sender,
          seen: [{ ip: '10.0.0.1', mac: '00-1B-1B-00-00-01', hostname: null, vendor: 'Siemens', seen_at: at }],
        },
      ],
      [
        'ingest.backup-reported',
        {
          ...sender,
          reports: [
            {
              event_id: ids[4],
              job_id: JOB,
              status: 'completed',
              asset_id: null,
              size_bytes: null,
              checksum_sha256: 'ab'.repeat(32),
              reported_at: at,
            },
          ],
        },
      ],
    ])
  }),
)

test(
  'a batch of large alerts is told in portions, all of it and in order',
  withYard(async (t, { device, heard }) => {
    const titles = Array.from({ length: 100 }, (_, at) => `alert ${at}`)
    t.is((await device.send(titles.map(title => alert(title, { description: '"'.repeat(5000) })))).status, 204)
    const told = await heard()
    t.true(told.length > 1)
    t.deepEqual(
      told.flatMap(([, { alerts }]) => alerts.map(({ title }: { title: string }) => title)),
      titles,
    )
  }),
)
