import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { load } from './support.mjs'

const [problem, i18n] = await load('/src/lib/problem.ts', '/src/i18n/index.ts')
await i18n.read()
const table = problem.compile(readFileSync(new URL('../../content/problems/fr.tsv', import.meta.url), 'utf8'))

const cases = [
  ['a text', 'it does not answer', 'il ne répond pas'],
  ['one within others', 'that cannot be asked of a switch: no hardware address of the device is known', 'cela ne peut pas être demandé à un commutateur : aucune adresse matérielle de l\'appareil n\'est connue'],
  ['behind a name that stays', 'ward-3-west: it does not answer', 'ward-3-west : il ne répond pas'],
  ['with values', 'switch-2, port 7: port 7 is so already, by hand or by another containment', 'switch-2, port 7 : le port 7 est déjà ainsi, à la main ou par une autre mesure'],
  ['a state', 'that is live already: lease 4 is in_force', 'cette mesure est déjà active : la mesure 4 est in force'], // words of the language that is read
  ['what nobody knows', 'dial tcp 10.0.0.1:443: connection refused', 'dial tcp 10.0.0.1:443: connection refused'],
]
for (const [name, text, french] of cases) test(`French of ${name}`, () => assert.equal(problem.translate(text, table), french))

test('in English the names of packages are left out, and states have their words', () => {
  assert.equal(problem.problem('containment: that is live already: lease 4 is in_force'), 'that is live already: lease 4 is in force')
  assert.equal(problem.problem('filter: filter.on is false\nradius: radius.nas names no switch'), 'filter.on is false; radius.nas names no switch')
  assert.equal(problem.problem(undefined), '')
})
