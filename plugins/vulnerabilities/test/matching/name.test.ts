import test from 'ava'
import { CpeNameError, normaliseName, parseName, validateAssetCpe } from '../../matching/cpe.ts'

const rest = '*:*:*:*:*:*:*'

for (const [title, text, key, version] of [
  [
    'a plain name',
    `cpe:2.3:o:siemens:scalance_x200_firmware:5.2.4:${rest}`,
    'o:siemens:scalance_x200_firmware',
    '5.2.4',
  ],
  ['upper case', `CPE:2.3:A:Apache:Causeway:4.0.0-M1:${rest}`, 'a:apache:causeway', '4.0.0-m1'],
  ['quoted signs', `cpe:2.3:o:cisco:ios:15.2\\(4\\)e7:${rest}`, 'o:cisco:ios', '15.2(4)e7'],
  ['a quoted colon', `cpe:2.3:a:donweb:envialosimple\\::2.1:${rest}`, 'a:donweb:envialosimple\\:', '2.1'],
  ['a quoted backslash at the end', `cpe:2.3:a:v:p\\\\:1:${rest}`, 'a:v:p\\\\', '1'],
  ['needless quoting of . - _', `cpe:2.3:a:v:a\\-b\\_c:1\\.0:${rest}`, 'a:v:a-b_c', '1.0'],
] as const) {
  test(`parseName reads ${title}`, t => {
    const name = parseName(text)
    t.is(name.key, key)
    t.is(name.version, version)
    t.is(parseName(name.text).text, name.text)
  })
}

for (const [title, text, message] of [
  ['an empty text', '', /does not start with/],
  ['another prefix', `cpe:2.4:a:v:p:1:${rest}`, /does not start with/],
  ['too few values', 'cpe:2.3:a:v:p:1', /has 4 values.*needs 11/],
  ['too many values', `cpe:2.3:a:v:p:1:${rest}:*`, /has 12 values/],
  ['an empty value', `cpe:2.3:a:v::1:${rest}`, /empty product/],
  ['an unknown part', `cpe:2.3:x:v:p:1:${rest}`, /part "x"/],
  ['a wildcard in the middle', `cpe:2.3:a:v:p:1.*.2:${rest}`, /malformed version/],
  ['a question mark in the middle', `cpe:2.3:a:v:p:1?2:${rest}`, /malformed version/],
  ['two stars', `cpe:2.3:a:v:p:**:${rest}`, /malformed version/],
  ['a sign that is not quoted', `cpe:2.3:a:v:p:1+2:${rest}`, /malformed version/],
  ['white space', `cpe:2.3:a:v:my product:1:${rest}`, /malformed product/],
  ['a quoted letter', `cpe:2.3:a:v:p\\a:1:${rest}`, /malformed product/],
  ['a lone backslash at the end', `cpe:2.3:a:v:p:1:*:*:*:*:*:*:\\`, /malformed other/],
  ['a letter outside ASCII', `cpe:2.3:a:v:prödukt:1:${rest}`, /malformed product/],
  ['a name that is too long', `cpe:2.3:a:v:${'p'.repeat(600)}:1:${rest}`, /at most 512/],
] as const) {
  test(`parseName refuses ${title}`, t => {
    t.throws(() => parseName(text), { instanceOf: CpeNameError, message })
  })
}

for (const [title, text, expected] of [
  ['pads a short name', 'cpe:2.3:o:siemens:scalance:*:*', `cpe:2.3:o:siemens:scalance:*:${rest}`],
  ['trims and lowers', '  CPE:2.3:o:Siemens:S7:4.5 ', `cpe:2.3:o:siemens:s7:4.5:${rest}`],
  ['leaves a full name', `cpe:2.3:a:v:p:1:${rest}`, `cpe:2.3:a:v:p:1:${rest}`],
  ['binds a URI anew', 'cpe:/o:siemens:scalance_firmware:4.5', `cpe:2.3:o:siemens:scalance_firmware:4.5:${rest}`],
  ['reads ANY and NA of a URI', 'cpe:/a:v:p::-', 'cpe:2.3:a:v:p:*:-:*:*:*:*:*:*'],
  [
    'decodes percent signs',
    'cpe:/a:hp:insight_diagnostics:7.4%28b%29',
    `cpe:2.3:a:hp:insight_diagnostics:7.4\\(b\\):${rest}`,
  ],
  ['reads wildcards of a URI', 'cpe:/a:hp:insight:8.%02:sp%01%01', 'cpe:2.3:a:hp:insight:8.*:sp??:*:*:*:*:*:*'],
  [
    'unpacks an edition',
    'cpe:/a:hp:insight_diagnostics:7.4.0.1570:-:~~online~win2003~x64~',
    'cpe:2.3:a:hp:insight_diagnostics:7.4.0.1570:-:*:*:online:win2003:x64:*',
  ],
] as const) {
  test(`normaliseName ${title}`, t => {
    t.is(normaliseName(text), expected)
  })
}

for (const [text, message] of [
  ['cpe:/a:v:p:1:2:3:en:more', /8 components/],
  ['cpe:/a:v:p:1%2', /two hex digits/],
  ['cpe:/a:v:p:1:2:~a~b~c~d~e~f', /packs more than 5/],
] as const) {
  test(`normaliseName refuses ${text}`, t => {
    t.throws(() => normaliseName(text), { instanceOf: CpeNameError, message })
  })
}

test('validateAssetCpe accepts what an inventory holds', t => {
  for (const text of [
    'cpe:2.3:o:siemens:scalance:*:*',
    'cpe:2.3:h:siemens:s7-1500:-',
    `cpe:2.3:a:-:log4j:2.14.1:${rest}`,
    `cpe:2.3:a:v:wow\\!:1\\?:${rest}`,
  ]) {
    t.is(validateAssetCpe(text).text, normaliseName(text))
  }
})

for (const [text, message] of [
  ['cpe:2.3:o:siemens:*:1.0', /every CVE of the vendor/],
  ['cpe:2.3:o:siemens:-:1.0', /every CVE of the vendor/],
  ['cpe:2.3:a:*:log4j:2.14.1', /has the vendor "\*"; name the vendor/],
  ['cpe:2.3:*:siemens:s7:1.0', /needs the part/],
  ['cpe:2.3:-:siemens:s7:1.0', /needs the part/],
  ['cpe:2.3:o:siemens:s7:2.*', /wildcard inside its version "2\.\*"/],
  ['cpe:2.3:o:siemens:s7*:2', /wildcard inside its product/],
  ['siemens s7', /does not start with/],
] as const) {
  test(`validateAssetCpe refuses ${text}`, t => {
    t.throws(() => validateAssetCpe(text), { instanceOf: CpeNameError, message })
  })
}
