import assert from 'node:assert/strict'
import test from 'node:test'
import { load } from './support.mjs'

// The reasons are said in French by the console, or by the files of the classes and systems.
globalThis.document = { documentElement: { lang: 'fr', dataset: {} } }
globalThis.fetch = async (url) => new Response(JSON.stringify(String(url).includes('/api/systems')
  ? [{ name: 'Linux', why: { 'programs of Linux': 'des programmes de Linux' } }]
  : [{ name: 'pacs', french: 'PACS', tier: 1, why: { 'it keeps images': "il garde l'image" } }]), { headers: { 'Content-Type': 'application/json' } })
const [i18n, model] = await load('/src/i18n/index.ts', '/src/rooms/devices/model.svelte.ts')
await i18n.read()
await model.askClasses()

const reasons = [
  ['another has it; whether the two are one will show', 'un autre l’a ; la suite dira si les deux ne font qu’un'],
  ['split by person:ana', 'séparé par ana'],
  ['said by person:ana', 'dit par ana'],
  ['known by its host_key SHA256:ab c', 'reconnu par Clé d’hôte SSH SHA256:ab c'],
  ['known by its address alone', 'connu par sa seule adresse'],
  ['by dicom', 'd’après DICOM'],
  ['not seen for 72h5m; its longest pause was 3h20m', 'pas vu depuis 3 j ; sa plus longue pause était de 3 h 20 min'],
  ['it was away for 50m', 'il a été absent pendant 50 min'],
  ['several devices speak behind 10.0.0.1', 'plusieurs appareils parlent derrière 10.0.0.1'],
  ['usual for pacs', 'elle est habituelle pour PACS'],
  ['it keeps images', 'il garde l’image'],
]
for (const [why, want] of reasons) {
  test(`a reason in French: ${want}`, () => {
    const { text, english } = model.cause(why)
    assert.equal(text.replaceAll('\u00a0', ' '), want)
    assert.equal(english, false)
  })
}

test('what a system is known by is said in French', () => {
  assert.deepEqual(model.systemWhy('programs of Linux'), { text: 'des programmes de Linux', english: false })
  assert.deepEqual(model.systemWhy('a riddle'), { text: 'a riddle', english: true })
})

test('values before and after a change', () => {
  assert.equal(model.valueOf('tier', 'unknown'), model.valueOf('tier', ''))
  assert.equal(model.valueOf('class', 'pacs'), 'PACS')
  assert.equal(model.valueOf('software', '2.1'), '2.1')
})

const values = [
  ['role', 'dicom answers queries', 'répond aux requêtes DICOM'],
  ['role', 'upnp Printer', 'annonce par UPnP : Printer'],
  ['role', 'ipp/tcp', 'ipp/tcp'],
  ['class', 'unknown', 'Inconnu'],
  ['last seen', 'silent', 'silencieux'],
  ['hostname', 'device 12', 'appareil 12'],
  ['tier', 'unknown', 'non connue'],
  ['software', '4.2', '4.2'],
]
for (const [field, value, want] of values) {
  test(`a value in French: ${want}`, () => assert.equal(model.valueOf(field, value).replaceAll('\u00a0', ' '), want))
}
