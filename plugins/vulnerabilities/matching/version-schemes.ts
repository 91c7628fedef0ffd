/** What a word inside a version means. */
export interface WordRule {
  /** Words of one class are the same word: `patch`, `p` and `pl`. */
  readonly class: string
  /** Below 0: before the release it is attached to. 0: the release itself. Above 0: after it. */
  readonly rank: number
  /** How many of the numbers that follow count; the rest is a build counter. Default: all. */
  readonly take?: number
  /** Names a build of the same release: it counts only where both versions have it. */
  readonly build?: true
  /** Opens a line of its own: neither other words nor other numbers of this word can be compared with it. */
  readonly line?: true
}

/** How the versions of one producer are written. Only the tables differ; version.ts reads them. */
export interface VersionScheme {
  /** `segments` is the table-driven reading; the other three follow their own published algorithm. */
  readonly algorithm: 'segments' | 'semver' | 'deb' | 'rpm'
  /** Whether 1.0 and 1.0.0 are equal, so that numbers and dots alone can be compared without any table. */
  readonly plain: boolean
  /** Leading words without meaning: the `v` of `v1.2`. */
  readonly prefixes: ReadonlySet<string>
  /** Replacements done before anything else is read, on lower-case text. */
  readonly rewrites: readonly (readonly [pattern: RegExp, replacement: string])[]
  /** By word; `b#` is the word `b` directly followed by a number. */
  readonly words: Readonly<Record<string, WordRule>>
  /** Runs of up to this many letters that no table knows are a patch letter: 1.0.2k, and with 2 also 1.0.2za. */
  readonly patchLetters: number
  /** Whether two different words above 0 can be ordered by rank (V16 Upd 5 is before V16 SP1). */
  readonly ordered: boolean
  /** Words no table knows: not comparable, or by alphabet after the release (Maven). */
  readonly unknownWords: 'undecidable' | 'alphabetical'
}

const before = (name: string, rank: number): WordRule => ({ class: name, rank })
const after = before
const RELEASE: WordRule = { class: 'release', rank: 0 }

const ALPHA = before('alpha', -50)
const BETA = before('beta', -40)
const MILESTONE = before('milestone', -35)
const CANDIDATE = before('rc', -20)

const preReleaseWords: Record<string, WordRule> = {
  dev: before('dev', -70),
  nightly: before('nightly', -65),
  snapshot: before('snapshot', -65),
  canary: before('canary', -60),
  next: before('next', -60),
  alpha: ALPHA,
  'a#': ALPHA,
  beta: BETA,
  'b#': BETA,
  milestone: MILESTONE,
  'm#': MILESTONE,
  preview: before('preview', -30),
  ea: before('preview', -30),
  pre: before('pre', -25),
  prerelease: before('pre', -25),
  rc: CANDIDATE,
  cr: CANDIDATE,
}

const releaseWords: Record<string, WordRule> = {
  final: RELEASE,
  ga: RELEASE,
  release: RELEASE,
  stable: RELEASE,
  lts: RELEASE,
}

const PATCH = after('patch', 40)
const UPDATE = after('update', 50)
const REVISION = after('revision', 30)
const SERVICE_PACK = after('sp', 60)
const HOTFIX = after('hotfix', 20)
const BUILD: WordRule = { class: 'build', rank: 5, build: true }

const postReleaseWords: Record<string, WordRule> = {
  p: PATCH,
  pl: PATCH,
  patch: PATCH,
  patchlevel: PATCH,
  post: after('post', 10),
  update: UPDATE,
  upd: UPDATE,
  u: UPDATE,
  su: after('su', 50),
  sr: after('sr', 50),
  cu: after('cu', 50),
  mr: after('mr', 50),
  mp: after('mp', 55),
  r: REVISION,
  rev: REVISION,
  revision: REVISION,
  sp: SERVICE_PACK,
  servicepack: SERVICE_PACK,
  hf: HOTFIX,
  hotfix: HOTFIX,
  fix: HOTFIX,
  tcu: after('tcu', 50),
  security: after('security', 40),
  build: BUILD,
  bld: BUILD,
  ubuntu: after('ubuntu', 15),
  debian: after('debian', 15),
  el: after('el', 15),
}

const COMMON_PREFIXES = ['v', 'ver', 'version', 'r', 'rel', 'release', 'rev', 'fw', 'firmware', 'build']

const generic: VersionScheme = {
  algorithm: 'segments',
  plain: true,
  prefixes: new Set(COMMON_PREFIXES),
  rewrites: [],
  words: { ...preReleaseWords, ...postReleaseWords, ...releaseWords },
  patchLetters: 1,
  ordered: false,
  unknownWords: 'undecidable',
}

const junosLine = (name: string): WordRule => ({ class: name, rank: 30, line: true })

/** Every scheme by name. */
export const SCHEMES = {
  generic,
  semver: { ...generic, algorithm: 'semver' },
  deb: { ...generic, algorithm: 'deb', plain: false },
  rpm: { ...generic, algorithm: 'rpm', plain: false },
  /** maven.apache.org/pom.html#Version_Order_Specification, without its nested lists. */
  maven: {
    ...generic,
    words: {
      alpha: ALPHA,
      'a#': ALPHA,
      beta: BETA,
      'b#': BETA,
      milestone: MILESTONE,
      'm#': MILESTONE,
      rc: CANDIDATE,
      cr: CANDIDATE,
      snapshot: before('snapshot', -10),
      final: RELEASE,
      ga: RELEASE,
      release: RELEASE,
      sp: after('sp', 10),
    },
    patchLetters: 0,
    ordered: true,
    unknownWords: 'alphabetical',
  },
  /** PEP 440: 1.0.dev1 < 1.0a1 < 1.0b1 < 1.0rc1 < 1.0 < 1.0.post1. */
  python: {
    ...generic,
    words: { ...generic.words, 'c#': CANDIDATE, a: ALPHA, b: BETA, c: CANDIDATE },
    patchLetters: 0,
  },
  /** 1.0.2k, and after 1.0.2z comes 1.0.2za. */
  openssl: { ...generic, patchLetters: 2 },
  /** V2.8.3, V4.5 HF1, V16 Upd 4, V7.4 SP1 Upd 9: hot fixes, then updates, then service packs. */
  siemens: {
    ...generic,
    prefixes: new Set([...COMMON_PREFIXES, 'se', 'vb']),
    words: {
      ...generic.words,
      hf: after('hotfix', 20),
      u: UPDATE,
      upd: UPDATE,
      update: UPDATE,
      mp: after('mp', 55),
      sp: SERVICE_PACK,
    },
    ordered: true,
  },
  /** 17.4R2-S6 is service release 6 of R2; 15.1X49-D90 is a line for one hardware family; R2.8 is a build of R2. */
  junos: {
    ...generic,
    words: {
      ...releaseWords,
      ...preReleaseWords,
      r: { class: 'r', rank: 30, take: 1 },
      s: { class: 's', rank: 40, take: 1 },
      d: { class: 'd', rank: 40, take: 1 },
      x: junosLine('x'),
      f: { class: 'f', rank: 30, take: 1 },
      evo: RELEASE,
    },
    patchLetters: 0,
  },
  /** IOS, NX-OS, ASA and their kin: 15.2(4)E7. The letters name a train; trains run side by side. */
  cisco: {
    ...generic,
    rewrites: [
      [/\((\d+)([a-z])\)/g, '.$1patch$2.'],
      [/[()]+/g, '.'],
      [/\.{2,}/g, '.'],
      [/\.$/, ''],
    ],
    words: {
      ...Object.fromEntries(
        [...'abcdefghijklmnopqrstuvwxyz'].map((letter, at) => [`patch${letter}`, after(`interim-${letter}`, at + 1)]),
      ),
      su: UPDATE,
      sr: UPDATE,
      rc: CANDIDATE,
      beta: BETA,
    },
    patchLetters: 0,
    ordered: true,
  },
  /** V200R003C00SPC200, with SPH patches. */
  huawei: {
    ...generic,
    words: {
      ...generic.words,
      c: after('c', 10),
      b: after('b', 15),
      'b#': after('b', 15),
      spc: after('spc', 20),
      sp: after('sp', 25),
      sph: after('sph', 30),
    },
    ordered: true,
  },
  /** Consumer and field devices that write `1.21b07` for build 7: the letter b is never a beta. */
  firmware: {
    ...generic,
    words: { ...generic.words, 'b#': after('b', 10), 'a#': after('a', 10), 'c#': after('c', 10), 'm#': after('m', 10) },
  },
} as const satisfies Record<string, VersionScheme>

/** The name of a scheme in SCHEMES. */
export type SchemeName = keyof typeof SCHEMES

/** Other names for the schemes, as package tools and vendors say them. */
export const SCHEME_ALIASES: Readonly<Record<string, SchemeName>> = {
  npm: 'semver',
  golang: 'semver',
  go: 'semver',
  cargo: 'semver',
  nuget: 'semver',
  debian: 'deb',
  dpkg: 'deb',
  ubuntu: 'deb',
  redhat: 'rpm',
  pypi: 'python',
  pep440: 'python',
  juniper: 'junos',
  ios: 'cisco',
  'cisco-ios': 'cisco',
  moxa: 'firmware',
  minio: 'generic',
  date: 'generic',
}

/** By vendor, then by product; `*` is the vendor's other products. A product not listed is generic. */
const PRODUCT_SCHEMES: Readonly<Record<string, SchemeName | Readonly<Record<string, SchemeName>>>> = {
  siemens: 'siemens',
  juniper: { junos: 'junos', junos_os_evolved: 'junos' },
  cisco: {
    ios: 'cisco',
    'nx-os': 'cisco',
    ios_xr: 'generic',
    ios_xe: 'generic',
    adaptive_security_appliance_software: 'cisco',
    unified_communications_manager: 'cisco',
    unity_connection: 'cisco',
    firepower_extensible_operating_system: 'cisco',
    fxos: 'cisco',
    unified_computing_system: 'cisco',
  },
  openssl: { openssl: 'openssl' },
  huawei: 'huawei',
  ibm: 'firmware',
  dlink: 'firmware',
  'd-link': 'firmware',
  trendnet: 'firmware',
  zyxel: 'firmware',
  moxa: 'firmware',
  advantech: 'firmware',
  apache: { tomcat: 'maven', maven: 'maven', struts: 'maven', log4j: 'maven' },
  netty: 'maven',
  xwiki: 'maven',
  vmware: { spring_framework: 'maven', spring_boot: 'maven', spring_security: 'maven' },
  python: 'python',
  djangoproject: 'python',
  golang: { go: 'semver' },
  nodejs: 'semver',
  electronjs: 'semver',
  angular: 'semver',
  vercel: 'semver',
  kubernetes: 'semver',
  docker: 'semver',
  traefik: 'semver',
}

/** The scheme in which a product's versions are compared; vendor and product as in its CPE name. */
export function schemeFor(vendor: string, product: string): SchemeName {
  if (!Object.hasOwn(PRODUCT_SCHEMES, vendor)) return 'generic'
  const entry = PRODUCT_SCHEMES[vendor] ?? 'generic'
  if (typeof entry === 'string') return entry
  return (Object.hasOwn(entry, product) ? entry[product] : entry['*']) ?? 'generic'
}
