import test from 'ava'
import { flywayChecksum } from '../checksum.ts'

// What Flyway 11.8 itself reports for these scripts.
const VECTORS: readonly (readonly [string, string, number])[] = [
  ['one line', 'SELECT 1;\n', 78787420],
  ['CRLF', 'SELECT 1;\r\nSELECT 2;\r\n', -1665099012],
  ['LF without a last one', 'SELECT 1;\nSELECT 2;', -1665099012],
  ['byte order mark', '\ufeffSELECT 1;\n', 78787420],
  ['more than ASCII', "INSERT INTO t VALUES ('Grüße, 東京');\n", -906644556],
  ['blank lines', 'A\n\n\nB\n', 812207111],
  ['spaces', '  A  \n', 2019792058],
]

for (const [name, script, checksum] of VECTORS) {
  test(`equals Flyway's: ${name}`, t => {
    t.is(flywayChecksum(script), checksum)
  })
}
