/**
 * Everything a plugin may import from the kernel. A plugin is one frozen descriptor, readable before any of its code
 * runs, and one `setup(kit)` that registers behaviour through `kit`, so that the kernel can undo all of it.
 */

export type { AzureCredential } from '../db/dialects/azure-credential.ts'
export type {
  Actor,
  AuditEntry,
  Call,
  Listening,
  Notice,
  PlatformCall,
  Recipients,
  Tenant,
  TenantStatus,
} from './contract/call.ts'
export type { Channel, ChannelFrames, ChannelSocket, Frames, Receiver } from './contract/channel.ts'
export type { Context, PlatformContext, ServiceClasses } from './contract/context.ts'
export type { Gauge } from './contract/gauge.ts'
export type { PlatformJob, Progress, TenantJob } from './contract/job.ts'
export type { Delivery, Deployment, Guest, Kit } from './contract/kit.ts'
export { type AnyPlugin, definePlugin, type KitOf, type PluginDescriptor } from './contract/plugin.ts'
export {
  type EventRef,
  eventRef,
  type GuestRef,
  guestRef,
  type PermissionKey,
  type ServiceRef,
  serviceRef,
} from './contract/refs.ts'
export { type TenantRetention, tenantRetention } from './contract/retention.ts'
export type {
  GuestRoute,
  Input,
  PathParams,
  PlatformRoute,
  RequestFacts,
  Route,
  Signature,
  Upload,
} from './contract/route.ts'
export { type UserDirectory, type UserSummary, userDirectory } from './contract/users.ts'
export { whereContains } from './data/contains.ts'
export { asLine, ipAddress, lineOfText } from './data/fields.ts'
export { newId } from './data/id.ts'
export { isDeeperThan } from './data/json-depth.ts'
export { atLeast, contains, defineList, equals, type Filter, type ListPage, oneOf, queryFlag } from './data/list.ts'
export type { PlatformDb } from './data/platform-db.ts'
export { type PreparedQuery, prepare } from './data/prepared.ts'
export type { TenantDb } from './data/tenant-db.ts'
export { type ErrorCode, Problem, problem } from './errors.ts'
export { csvReply, etagReply, Reply, reply } from './http/reply.ts'
export type { Log } from './log/log.ts'
export { equalSecrets } from './secrets/keys.ts'
export type { Signer } from './secrets/signer.ts'
