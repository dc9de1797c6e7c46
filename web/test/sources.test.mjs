import assert from 'node:assert/strict'
import test from 'node:test'
import { load } from './support.mjs'

const [words, i18n, model] = await load('/src/i18n/logs.ts', '/src/i18n/index.ts', '/src/rooms/sources/model.ts')
await i18n.read()
await words.readLogs()

const source = (x) => ({ id: 'a', intake: 'syslog', sender: '10.0.0.1', host: 'srv1', stream: '', last: '2026-11-23T02:00:00Z', allowed: 900, silent: false, counts: { lines: 100, bytes: 1, understood: 100, formats: { sshd: 100 } }, ...x })

test('a source says the worst that is true of it', () => {
  const counts = (understood) => ({ counts: { lines: 100, bytes: 1, understood } })
  assert.equal(model.stateOf(source({})), 'talks')
  assert.equal(model.stateOf(source({ allowed: 0 })), 'new')
  assert.equal(model.stateOf(source({ muted: true, allowed: 0 })), 'muted')
  assert.equal(model.stateOf(source({ muted: true, ...counts(90) })), 'partly')
  assert.equal(model.stateOf(source(counts(91))), 'talks')
  assert.equal(model.stateOf(source(counts(0))), 'never')
  assert.equal(model.stateOf(source({ ...counts(0), silent: true })), 'silent')
})

test('lines to configure are filled in, and say where a token is missing', () => {
  const values = { host: 'bulwark.chu.example', port: '6514', door: 'tls', token: '' }
  assert.equal(model.filled('*.* @@@HOST@:@PORT@ # @DOOR@ @TOKEN@ @OTHER@', values), '*.* @@bulwark.chu.example:6514 # TLS TOKEN @OTHER@')
  assert.equal(model.usualPort({ listen: 'logs:\n  syslog:\n    udp: ":5514"\n    tls: ":6514"\n' }, 'tls'), '6514')
  assert.equal(model.usualPort({ listen: 'logs:\n  flows: ":2055"\n' }, 'listen'), '2055')
  assert.equal(model.portOf('[::]:5514'), '5514')
  assert.ok(model.loopback('127.0.0.1:5514') && !model.loopback('[::]:5514'))
})

test('who waits for a first line hears of new senders, of those that were quiet, and of the format that is waited for', () => {
  const at = Date.parse('2026-11-23T02:00:10Z')
  const more = { lines: 101, bytes: 1, understood: 101, formats: { sshd: 101 } }
  const way = { id: 'syslog', intakes: ['syslog'] }
  const before = (...all) => ({ at, sources: new Map(all.map((s) => [s.id, s])) })
  const ids = (b, now, product = {}) => model.arrived(b, now, way, product).map((s) => s.id)
  assert.deepEqual(ids(before(), [source({})]), ['a'])
  assert.deepEqual(ids(before(), [source({ intake: 'bulk' })]), [])
  assert.deepEqual(ids(before(source({})), [source({ counts: more })]), [], 'one that talks all the time')
  assert.deepEqual(ids(before(source({})), [source({ counts: more })], { formats: ['sshd'] }), ['a'])
  assert.deepEqual(ids(before(source({ last: '2026-11-23T01:00:00Z' })), [source({ counts: more })]), ['a'])
  assert.deepEqual(ids(before(source({ last: '2026-11-23T01:00:00Z' })), [source({})]), [])
})
