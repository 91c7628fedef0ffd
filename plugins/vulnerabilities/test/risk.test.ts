import test from 'ava'
import { riskScore, severityOf } from '../risk.ts'

const nothing = { cvss_score: 0, epss: 0, kev: false, exploits: 0 }

test('risk is the sum of what makes a CVE dangerous', t => {
  t.is(riskScore(nothing, 'confirmed'), 0)
  t.is(riskScore({ ...nothing, cvss_score: 9.8 }, 'confirmed'), 39.2)
  t.is(riskScore({ ...nothing, kev: true }, 'confirmed'), 30)
  t.is(riskScore({ ...nothing, exploits: 7 }, 'confirmed'), 10)
  t.is(riskScore({ ...nothing, epss: 0.55 }, 'confirmed'), 11)
  t.is(riskScore({ cvss_score: 10, epss: 1, kev: true, exploits: 1 }, 'confirmed'), 100)
})

test('a possible match weighs 0.6 of a confirmed one, and a CVE without a score counts as medium', t => {
  t.is(riskScore({ cvss_score: 10, epss: 1, kev: true, exploits: 1 }, 'possible'), 60)
  t.is(riskScore({ ...nothing, cvss_score: null, epss: null }, 'confirmed'), 20)
})

test('severity is what the source says, else what the score says', t => {
  t.is(severityOf({ severity: 'HIGH', cvss_score: 9.9 }), 'high')
  const byScore = [10, 9, 8.9, 7, 6.9, 4, 3.9, 0.1, 0, null].map(cvss_score =>
    severityOf({ severity: null, cvss_score }),
  )
  t.deepEqual(byScore, ['critical', 'critical', 'high', 'high', 'medium', 'medium', 'low', 'low', 'none', 'unknown'])
})
