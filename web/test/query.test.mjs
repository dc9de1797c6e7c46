import assert from 'node:assert/strict'
import test from 'node:test'
import { load } from './support.mjs'

const [q] = await load('/src/lib/query.ts')
q.learn([{ name: 'src_endpoint.ip', alias: 'src', type: 'text', kinds: [] }, { name: 'answers.rdata', type: 'list', kinds: [] }, { name: 'connection_info.uid', alias: 'flow', type: 'number', kinds: [] }])

const terms = [
  ['an address by its short name', ['src_endpoint.ip', '10.1.0.11'], 'src:10.1.0.11'],
  ['an IPv6 address is quoted', ['src_endpoint.ip', '2001:db8::1'], 'src:"2001:db8::1"'],
  ['a text is meant exactly', ['dicom.calling_ae', 'CT_ROOM1'], 'dicom.calling_ae:=CT_ROOM1'],
  ['a text with spaces', ['device.model', 'Scan "3000" (b)'], 'device.model:="Scan \\"3000\\" (b)"'],
  ['a path with backslashes', ['share', '\\\\files\\ward2'], 'share:="\\\\\\\\files\\\\ward2"'],
  ['what would be an operator', ['user.name', '-x'], 'user.name:="-x"'],
  ['what would be a word of the language', ['', 'or'], '"or"'],
  ['an element of a list', ['answers.rdata', 'a b'], 'answers.rdata:"a b"'],
  ['taken out', ['kind', 'dns', true], '-kind:dns'],
  ['anywhere', ['', 'pacs.hosp.example'], 'pacs.hosp.example'],
  ['absent', ['app_name', ''], 'app_name:""'],
]
for (const [name, [field, value, without], want] of terms) test(`a term: ${name}`, () => assert.equal(q.term(field, value, without), want))

test('a term is added once, and its opposite goes', () => {
  assert.equal(q.and('kind:dns src:10.0.0.1', 'kind:dns'), 'src:10.0.0.1 kind:dns')
  assert.equal(q.and('-kind:dns', 'kind:dns'), 'kind:dns')
  assert.equal(q.and('kind:dns', '-kind:dns'), '-kind:dns')
  assert.equal(q.and('', 'kind:dns'), 'kind:dns')
})

test('a query comes apart at spaces outside quotes and brackets', () => {
  assert.deepEqual(q.split('  a "b c" d:"e \\" f" (g or h) i'), ['a', '"b c"', 'd:"e \\" f"', '(g or h)', 'i'])
  assert.equal(q.without('a "b c" d', '"b c"'), 'a d')
})

test('what the caret stands in', () => {
  assert.deepEqual(q.atCaret('kind:dns -dom', 13), { from: 10, start: 'dom' })
  assert.deepEqual(q.atCaret('modality:C x', 10), { from: 9, field: 'modality', start: 'C' })
  assert.deepEqual(q.atCaret('dicom.calling_ae:="CT', 21), { from: 17, field: 'dicom.calling_ae', start: 'CT' })
})
