/**
 * The yardstick of `sockets.ts`: a `ws` server that does nothing but hold sockets and send each the same Buffer. Says
 * `{"url": …}` in one line on stdout.
 */
import { createServer } from 'node:http'
import { WebSocket, WebSocketServer } from 'ws'
import { serve, serverOptions } from './server-process.ts'
import { control } from './sockets-controls.ts'

const sockets = new WebSocketServer({ noServer: true })
const server = createServer((request, response) => {
  if (!control(request, response, publish)) response.writeHead(404).end()
})
server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, () => undefined))
serve(server, serverOptions().port)

function publish(text: string): void {
  const message = Buffer.from(JSON.stringify({ type: 'said', data: { text }, at: new Date().toISOString() }))
  for (const socket of sockets.clients) {
    if (socket.readyState === WebSocket.OPEN) socket.send(message, { binary: false })
  }
}
