import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import test from 'node:test'
import { load } from './support.mjs'

const [{ en: main }, { fr: principal }, { en: logs }, { fr: journaux }, { en: access }, { fr: acces }, i18n, sentence] = await load('/src/i18n/en.ts', '/src/i18n/fr.ts', '/src/i18n/logs.en.ts', '/src/i18n/logs.fr.ts', '/src/i18n/access.en.ts', '/src/i18n/access.fr.ts', '/src/i18n/index.ts', '/src/lib/sentence.ts')
const en = { ...main, ofLogs: logs, ofAccess: access }, fr = { ...principal, ofLogs: journaux, ofAccess: acces }
await i18n.read()

function walk(a, b, path, visit) {
  for (const [k, v] of Object.entries(a)) {
    if (typeof v === 'string') visit(`${path}.${k}`, v, b[k])
    else walk(v, b[k], `${path}.${k}`, visit)
  }
}

test('both languages say everything, with the same values', () => {
  const values = (s) => [...s.matchAll(/\{\w+\}/g)].map((m) => m[0]).sort()
  walk(en, fr, 'en', (path, a, b) => {
    assert.equal(typeof b, 'string', path)
    assert.ok(a && b, `${path} is empty`)
    assert.deepEqual(values(b), values(a), path)
  })
  walk(fr, en, 'fr', (path, _, b) => assert.equal(typeof b, 'string', path))
})

test('French sets its signs apart, and quotes in its own way', () => {
  walk(fr, en, 'fr', (path, text) => {
    assert.doesNotMatch(text, /[^\s\u00a0][;!?»]|[a-zé]:( |$)|«[^\s\u00a0]/u, `${path}: a space is missing`)
    assert.doesNotMatch(text, /[a-z]'[a-zéêà]/iu, `${path}: ' for ’`)
  })
})

test('rules that come with Bulwark have a title in French where it is spoken, and their own elsewhere', async () => {
  const text = await readFile(new URL('../../content/rules/titles.fr.tsv', import.meta.url), 'utf8')
  const [, title] = text.match(/^9000001\t(.*)$/m)
  assert.equal(i18n.ruleTitle('1:9000001', 'Titles are guessed'), 'Titles are guessed')
  globalThis.document.documentElement.lang = 'fr'
  const [french] = await load('/src/i18n/index.ts')
  await french.read()
  globalThis.document.documentElement.lang = 'en'
  assert.equal(french.ruleTitle('1:9000001', 'Titles are guessed'), title)
  assert.equal(french.ruleTitle('1:2000001', 'A rule of somebody else'), 'A rule of somebody else')
})

const at = { 'src_endpoint.ip': '10.1.0.11', 'dst_endpoint.ip': '10.2.0.1' }
const told = [
  ['dns', { 'query.hostname': 'ehr.hosp.example', rcode: 'NOERROR', 'answers.rdata': ['10.2.0.1'] }, '10.1.0.11 asked for ehr.hosp.example: 10.2.0.1'],
  ['dns', { 'query.hostname': 'wpad', rcode: 'NXDOMAIN' }, '10.1.0.11 asked for wpad: NXDOMAIN'],
  ['dns', { 'query.hostname': 'a', 'query.type': 'TXT' }, '10.1.0.11 asked for a (TXT)'],
  ['dicom', { activity_name: 'Store', 'dicom.calling_ae': 'CT_ROOM1', 'dicom.called_ae': 'PACS1', 'dicom.modality': 'CT', 'dicom.instance_count': '2' }, 'CT_ROOM1 stored 2 CT images to PACS1'],
  ['dicom', { activity_name: 'Store', 'dicom.calling_ae': 'CT_ROOM1', 'dicom.called_ae': 'PACS1', 'dicom.modality': 'CT', 'dicom.instance_count': '1' }, 'CT_ROOM1 stored 1 CT image to PACS1'],
  ['dicom', { activity_name: 'Move', 'dicom.calling_ae': 'A', 'dicom.called_ae': 'B', 'dicom.move_destination': 'C' }, 'A told B to send objects to C'],
  ['dicom', { activity_name: 'N-ACTION', 'dicom.calling_ae': 'A', 'dicom.called_ae': 'B' }, 'A sent N-ACTION to B'],
  ['hl7', { 'hl7.type': 'ADT', 'hl7.trigger': 'A01', 'hl7.sending_app': 'ADM', 'hl7.receiving_app': 'EHR', 'hl7.ack': 'AR' }, 'ADM sent ADT^A01 to EHR: rejected'],
  ['fhir', { 'fhir.interaction': 'read', 'fhir.resource': 'Patient', 'http_response.code': '404' }, '10.1.0.11 read Patient at 10.2.0.1: 404'],
  ['flow', { activity_name: 'Close', app_name: 'krb5', duration: '1500000000', 'traffic.bytes_out': '1234', 'traffic.bytes_in': '0' }, '10.1.0.11 and 10.2.0.1 spoke Kerberos for 1.5 s: 1.2 kB out, 0 B in'],
  ['flow', { activity_name: 'Close', 'connection_info.is_one_sided': 'true', 'traffic.bytes_out': '90' }, '10.1.0.11 to 10.2.0.1: an unrecognised protocol, 0 s, 90 B; the other direction was not seen'],
  ['auth', { status: 'failure', 'user.name': 'martin', 'service.name': 'krbtgt', status_detail: 'PREAUTH_FAILED' }, 'martin could not sign in to krbtgt from 10.1.0.11: PREAUTH_FAILED'],
  ['ldap', { 'ldap.operation': 'bind_request', 'ldap.dn': 'cn=a' }, '10.1.0.11 bind request cn=a at 10.2.0.1'],
  ['device', { activity_name: 'Duplicated', 'device.name': 'pacs', 'change.attribute': 'serial', 'change.identifier': 'S1', 'change.before': 'pacs', 'change.after': 'pump2' }, 'Serial number S1 of pacs is shown by pump2 too'],
  ['alert', { 'finding_info.title': 'DICOM from outside', 'alert.sid': '9000001' }, 'DICOM from outside: 10.1.0.11 to 10.2.0.1'],
  ['log', { 'device.hostname': 'srv1', message: 'Failed password\n for root' }, 'srv1: Failed password for root'],
  ['log', { 'device.hostname': 'dc1', activity_name: 'logon', status: 'failure', 'actor.user.name': 'anne' }, 'dc1: logon, failure, anne'],
  ['log', { 'log.sender_ip': '10.0.3.9', 'log.sealed': 'x', message: 'PORTE 4' }, '10.0.3.9 wrote what no format understands: PORTE 4'],
  ['alert', { 'finding_info.title': 'Own', 'finding_info.analytic.uid': '5f0f', 'device.hostname': 'dc1' }, 'Own: dc1'],
  ['unheard', {}, '10.1.0.11 to 10.2.0.1'],
]
for (const [kind, fields, want] of told) {
  test(`a sentence: ${want}`, () => {
    const parts = sentence.tell({ id: '1', time: '', kind, fields: { ...at, ...fields } })
    assert.equal(sentence.plain(parts).replaceAll('\u00a0', ' '), want)
  })
}
