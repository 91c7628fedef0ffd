/** Words that people choose when they are asked for a password, bare of digits and marks. */
const WORDS = `
access account admin administrator alpha apple asdf asdfgh asdfghjkl asdfghjklqwertyuiop autumn azerty azertyuiop
baseball batman beautiful bitte blahblah butterfly changeit changeme charlie chelsea cheese chocolate cloud company
computer controller cookie default demo dragon engineer enter facebook factory flower football freedom friends fuckyou
google guest hello helloworld herbst hunter iloveyou industrial internet jennifer jesus jordan letmein letmeinplease
liverpool login logitech lovelove manager manchester master matrix maintenance michael michelle minecraft monkey monozu
mustang mypassword network newpassword newuser ninja nothing office operator parola pass passord passphrase passwd
password passwort pentest please pokemon princess private production project public qazwsx qazwsxedc qazwsxedcrfv
qwer qwert qwerty qwertyuiop qwertyuiopasdfghjkl qwertz qwertzuiop root samsung scada secret secure security server
service shadow sicherheit siemens snoopy software sommer spring starwars summer sunshine super superman superuser
support sysadmin system technician temp temporary test tester testing  thisismypassword
trustnoone unknown user username utilisateur victory vpnaccess welcome welcomehome whatever wachtwoord winter wordpass
yourpassword zaqwsx zxcvbn zxcvbnm
`
const COMMON = new Set(WORDS.split(/\s+/).filter(Boolean))

/** Rows of keyboards and alphabets, in which neighbours follow each other. */
const ROWS = [
  '012345678901234567890123456789',
  '1q2w3e4r5t6y7u8i9o0p',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
  'azertyuiopqsdfghjklmwxcvbn',
]
const SEQUENCES = [...ROWS, ...ROWS.map(row => [...row].reverse().join(''))]

const LOOKALIKES: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
}

/**
 * True for passwords that are guessed first: one common word, plain or with digits and marks around it or in the shape
 * of letters (`P@ssw0rd2026!`), a short piece repeated, or a run along the keyboard. Each of them passes a rule of length.
 */
export function isCommonPassword(password: string): boolean {
  const text = password.toLowerCase()
  return isRepetition(text) || isRun(text) || isDecoratedWord(text)
}

function isRepetition(text: string): boolean {
  if (new Set(text).size < 4) return true
  const period = (text + text).indexOf(text, 1)
  return period <= 4 || (period < text.length && isWord(text.slice(0, period)))
}

function isRun(text: string): boolean {
  const plain = text.replace(/[^a-z0-9]/g, '')
  return plain.length >= text.length - 2 && SEQUENCES.some(row => row.includes(plain))
}

function isDecoratedWord(text: string): boolean {
  const bare = text.replace(/^[^a-z@$]+|[^a-z@$]+$/g, '')
  return isWord(bare) || isWord(text.replace(/[^a-z]/g, '')) || isWord(text)
}

function isWord(text: string): boolean {
  const letters = text.replace(/[013457@$!]/g, mark => LOOKALIKES[mark] as string).replace(/[^a-z]/g, '')
  return COMMON.has(letters) || COMMON.has(text)
}
