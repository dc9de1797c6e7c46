import assert from 'node:assert/strict'
import test from 'node:test'
import { load } from './support.mjs'

const [m] = await load('/src/rooms/playbooks/model.ts')

const cacao = '{\n  "spec_version": "cacao-2.0",\n  "workflow": {\n    "start--1": {"on_completion": "if--2"},\n    "if--2": {"type": "if-condition"}\n  }\n}'
const faults = [
  ['what is ours names its line', 'playbook:4: when.severity: "hgh" is none', 'a\nb', { line: 4, why: 'when.severity: "hgh" is none' }],
  ['a step of CACAO stands where it is written, not where another leads to it', 'playbook: this playbook cannot be run here: step "if--2" () is of type "if-condition"', cacao, { line: 5, why: 'step "if--2" () is of type "if-condition"' }],
  ['a version that is none stands at its key', 'playbook: this playbook cannot be run here: it is "playbook" of version "x", and not', cacao, { line: 2, why: 'it is "playbook" of version "x", and not' }],
  ['what has no place is said without one', 'no enforcement point here does ["fly"]', cacao, { why: 'no enforcement point here does ["fly"]' }],
]
for (const [what, why, text, want] of faults) test(what, () => assert.deepEqual(m.wrongAt(why, text), want))

test('a line is found by where it begins and ends', () => assert.deepEqual([m.lineOf('ab\ncde\n', 2), m.lineOf('ab', 9)], [[3, 6], [3, 3]]))

const row = (tier, inside, outside = 'auto') => ({ tier, name: '', cells: [{ effect: 'E2', outside, inside }, { effect: 'E3', outside, inside }] })
const rows = [row(0, 'soc+clinical'), row(1, 'soc'), row(2, 'soc'), row(3, 'auto'), row(4, 'soc')]
test('who says yes is told once for all tiers for which it is the same', () => {
  assert.deepEqual(m.yes({ act: 'isolate', of: 'sources' }, rows), [{ needs: 'soc+clinical', tiers: [0] }, { needs: 'soc', tiers: [1, 2] }, { needs: 'auto', tiers: [3] }])
  assert.deepEqual(m.yes({ act: 'isolate', of: 'sources', tiers: [3] }, rows), [{ needs: 'auto', tiers: [3] }])
  assert.deepEqual(m.yes({ act: 'ban', of: 'outside' }, rows), [{ needs: 'auto', tiers: [0, 1, 2, 3] }])
  assert.deepEqual(m.yes({ act: 'of-a-site', of: 'sources' }, rows), [])
})

test('a playbook may be made active on the newest whole back-test of its own text', () => {
  const t = (id, version, state) => ({ id, version, state })
  assert.equal(m.proof({ version: 'a', tests: [t(3, 'a', 'cancelled'), t(2, 'b', 'done'), t(1, 'a', 'done')] }).id, 1)
  assert.equal(m.proof({ version: 'c', tests: [t(1, 'a', 'done')] }), undefined)
  assert.equal(m.stateOf({ on: true, mode: 'active', error: 'x' }), 'broken')
  assert.equal(m.stateOf({ on: false, mode: 'active' }), 'off')
})
