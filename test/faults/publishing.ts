import { randomBytes } from 'node:crypto'
import { type ClientRequest, request } from 'node:http'

/** The token with which the fault tests publish. */
export const PUBLISH_TOKEN = 'the-publish-token-of-the-fault-tests'

/** An answer to a publication. */
export interface PublishAnswer {
  readonly status: number
  readonly retryAfter: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever the API answered
  readonly body: any
}

/** Begins to publish a version, as a stream; what is written is sent. */
export function beginPublishing(url: string, version: string, type = 'application/octet-stream'): ClientRequest {
  const query = type.startsWith('multipart/') ? '' : `?name=edgezu&version=${version}&channel=stable`
  const sent = request(`${url}/api/v1/admin/publish${query}`, {
    method: 'POST',
    headers: { 'content-type': type, 'x-snap-publish-token': PUBLISH_TOKEN },
  })
  return sent
}

/** Waits for the answer. */
export function answerTo(sent: ClientRequest): Promise<PublishAnswer> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject)
    sent.on('response', response => {
      let text = ''
      response.setEncoding('utf8').on('data', part => {
        text += part
      })
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'],
          body: JSON.parse(text),
        }),
      )
    })
  })
}

const CHUNK = randomBytes(1_000_000)

/** Writes so many megabytes, as fast as they are taken, unless the answer comes first. */
export async function writeMegabytes(sent: ClientRequest, megabytes: number): Promise<void> {
  const answered = new Promise<void>(resolve => {
    for (const event of ['response', 'error', 'close']) sent.once(event, () => resolve())
  })
  let over = false
  answered.then(() => {
    over = true
  })
  for (let written = 0; written < megabytes && !over; written += 1) {
    if (sent.write(CHUNK)) continue
    await Promise.race([answered, new Promise(resolve => sent.once('drain', resolve))])
  }
}

/** Publishes a version of so many megabytes. */
export async function publish(url: string, version: string, megabytes: number): Promise<PublishAnswer> {
  const sent = beginPublishing(url, version)
  const answer = answerTo(sent)
  await writeMegabytes(sent, megabytes)
  sent.end()
  return answer
}
