import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Deployment } from '../../../kernel/contract.ts'
import type { ProvisioningKeyService } from './provisioning-key-service.ts'

interface Dependencies {
  readonly deployment: Deployment
  readonly provisioningKeyService: ProvisioningKeyService
}

/** The provisioning key of the demo, which the reference agent finds in the data folder of a server beside it. */
export class DemoKey {
  readonly #deployment: Deployment
  readonly #keys: ProvisioningKeyService

  constructor({ deployment, provisioningKeyService }: Dependencies) {
    this.#deployment = deployment
    this.#keys = provisioningKeyService
  }

  /** Makes it, and leaves it in `<data folder>/edge/provisioning-key`, for the owner of the folder only. */
  async leave(): Promise<void> {
    const { secret } = await this.#keys.create({ label: 'Demo', expires_at: null, max_uses: 100, site_id: null })
    const folder = path.join(this.#deployment.dataDir, 'edge')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(path.join(folder, 'provisioning-key'), `${secret}\n`, { mode: 0o600 })
  }
}
