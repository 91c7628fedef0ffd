import { readFileSync } from 'node:fs'
import path from 'node:path'

/** The project's root, which is also what `docker build` is given. */
export const ROOT = path.join(import.meta.dirname, '..', '..')

/** What the tests read of the Dockerfile. */
export interface Dockerfile {
  /** Files and folders of the project that go into the image, as its COPY lines name them. */
  readonly copied: readonly string[]
  /** The last stage's ENV. */
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  readonly command: readonly string[]
  readonly healthcheck: readonly string[]
  /** Its lines, the continued ones joined, without comments. */
  readonly lines: readonly string[]
}

/** Reads the Dockerfile. Only the forms that it uses are understood. */
export function readDockerfile(): Dockerfile {
  const text = readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8')
  const lines = text
    .replace(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  const last = lines.slice(lines.findLastIndex(line => line.startsWith('FROM ')))
  const argument = (from: readonly string[], instruction: string) =>
    from.filter(line => line.startsWith(`${instruction} `)).map(line => line.slice(instruction.length + 1))
  return {
    copied: argument(lines, 'COPY')
      .filter(copy => !copy.startsWith('--'))
      .flatMap(copy => copy.split(/\s+/).slice(0, -1)),
    env: Object.fromEntries(argument(last, 'ENV').flatMap(env => env.split(/\s+/).map(pair => pair.split('=', 2)))),
    user: argument(last, 'USER').at(-1) ?? 'root',
    command: JSON.parse(argument(last, 'CMD').at(-1) ?? '[]') as string[],
    healthcheck: JSON.parse(
      argument(last, 'HEALTHCHECK')
        .at(-1)
        ?.replace(/^.*? CMD /, '') ?? '[]',
    ) as string[],
    lines,
  }
}

/**
 * Whether `docker build` gets a file of the project, by `.dockerignore`: the last line that fits decides.
 * @param file relative to the root, with `/`
 * @throws Error for a form of line that is not understood here
 */
export function reachesBuild(file: string): boolean {
  const parts = file.split('/')
  let reaches = true
  for (const line of readFileSync(path.join(ROOT, '.dockerignore'), 'utf8').split('\n')) {
    const rule = line.trim()
    if (rule === '' || rule.startsWith('#')) continue
    if (rule === '*') reaches = false
    else if (/^![\w.-]+$/.test(rule)) reaches ||= parts[0] === rule.slice(1)
    else if (/^\*\*\/[\w.-]+$/.test(rule)) reaches &&= !parts.includes(rule.slice(3))
    else throw new Error(`.dockerignore: this test does not understand "${rule}"`)
  }
  return reaches
}
