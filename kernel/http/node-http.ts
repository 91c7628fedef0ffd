/**
 * What the kernel runs of `node:http`. Not by `import`: that reads every export of the module, and the getter of its
 * `WebSocket` loads undici, 14 MB and 60 ms for something that is never used here.
 */
export const { createServer, ServerResponse, STATUS_CODES } = process.getBuiltinModule('node:http')
