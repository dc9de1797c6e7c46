// One event in one sentence of the dictionary, as parts: words, and values that can be pivoted on.
import { ruleTitle, t, word } from '../i18n/index.ts'
import type { Event } from './api.ts'
import { askClasses, roleName, valueOf } from './device.svelte.ts'
import { bytes, count, lasting } from './format.ts'
import { app } from './names.ts'
import { show } from './value.ts'

export interface Value { field: string; value: string; text: string }
export type Part = string | Value

type Values = Record<string, Value | string | undefined>
type Told = [template: string, values: Values]

const first = (x: string | string[] | undefined) => (Array.isArray(x) ? (x[0] ?? '') : (x ?? ''))

/** Reads the attributes of one event. */
class Reader {
  e: Event
  constructor(e: Event) { this.e = e }
  /** The attribute's text, or ''. */
  raw(field: string) { return first(this.e.fields[field]) }
  num(field: string) { return Number(this.raw(field)) || 0 }
  has(field: string) { return this.e.fields[field] !== undefined }
  /** The first of the attributes that is there. */
  val(...fields: string[]): Value | undefined {
    for (const field of fields) {
      const value = this.raw(field)
      if (value) return { field, value, text: show(field, value) }
    }
    return undefined
  }
  /** A list in short: its first values. */
  list(field: string): string {
    const all = this.e.fields[field]
    if (!Array.isArray(all)) return all ?? ''
    return all.slice(0, 3).join(', ') + (all.length > 3 ? ' …' : '')
  }
  get src() { return this.val('src_endpoint.ip') ?? t.sentence.someone }
  get dst() { return this.val('dst_endpoint.ip') ?? t.sentence.someone }
  get app(): Value | string {
    const value = this.raw('app_name')
    return value ? { field: 'app_name', value, text: app(value) } : t.sentence.unknownProtocol
  }
}

/** The title of a rule as a value by which one goes on: in the language of the console, and found by the one that it came with. */
const titled = (r: Reader, rule: string): Value | string => {
  const v = r.val('finding_info.title')
  return v ? { ...v, text: ruleTitle(rule, v.text) } : '?'
}

const tellers: Record<string, (r: Reader) => Told> = {
  flow(r) {
    const values = { src: r.src, dst: r.dst, app: r.app, duration: lasting(r.num('duration') / 1e6), out: bytes(r.num('traffic.bytes_out')), in: bytes(r.num('traffic.bytes_in')) }
    if (r.has('connection_info.is_one_sided')) return [t.sentence.flowOneSided, values]
    return [r.raw('activity_name') === 'Traffic' ? t.sentence.flowMore : t.sentence.flow, values]
  },
  dns(r) {
    const rcode = r.val('rcode')
    const values = { src: r.src, name: r.val('query.hostname'), type: r.raw('query.type'), rcode, answers: r.list('answers.rdata') }
    if (rcode && rcode.value !== 'NOERROR') return [t.sentence.dnsError, values]
    return [values.answers ? t.sentence.dnsAnswer : t.sentence.dns, values]
  },
  tls(r) {
    const values = { src: r.src, version: r.raw('tls.version') || 'TLS', server: r.val('tls.sni', 'dst_endpoint.ip'), alert: r.raw('tls.alert') }
    return [values.alert ? t.sentence.tlsAlert : t.sentence.tls, values]
  },
  http(r) {
    const values = { src: r.src, method: r.raw('http_request.http_method'), url: r.val('http_request.url.path'), server: r.val('http_request.url.hostname', 'dst_endpoint.ip'), status: r.val('http_response.code') }
    return [values.status ? t.sentence.httpStatus : t.sentence.http, values]
  },
  smb(r) {
    const file = r.val('file.name')
    if (file) return [t.sentence.smbFile, { src: r.val('actor.user.name', 'src_endpoint.ip'), operation: r.raw('activity_name') || r.raw('command'), file, share: r.val('share', 'dst_endpoint.ip') }]
    return [t.sentence.smb, { src: r.src, command: r.raw('command').replace('SMB2_COMMAND_', '').toLowerCase().replaceAll('_', ' '), dst: r.val('share', 'dst_endpoint.ip') }]
  },
  krb5(r) {
    const values = { client: r.val('actor.user.name', 'src_endpoint.ip'), service: r.val('service.name', 'dst_endpoint.ip'), error: r.val('status_detail') }
    return [values.error ? t.sentence.krb5Error : t.sentence.krb5, values]
  },
  ldap(r) {
    const values = { src: r.src, dst: r.dst, operation: r.raw('ldap.operation').replaceAll('_', ' '), name: r.val('ldap.dn', 'ldap.base_object', 'query_info.query_string'), result: r.val('status_detail') }
    return [!values.name ? t.sentence.ldap : values.result ? t.sentence.ldapResult : t.sentence.ldapName, values]
  },
  dhcp(r) {
    const values = { device: r.val('device.hostname', 'device.mac', 'src_endpoint.ip'), message: r.raw('activity_name'), address: r.val('device.ip', 'dhcp.requested_ip') }
    return [values.address ? t.sentence.dhcpAddress : t.sentence.dhcp, values]
  },
  ssh: (r) => [t.sentence.ssh, { src: r.src, dst: r.dst, client: r.val('ssh.client.software') ?? '?', server: r.val('ssh.server.software') ?? '?' }],
  dicom(r) {
    const values = {
      calling: r.val('dicom.calling_ae', 'src_endpoint.ip'), called: r.val('dicom.called_ae', 'dst_endpoint.ip'), result: r.val('dicom.result') ?? '?', n: count(r.num('dicom.instance_count')),
      modality: r.val('dicom.modality') ?? '', destination: r.val('dicom.move_destination') ?? '?', keys: r.list('dicom.query_keys') || r.raw('dicom.query_level') || '?', activity: r.raw('activity_name'),
    }
    const s = t.sentence
    const some = r.has('dicom.instance_count')
    const told: Record<string, string> = { Associate: s.dicomAssociate, Reject: s.dicomReject, Abort: s.dicomAbort, Release: s.dicomRelease, Echo: s.dicomEcho, Find: some ? s.dicomFind : s.dicomFindOnly, Move: some ? s.dicomMove : s.dicomMoveOnly, Get: some ? s.dicomGet : s.dicomGetOnly, Store: r.num('dicom.instance_count') === 1 ? s.dicomStoreOne : s.dicomStore }
    return [told[r.raw('activity_name')] ?? s.dicomOther, values]
  },
  hl7(r) {
    const ack = r.raw('hl7.ack')
    const trigger = r.raw('hl7.trigger')
    const message = { field: 'hl7.type', value: r.raw('hl7.type'), text: r.raw('hl7.type') + (trigger && `^${trigger}`) }
    return [ack ? t.sentence.hl7Ack : t.sentence.hl7, { message, sender: r.val('hl7.sending_app', 'src_endpoint.ip'), receiver: r.val('hl7.receiving_app', 'dst_endpoint.ip'), ack: { field: 'hl7.ack', value: ack, text: word(t.sentence.ack, ack) } }]
  },
  fhir(r) {
    const values = { src: r.src, interaction: r.raw('fhir.interaction') || r.raw('fhir.operation'), resource: r.val('fhir.resource', 'fhir.operation') ?? '', server: r.val('http_request.url.hostname', 'dst_endpoint.ip'), status: r.val('http_response.code') }
    return [values.status ? t.sentence.fhirStatus : t.sentence.fhir, values]
  },
  fileinfo: (r) => [r.raw('activity_name') === 'Write' ? t.sentence.fileWrite : t.sentence.fileRead, { src: r.src, file: r.val('file.name') ?? '?', size: bytes(r.num('file.size')), app: r.app }],
  auth: (r) => [r.raw('status') === 'failure' ? t.sentence.authFailure : t.sentence.authSuccess, { user: r.val('user.name') ?? t.sentence.someone, service: r.val('service.name', 'auth_protocol', 'dst_endpoint.ip'), src: r.src, reason: r.val('status_detail') ?? '?' }],
  asset: (r) => [t.sentence.asset, { src: r.val('src_endpoint.ip', 'device.mac') ?? t.sentence.someone, app: r.app, what: ['device.hostname', 'dicom.ae_title', 'device.vendor_name', 'device.model', 'device.role', 'device.uid', 'device.mac'].map((f) => (f === 'device.role' ? roleName(r.raw(f)) : r.raw(f))).filter(Boolean).join(', ') || '?' }],
  device(r) {
    const attribute = r.raw('change.attribute')
    if (attribute === 'class') void askClasses()
    const said = (v: Value | undefined) => v && { ...v, text: v.field.startsWith('change.') ? valueOf(attribute, v.value) : v.text }
    return [word(t.sentence.device, r.raw('activity_name'), t.sentence.other), {
      name: r.val('device.name', 'src_endpoint.ip') ?? '?', src: r.src, dst: r.raw('activity_name'), before: said(r.val('change.before')) ?? '–', after: said(r.val('change.after', 'src_endpoint.ip')) ?? '–', attribute: word(t.devices.fields, attribute), value: r.val('change.identifier') ?? '?',
      other: r.val('device.other_number') ?? '?', n: count(r.num('count')),
    }]
  },
  anomaly: (r) => [t.sentence.anomaly, { src: r.src, dst: r.dst, event: r.val('anomaly.event') ?? '?' }],
  log(r) {
    const host = r.val('device.hostname', 'log.sender_name', 'log.sender_ip') ?? t.sentence.someone
    const said = r.raw('message').replace(/\s+/g, ' ').trim(), message = said.length > 160 ? `${said.slice(0, 160)} …` : said
    if (r.raw('log.sealed')) return [t.sentence.logUnread, { host, message }]
    const values = { host, message, user: r.val('actor.user.name'), action: [r.raw('activity_name') || r.raw('metadata.event_code'), word(t.sentence.outcome, r.raw('status'), '')].filter(Boolean).join(', ') }
    if (message) return [t.sentence.log, values]
    return [values.user ? t.sentence.logUser : t.sentence.logAction, values]
  },
  atna: (r) => [t.sentence.atna, { user: r.val('actor.user.name', 'user.name', 'src_endpoint.ip') ?? t.sentence.someone, what: [r.raw('atna.event'), r.raw('activity_name')].filter(Boolean).join(', ') || '?', src: r.src }],
  alert: (r) => r.raw('finding_info.analytic.uid') ? [t.sentence.alertLog, { title: titled(r, r.raw('finding_info.analytic.uid')), host: r.val('device.hostname', 'src_endpoint.ip') ?? t.sentence.someone }] : [t.sentence.alert, { title: titled(r, `${r.raw('alert.gid')}:${r.raw('alert.sid')}`), src: r.src, dst: r.dst }],
  stats: (r) => [t.sentence.stats, { where: r.val('sensor.interface', 'sensor') ?? '?', packets: count(r.num('traffic.packets')), bytes: bytes(r.num('traffic.bytes')), app: r.raw('app_name') ? r.app : t.sentence.allProtocols }],
  health: (r) => [r.has('health.is_active') ? t.sentence.healthBegan : t.sentence.healthEnded, { message: r.raw('message') }],
  finding: (r) => [t.sentence.finding, { title: titled(r, r.raw('finding_info.analytic.uid')), message: r.raw('message') }],
}

/** The event in words. */
export function tell(e: Event): Part[] {
  const r = new Reader(e)
  const [template, values] = tellers[e.kind]?.(r) ?? [t.sentence.other, { src: r.src, dst: r.dst }]
  const parts: Part[] = []
  let from = 0
  for (const m of template.matchAll(/\{(\w+)\}/g)) {
    if (m.index > from) parts.push(template.slice(from, m.index))
    parts.push(values[m[1]!] ?? '?')
    from = m.index + m[0].length
  }
  if (from < template.length) parts.push(template.slice(from))
  return parts
}

export const plain = (parts: Part[]) => parts.map((p) => (typeof p === 'string' ? p : p.text)).join('')
