import { type PlatformCall, type PlatformDb, type Problem, problem } from '../../../kernel/contract.ts'
import { hashOfKey, looksLikeKey, newKey } from '../credentials.ts'
import type { Registered, Registration } from '../device.ts'
import { deviceRegistered } from '../public.ts'
import type { KeyOfTenant, RegistrationRepository } from '../repositories/registration-repository.ts'

interface Dependencies {
  readonly call: PlatformCall
  readonly db: PlatformDb
  readonly registrations: RegistrationRepository
}

/** Lets devices in that bring a provisioning key. */
export class RegistrationService {
  readonly #call: PlatformCall
  readonly #db: PlatformDb
  readonly #registrations: RegistrationRepository

  constructor({ call, db, registrations }: Dependencies) {
    this.#call = call
    this.#db = db
    this.#registrations = registrations
  }

  /**
   * Makes a device, and the key by which it is known from now on.
   * @param credential the provisioning key, wherever it was sent; empty when it was sent nowhere
   * @throws Problem `invalid_registration`, the same for whatever is wrong with the credential
   */
  async register(credential: string, facts: Registration): Promise<Registered> {
    if (!looksLikeKey('prov', credential)) throw refused()
    const key = await this.#registrations.keyByHash(hashOfKey(credential))
    if (!key || !isAccount(key, facts.account_name) || !this.#isOpen(key)) throw refused()
    try {
      return await this.#db.transaction(() => this.#make(key, facts))
    } catch (error) {
      // The site of the key was deleted a moment ago.
      if (key.site_id === null || !this.#db.dialect.isForeignKeyViolation(error)) throw error
      return this.#db.transaction(() => this.#make({ ...key, site_id: null }, facts))
    }
  }

  async #make(key: KeyOfTenant, facts: Registration): Promise<Registered> {
    const now = this.#call.now()
    const { tenant_id, site_id } = key
    if (!(await this.#registrations.useKey(key.id, now))) throw refused()
    const device_key = newKey('dvc')
    const device_id = await this.#registrations.insertDevice(key, hashOfKey(device_key), facts, now)
    this.#call.audit(tenant_id, {
      action: 'device.registered',
      resourceType: 'device',
      resourceId: device_id,
      after: { name: facts.name, location: facts.location, type: facts.type, site_id, edge_key_id: key.id },
    })
    await this.#call.emit(deviceRegistered, { device_id, site_id }, tenant_id)
    return { device_id, device_key, tenant_id }
  }

  #isOpen({ tenant_id }: KeyOfTenant): boolean {
    const status = this.#call.tenant(tenant_id)?.status
    return status === 'active' || status === 'grace'
  }
}

const isAccount = ({ account_name }: KeyOfTenant, named: string | undefined): boolean =>
  named === undefined || named.toLowerCase() === account_name.toLowerCase()

const refused = (): Problem =>
  problem('invalid_registration', 'The registration key is not right, or not any more; or the account is not active.')
