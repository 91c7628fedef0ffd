// The build without `loadModules`: the other one brings a search for files along, which takes time and memory at the start.
import { asClass, asFunction, asValue, createContainer, InjectionMode } from 'awilix/browser'
import type { PlatformWork, TenantCall } from '../call.ts'
import type { AnyPlugin, Deployment, ServiceClasses } from '../contract.ts'
import { problem } from '../errors.ts'
import { gate } from '../tenancy/gate.ts'
import { type Cradle, cradleClass } from './cradle.ts'

type AnyCall = TenantCall | PlatformWork

/** What handlers get; services are made when they are first read. */
export interface CallContext {
  readonly call: AnyCall
}

interface ContextClass {
  new (call: AnyCall): CallContext
}

/**
 * Builds the class of a plugin's call contexts, once. An instance has the call and a getter per service and used
 * service; what they are made of is opened by the first getter, so a handler that needs none pays for none.
 */
export function contextClass(
  plugin: AnyPlugin,
  kind: 'tenant' | 'platform',
  config: unknown,
  deployment: Deployment,
): ContextClass {
  const services: ServiceClasses = (kind === 'tenant' ? plugin.services : plugin.platformServices) ?? {}
  const uses = kind === 'tenant' ? (plugin.uses ?? {}) : {}
  const container = createContainer({ injectionMode: InjectionMode.PROXY, strict: true })
  container.register({
    config: asValue(config),
    deployment: asValue(deployment),
    db: asFunction(({ call }: CallContext) => call.db).scoped(),
    log: asFunction(({ call }: CallContext) => call.log).scoped(),
  })
  for (const [name, ref] of Object.entries(uses)) {
    container.register(name, asFunction(({ call }: CallContext) => useService(call as TenantCall, ref.id)).scoped())
  }
  for (const [name, service] of Object.entries(services)) container.register(name, asClass(service as never).scoped())

  const CallCradle = cradleClass<AnyCall>(container)

  class Context implements CallContext {
    readonly call: AnyCall
    #cradle: Cradle<AnyCall> | undefined

    constructor(call: AnyCall) {
      this.call = call
    }

    static {
      for (const name of [...Object.keys(services), ...Object.keys(uses)]) {
        const get = function (this: Context): unknown {
          return (this.#cradle ??= new CallCradle(this.call))[name]
        }
        Object.defineProperty(Context.prototype, name, { enumerable: true, get })
      }
    }
  }
  return Context
}

/**
 * Another plugin's service, in the same call and transaction.
 * @throws Problem `plugin_unavailable` or `feature_disabled`, naming both sides
 */
function useService(call: TenantCall, refId: string): object {
  const provider = call.core.runtime.provider(refId)
  if (!provider) {
    throw problem('plugin_unavailable', `"${call.host.plugin.name}" needs ${refId}, and no running plugin offers it.`)
  }
  const refused = gate(provider.host.plugin.feature, call.core.runtime.tenant(call.tenant.id))
  if (refused) throw refused
  let context = call.contexts.get(provider.host)
  if (!context) {
    context = provider.host.tenantContext(call.within(provider.host))
    call.contexts.set(provider.host, context)
  }
  return (context as Record<string, object>)[provider.service] as object
}
