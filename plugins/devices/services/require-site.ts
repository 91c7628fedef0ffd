import { problem } from '../../../kernel/contract.ts'
import type { SiteDirectory } from '../../sites/public.ts'

/** @throws Problem `invalid` for `body.site_id` when the tenant has no site of this id */
export async function requireSite(sites: SiteDirectory, id: string): Promise<void> {
  if (await sites.find(id)) return
  throw problem('invalid', 'No site has this id.', {
    errors: [{ path: 'body.site_id', message: 'no site has this id' }],
  })
}
