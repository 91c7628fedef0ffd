import type { z } from 'zod'
import type { Frames } from '../contract.ts'
import { errorCodes } from '../errors.ts'
import { hoist, schemaOf } from '../http/openapi.ts'
import type { Catalogue } from '../plugins/catalogue.ts'
import type { PluginHost } from '../plugins/host.ts'
import type { AnyChannelFrames, AnyReceiver } from '../plugins/registrations.ts'
import { channelPath, type OpenChannel } from './open-channel.ts'

type Json = Record<string, unknown>

const errorData: Json = {
  type: 'object',
  description: 'What was wrong with a frame: `error` is stable, `errors` says where.',
  required: ['error', 'detail', 'trace_id'],
  properties: {
    error: { type: 'string', enum: Object.keys(errorCodes) },
    detail: { type: 'string' },
    trace_id: { type: 'string' },
    errors: {
      type: 'array',
      items: { type: 'object', properties: { path: { type: 'string' }, message: { type: 'string' } } },
    },
  },
}

/** AsyncAPI 3.0 of the channels of the running plugins, from the schemas that validate. */
export function asyncApi(catalogue: Catalogue, version: string): Json {
  const channels: Json = {}
  const operations: Json = {}
  const schemas: Json = { FrameError: errorData }
  const securitySchemes: Json = {
    token: { type: 'httpApiKey', in: 'query', name: 'token', description: 'An access token.' },
    bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  }
  for (const host of catalogue.hosts) {
    for (const open of host.channels.values()) {
      const { name, channel } = open
      const { guests } = channel
      const scheme = guests?.header.toLowerCase()
      if (guests && scheme) securitySchemes[scheme] = { type: 'httpApiKey', in: 'header', name: guests.header }
      const security = (scheme ? [scheme] : ['token', 'bearer']).map(key => ({
        $ref: `#/components/securitySchemes/${key}`,
      }))
      const additions = [...open.added.frames].filter(([adder]) => adder.state === 'running')
      const all = [channel, ...additions.map(([, frames]) => frames)]
      const sent = all.flatMap(({ send = {} }) => Object.keys(send))
      const received = all.flatMap(({ receive = {} }) => Object.keys(receive))
      const document = hoist(channelOf(open), host.plugin.name, schemas) as Json
      const added = additions.map(([adder, frames]) => hoist(addedBy(adder, frames), adder.plugin.name, schemas))
      channels[name] = { ...document, messages: Object.assign({}, ...added, document.messages) }
      operations[`${name}.send`] = operation(name, 'send', [...sent, 'error'], security)
      if (received.length > 0) operations[`${name}.receive`] = operation(name, 'receive', received, security)
    }
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Monozu Cloud channels',
      version,
      description:
        'Frames are text: `{type, data, id?, at}`. A frame that is not right is answered by an `error` frame with its id. ' +
        'Close codes: 4401 not signed in or token expired, 4403 not allowed or feature off, 4408 no pong, 4409 replaced by ' +
        'a newer socket, 4413 frame too large, 4429 too fast, 1001 stopping, 1013 too slow.',
    },
    defaultContentType: 'application/json',
    channels: sorted(channels),
    operations: sorted(operations),
    components: { schemas: sorted(schemas), securitySchemes },
  }
}

/** The messages that a plugin adds to the channel of another one, each with whose it is. */
function addedBy({ plugin: { name, title, feature } }: PluginHost, { send = {}, receive }: AnyChannelFrames): Json {
  const whose = {
    description: `Added by the plugin \`${name}\`.${feature ? ` Feature: \`${feature}\`.` : ''}`,
    tags: [{ name, description: title }],
  }
  const messages = messagesOf(send, receive)
  return Object.fromEntries(Object.entries(messages).map(([type, message]) => [type, { ...message, ...whose }]))
}

function messagesOf(send: Frames, receive: Readonly<Record<string, AnyReceiver>> = {}): Record<string, Json> {
  const received = Object.entries(receive).map(([type, { data, summary }]) => [
    type,
    { ...frame(type, data, 'input', false), summary },
  ])
  const sent = Object.entries(send).map(([type, schema]) => [type, frame(type, schema, 'input', true)])
  return Object.fromEntries([...received, ...sent])
}

function channelOf({ name, channel, host }: OpenChannel): Json {
  const { feature } = host.plugin
  const notes = [
    channel.description,
    channel.permission === 'signed-in' ? undefined : `Permission: \`${channel.permission}\`.`,
    feature ? `Feature: \`${feature}\`.` : undefined,
  ].filter(note => note !== undefined)
  return {
    address: channelPath(name),
    title: channel.summary,
    ...(notes.length ? { description: notes.join('\n\n') } : {}),
    messages: {
      ...messagesOf(channel.send, channel.receive),
      error: message('error', { $ref: '#/components/schemas/FrameError' }, true),
    },
  }
}

const frame = (type: string, schema: z.ZodType, io: 'input' | 'output', fromServer: boolean): Json => {
  const { $defs, ...data } = schemaOf(schema, io)
  return { ...message(type, data, fromServer), ...($defs ? { $defs } : {}) }
}

/** The envelope around the data of one type. */
function message(type: string, data: Json, fromServer: boolean): Json {
  return {
    name: type,
    contentType: 'application/json',
    payload: {
      type: 'object',
      required: fromServer ? ['type', 'data', 'at'] : ['type', 'data'],
      properties: {
        type: { const: type },
        data,
        id: { type: 'string', maxLength: 100 },
        ...(fromServer ? { at: { type: 'string', format: 'date-time' } } : {}),
      },
    },
  }
}

function operation(channel: string, action: 'send' | 'receive', types: readonly string[], security: Json[]): Json {
  const $ref = `#/channels/${escaped(channel)}`
  return {
    action,
    channel: { $ref },
    messages: types.map(type => ({ $ref: `${$ref}/messages/${escaped(type)}` })),
    security,
  }
}

/** RFC 6901, 3: how a name stands in a JSON pointer. */
const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

const sorted = (map: Json): Json => Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
