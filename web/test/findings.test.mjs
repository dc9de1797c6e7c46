import assert from 'node:assert/strict'
import test from 'node:test'
import { load } from './support.mjs'

const [rule, i18n, model] = await load('/src/lib/ruletext.ts', '/src/i18n/index.ts', '/src/rooms/findings/model.svelte.ts')
await i18n.read()

const texts = [
  'alert tcp $HOME_NET any -> any [80,443] (msg:"a; b \\" c)"; content:!"|ff|"; sid:1; rev:2;)',
  '# a note\nalert http any any -> any any (msg:"two";\\\n  sid:2;)\r\n\ndrop ip',
  'alert tcp any any -> any any (msg:"never closed; sid:3;)',
  '',
]
for (const text of texts) test(`a rule comes apart without loss: ${JSON.stringify(text.slice(0, 40))}`, () => assert.equal(rule.tokens(text).map((x) => x.text).join(''), text))

test('a sign inside quotes ends no option', () => {
  const looks = rule.tokens(texts[0]).filter((x) => x.look === 'key' || x.look === 'text' || x.look === 'act').map((x) => x.text.trim())
  assert.deepEqual(looks.filter(Boolean), ['alert', 'msg', '"a; b \\" c)"', 'content', '"|ff|"', 'sid', 'rev'])
})

test('a column counts bytes, as the node does', () => {
  const text = 'ab\némsg x'
  assert.equal(text.slice(rule.placeOf(text, 2, 3)), 'msg x') // "é" has two
  assert.equal(rule.placeOf(text, 1, 1), 0)
  assert.equal(rule.placeOf(text, 9, 1), text.length)
  assert.equal(rule.wordAt('a dicom.calling_ae; b', 2), 'dicom.calling_ae')
  assert.equal(rule.wordAt('a\nb', 1), '')
})

const f = (id, more = {}) => ({ id, title: `f${id}`, status: 'open', entities: [], count: 1, ...more })
const ct = { role: 'source', kind: 'device', value: '10.0.0.7', device: 12, name: 'CT room 1' }
const out = { role: 'target', kind: 'address', value: '203.0.113.9' }

test('between whom a finding is', () => {
  assert.equal(model.ends(f(1, { entities: [ct, out], app: 'smb' })), 'CT room 1 → 203.0.113.9 · SMB')
  assert.equal(model.ends(f(1, { entities: [ct, { role: 'target', kind: 'others', value: '', count: 40 }] })), 'CT room 1 → 40 others')
  assert.equal(model.ends(f(1, { entities: [{ role: 'other', kind: 'domain', value: 'bad.example' }] })), 'bad.example')
})

test('what all have can be named for all', () => {
  const two = [f(1, { entities: [ct, out] }), f(2, { entities: [{ ...ct, value: '10.0.0.8' }] })]
  assert.deepEqual(model.shared(two).map(model.entityKey), ['device:12'])
  assert.deepEqual(model.shared([f(1, { entities: [{ role: 'target', kind: 'others', value: '', count: 3 }] })]), [])
})

test('what happens changes rows and moves none', () => {
  const listed = [f(3), f(2), f(1)]
  assert.deepEqual(model.renewed(listed, [f(1, { count: 9 }), f(7)]).map((x) => [x.id, x.count]), [[3, 1], [2, 1], [1, 9]])
  assert.deepEqual(model.unseen([f(7), f(3), f(2)], listed).map((x) => x.id), [7])
})

test('a range is chosen from either end', () => {
  const list = [f(4), f(3), f(2), f(1)]
  assert.deepEqual(model.span(list, 1, 3), [3, 2, 1])
  assert.deepEqual(model.span(list, 3, 1), [3, 2, 1])
  assert.deepEqual(model.span(list, 9, 2), [2])
})

test('a record is told value by value', () => {
  assert.deepEqual(model.flat({ smb: { command: 'X', ids: [1, 2] }, dns: { queries: [{ rrname: 'a' }] }, none: null }), [['smb.command', 'X'], ['smb.ids', '1, 2'], ['dns.queries[0].rrname', 'a']])
})
