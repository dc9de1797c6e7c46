import assert from 'node:assert/strict'
import test from 'node:test'
import { load } from './support.mjs'

const [diff, i18n, response] = await load('/src/rooms/safety/diff.ts', '/src/i18n/index.ts', '/src/rooms/response/model.ts')
await i18n.read()

const marks = { same: ' ', new: '+', gone: '-' }
const told = (lines) => lines.map((l) => (l ? marks[l.kind] + l.text : '…')).join('|')
const cases = [
  ['the same text does not differ', 'a\nb', 'a\nb', ' a| b', ''],
  ['a line is changed', 'a\nb\nc', 'a\nx\nc', ' a|-b|+x| c', ' a|-b|+x| c'],
  ['lines come and go', 'a\nb\nc\nd', 'b\nc\ne\nd', '-a| b| c|+e| d', '-a| b| c|+e| d'],
  ['what is far from a change is left out', '1\n2\n3\n4\n5\n6\n7\n8', '0\n2\n3\n4\n5\n6\n7\n9', '-1|+0| 2| 3| 4| 5| 6| 7|-8|+9', '-1|+0| 2| 3|…| 6| 7|-8|+9'],
]
for (const [name, before, after, all, few] of cases) {
  test(name, () => {
    const lines = diff.differ(before, after)
    assert.equal(told(lines), all)
    assert.equal(told(diff.near(lines)), few)
  })
}

test('the line of an error is found', () => {
  assert.equal(diff.lineOf('that cannot be the matrix: safety.yaml:18: tiers.life-critical.E3: "x" is none of never'), 18)
  assert.equal(diff.lineOf('the file is too large'), 0)
})

const now = Date.parse('2026-11-22T20:10:00Z')
const lease = (more) => ({ automatic: true, since: '2026-11-22T20:05:00Z', cuts: [{ device: 1 }], state: 'in_force', verdict: { outcome: 'allow' }, ...more })
test('what happens to a containment next is said with the time that is left', () => {
  const says = (more) => response.next(lease(more), now)?.text.replaceAll('\u00a0', ' ')
  assert.equal(says({ until: '2026-11-22T21:00:30Z' }), 'ends in 50 min 30 s')
  assert.equal(says({ until: '2026-11-22T20:00:00Z' }), 'ends in 0 s')
  assert.equal(says({ state: 'released', until: '2026-11-22T21:00:00Z', released_until: '2026-11-22T20:20:00Z' }), 'in force again in 10 min')
  assert.equal(says({ state: 'reverted', until: '2026-11-22T21:00:00Z' }), undefined)
})

test('a yes is asked of whoever speaks for somebody, and has not spoken', () => {
  const waits = lease({ state: 'proposed', verdict: { outcome: 'ask' } })
  const me = (...duties) => ({ id: '7', duties })
  assert.equal(response.mayAnswer(waits, me('analyst')), true)
  assert.equal(response.mayAnswer(waits, me('biomedical-engineer')), true)
  assert.equal(response.mayAnswer(waits, me('administrator', 'reader')), false)
  assert.equal(response.mayAnswer({ ...waits, approvals: [{ by: 'person:7', yes: true }] }, me('analyst')), false)
  assert.equal(response.mayAnswer({ ...waits, verdict: { outcome: 'wait' } }, me('analyst')), false)
})

const aimed = [['12', 'device', 'device:12'], ['192.0.2.66', 'device', 'address:192.0.2.66'], ['fd00::12', 'device', 'address:fd00::12'], ['device:12', 'device', 'device:12'], ['jdurand', 'user', 'user:jdurand'], ['domain:evil.example', 'domain', 'domain:evil.example']]
for (const [typed, kind, want] of aimed) test(`"${typed}" is aimed at ${want}`, () => assert.equal(response.aim(typed, kind), want))
