import type { VulnerabilityKit } from '../plugin.ts'
import { Settings } from '../vulnerability.ts'

/** What the tenant decides about matching. */
export function settingsRoutes(kit: VulnerabilityKit): void {
  kit.route('GET /vulnerabilities/settings', {
    summary: 'Settings of matching',
    permission: 'vulnerabilities:read',
    returns: Settings,
    handle: (_input, { settingsRepository }) => settingsRepository.read(),
  })
  kit.route('PUT /vulnerabilities/settings', {
    summary: 'Set the settings of matching',
    permission: 'vulnerabilities:manage',
    body: Settings,
    returns: Settings,
    async handle({ body }, { call, settingsRepository }) {
      const before = await settingsRepository.read()
      await settingsRepository.write(body, call.now())
      call.audit({
        action: 'vulnerability-settings.updated',
        resourceType: 'vulnerability-settings',
        resourceId: call.tenant.id,
        before,
        after: body,
      })
      return body
    },
  })
}
