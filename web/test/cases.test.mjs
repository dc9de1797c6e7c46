import assert from 'node:assert/strict'
import test from 'node:test'
import { load } from './support.mjs'

const [m] = await load('/src/rooms/cases/model.ts')
const now = Date.parse('2026-11-22T12:00:00Z')
const clock = (more = {}) => ({ to: 'nis2', stage: 'early', applies: true, due: '2026-11-23T12:00:00Z', ...more })

const paces = [
  ['a clock that the facts do not start does not run', { applies: false }, 'idle'],
  ['one that runs', {}, 'runs'],
  ['one with six hours left asks to hurry', { due: '2026-11-22T18:00:00Z' }, 'soon'],
  ['one whose time is gone is late', { due: '2026-11-22T12:00:00Z' }, 'over'],
  ['one that was declared stands still, late or not', { due: '2026-11-22T11:00:00Z', declared: '2026-11-22T11:30:00Z' }, 'done'],
  ['one that was declared stands still, though the facts have changed', { applies: false, declared: '2026-11-22T11:30:00Z' }, 'done'],
]
for (const [what, k, want] of paces) test(what, () => assert.equal(m.pace(clock(k), now), want))

test('how much of its time is gone stays within its bounds', () => {
  assert.equal(m.gone(clock(), '2026-11-22T00:00:00Z', now), 12 / 36)
  assert.equal(m.gone(clock({ due: '2026-11-22T01:00:00Z' }), '2026-11-22T00:00:00Z', now), 1)
  assert.equal(m.gone(clock({ due: '2026-11-22T12:00:00Z' }), '2026-11-22T12:00:00Z', now), 1)
})
