import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { problem, queryFlag, reply } from '../../../kernel/contract.ts'
import type { AssetKit } from '../plugin.ts'
import { checkHeader } from '../services/csv-rows.ts'
import { ImportReport } from '../services/import-report.ts'

/** Largest file that is imported while the caller waits, or kept for a job. */
const MOST_BYTES = 50_000_000

/** In the query, or as fields of the form. */
const Options = z.strictObject({ dry_run: queryFlag.optional(), async: queryFlag.optional() })

/** `POST /assets/import`: while the caller waits, or as a job. */
export function importRoutes(kit: AssetKit): void {
  kit.route('POST /assets/import', {
    summary: 'Import assets from CSV',
    description:
      'UTF-8, separated by commas, semicolons or tabs. Columns: `name` and `type`, and any of `external_key`, `site` (a ' +
      'name) or `site_id`, `producer` (or `vendor`), `model`, `version` (or `firmware`, `os`), `ip_address`, ' +
      '`mac_address`, `criticality`, `lifecycle`, `cpes` (separated by blanks, `;` or `|`), and `id` of an export. A row ' +
      'is an asset that exists when its `id` or `external_key` does, or, without a key, its name at its site; changing ' +
      'one needs `assets:update`. Empty cells leave a field as it is. Wrong rows are reported and left out. With ' +
      '`dry_run=true` nothing is written. With `async=true` the answer is 202 with a `job_id`, whose result is the ' +
      'report.',
    permission: 'assets:create',
    query: Options,
    upload: { types: ['text/csv', 'application/csv', 'multipart/form-data'] },
    maxBytes: MOST_BYTES,
    atomic: false,
    returns: z.union([ImportReport, z.strictObject({ job_id: z.string() })]),
    audit: false,
    async handle({ query, upload }, { call, importService, importRepository }) {
      const mayUpdate = call.can('assets:update')
      upload.content.setEncoding('utf8')
      const options = { ...query, ...formOptions(upload.fields) }
      const dryRun = options.dry_run ?? false
      if (!options.async) return importService.run(upload.content, { dryRun, mayUpdate })
      const content = await text(upload.content)
      await checkHeader(content)
      const jobId = await call.db.transaction(async () => {
        const import_id = await importRepository.insert(content, call.now())
        const id = await call.enqueue('import', { import_id, dry_run: dryRun, may_update: mayUpdate })
        call.audit({ action: 'assets.import-queued', resourceType: 'job', resourceId: id })
        return id
      })
      return reply({ job_id: jobId }, { status: 202, headers: { Location: `/api/v1/jobs/${jobId}` } })
    },
  })
}

/** A form that asks for a dry run must get one: fields that are not understood are refused. */
function formOptions(fields: Readonly<Record<string, string>>): z.output<typeof Options> {
  const result = Options.safeParse(fields)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const name = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0]
  const message = 'must be dry_run or async, with true or false'
  throw problem('invalid', `The field "${String(name)}" of the form ${message}.`, {
    errors: [{ path: `body.${String(name)}`, message }],
  })
}
