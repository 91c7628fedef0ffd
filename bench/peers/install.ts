import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

/** What npm is told to install for a peer. */
export interface PeerPackage {
  /** The folder's name below the cache. */
  folder: string
  dependencies: Record<string, string>
  /** Versions that replace what the packages ask for. */
  overrides?: Record<string, string>
  /** Packages whose install script has to run (all others are installed without scripts). */
  build?: readonly string[]
}

/** Where the peers live: `PEERS_DIR`, or `monozu-peers` in the system's folder for temporary files. */
export const peersFolder = process.env.PEERS_DIR ?? join(tmpdir(), 'monozu-peers')

/**
 * Installs a peer from npm, once: a folder that holds the same package is used as it is. Takes one to three minutes.
 * @returns the peer's folder
 * @throws {Error} with the last lines of npm's output
 */
export async function installPeer(peer: PeerPackage): Promise<string> {
  const folder = join(peersFolder, peer.folder)
  const done = join(folder, 'installed.json')
  const wanted = JSON.stringify(peer)
  if (existsSync(done) && readFileSync(done, 'utf8') === wanted) return folder
  // From nothing: npm resolves overrides in a cycle of packages only in an empty folder.
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const { dependencies, overrides } = peer
  const manifest = { name: `peer-${peer.folder}`, version: '1.0.0', private: true, dependencies, overrides }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2))
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], folder)
  for (const name of peer.build ?? []) await run('npm', ['rebuild', '--foreground-scripts', name], folder)
  writeFileSync(done, wanted)
  return folder
}

/**
 * Runs a command to its end with this process's Node first on the PATH.
 * @throws {Error} with its last lines when it fails
 */
export async function run(command: string, args: readonly string[], cwd: string, env = {}): Promise<void> {
  const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`
  const child = spawn(command, args, { cwd, env: { ...process.env, ...headers(), ...env, PATH: path } })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      lines.push(text)
      if (lines.length > 200) lines.shift()
    })
  }
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${lines.join('').slice(-3000)}`)
}

/** node-gyp takes the system's Node headers where there are any: good for N-API modules of every Node version. */
function headers(): Record<string, string> {
  return existsSync('/usr/include/node/node_api.h') ? { npm_config_nodedir: '/usr' } : {}
}
