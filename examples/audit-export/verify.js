// Checks a file of `GET /api/v1/audit/export?format=json&order=chain` without the server, with nothing but Node:
//   node verify.js audit.json --tenant <tenant id>     a file that begins with the first line ever
//   node verify.js audit.json --after <hash>           one that begins later: the hash of the line before its first
// Prints the hash of the last line, to be compared with one that was noted elsewhere. Ends with 1 when something is wrong.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

const [file, option, value] = process.argv.slice(2)
const sha256 = text => createHash('sha256').update(text).digest('hex')
let previous = option === '--tenant' ? sha256(`monozu-audit-chain:${value}`) : value
let place
let checked = 0

const fail = reason => {
  process.stderr.write(`${reason}\n`)
  process.exit(1)
}

if (!file || !previous) fail('node verify.js audit.json --tenant <tenant id> | --after <hash>')
for await (const line of createInterface({ input: createReadStream(file) })) {
  if (line === '[]' || line === '') continue
  // What is hashed is the record as it stands in the file, without the field "hash" at its end.
  const [, record, sequence, hash] = /^\[?(\{.*,"sequence":(\d+)),"hash":"([0-9a-f]{64})"\}[,\]]?$/.exec(line) ?? []
  if (!record) fail(`not a sealed line of an export: ${line.slice(0, 200)}`)
  if (place !== undefined && Number(sequence) !== place + 1) fail(`after line ${place} comes line ${sequence}`)
  if (sha256(`${previous}${record}}`) !== hash)
    fail(`line ${sequence} does not fit: it, or the one before it, was changed`)
  previous = hash
  place = Number(sequence)
  checked++
}
process.stdout.write(`${checked} lines are as they were sealed; the last hash is ${previous}\n`)
