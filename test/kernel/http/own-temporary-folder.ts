import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

// To be imported before anything that asks for the temporary folder at its own import.
process.env.TMPDIR = mkdtempSync(path.join(tmpdir(), 'upload-test-'))
