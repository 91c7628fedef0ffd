/** What tests of plugins outside the checkout import, as `monozu-cloud-backend/testing`. */
export type { Answer, Client } from './client.ts'
export { type ConformanceOptions, conformance } from './conformance.ts'
export { guestsPlugin } from './fakes.ts'
export {
  startTestKernel,
  type TenantName,
  type TestKernel,
  type TestKernelOptions,
  type ToldNotice,
} from './test-kernel.ts'
export { testPlugin } from './test-plugin.ts'
export { SocketRefused, type TestFrame, TestSocket } from './test-socket.ts'
