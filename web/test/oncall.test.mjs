import assert from 'node:assert/strict'
import test from 'node:test'
import { load } from './support.mjs'

const [m] = await load('/src/rooms/oncall/model.ts')
const rota = { name: 'soc', turns: ['anne', 'bruno'], days: 7, start: '2026-11-23', at: '08:00', zone: 'Europe/Paris', now: 'anne', next: [{}] }
const b = { channels: [], contacts: [{ id: 'anne', name: 'Anne Martin' }], rotas: [rota, { name: 'night' }], policies: [] }

const said = [['contact:anne', { name: 'Anne Martin' }], ['contact:gone', { name: 'gone' }], ['rota:soc', { rota: 'soc', name: 'Anne Martin' }], ['rota:night', { rota: 'night', name: '' }]]
for (const [who, want] of said) test(`${who} is ${JSON.stringify(want)}`, () => assert.deepEqual(m.meant(b, who), want))

test('a swap is added to the others, and what is only shown is not kept', () => {
  const s = { contact: 'bruno', from: 'a', to: 'b' }
  assert.deepEqual(m.swapped({ ...rota, swaps: [{ contact: 'anne', from: 'x', to: 'y' }] }, s), { turns: rota.turns, days: 7, start: rota.start, at: rota.at, zone: rota.zone, swaps: [{ contact: 'anne', from: 'x', to: 'y' }, s] })
})
