// Terms of the search language, as the search box and the pivot menu write them.

import type { FieldInfo } from './api.ts'

export const flowField = 'connection_info.uid'

/** Attributes that hold one of few words, or that are compared as numbers, addresses or lists: no "=" is needed there. */
const words = new Set(['ip', 'port', 'kind', 'sensor', 'site', 'id', 'connection_info.protocol_name', 'app_name', 'rcode', 'query.type', 'severity', 'status', 'patient.uid',
  'hl7.type', 'hl7.trigger', 'connection_info.state', 'connection_info.community_uid', 'http_request.http_method', 'dicom.modality', 'fhir.resource',
  'src_endpoint.ip', 'dst_endpoint.ip', 'src_endpoint.port', 'dst_endpoint.port', 'src_endpoint.vlan_uid', flowField])
const short: Record<string, string> = {}
const loose = new Set<string>()

/** Takes the short names and the types of attributes, as the API tells them. */
export function learn(fields: readonly FieldInfo[]) {
  for (const f of fields) {
    if (f.alias) short[f.name] = f.alias
    if (f.type !== 'text') loose.add(f.name)
  }
}
export const alias = (field: string) => short[field] ?? field

const plain = /^[\p{L}\p{N}_./@^-]+$/u
const operators = /^(and|or|not)$/i

export const quote = (value: string) => (plain.test(value) && !value.startsWith('-') && !operators.test(value) ? value : JSON.stringify(value))

/** field:value exactly, or the words of value anywhere when field is ''. */
export function term(field: string, value: string, without = false): string {
  const not = without ? '-' : ''
  if (!field) return not + quote(value)
  const exact = value === '' || words.has(field) || loose.has(field) ? '' : '='
  return `${not}${alias(field)}:${exact}${value === '' ? '""' : quote(value)}`
}

/** Adds a term to a query, once; its opposite is taken away. */
export function and(query: string, more: string): string {
  const opposite = more.startsWith('-') ? more.slice(1) : `-${more}`
  const kept = split(query).filter((x) => x !== opposite && x !== more)
  return [...kept, more].join(' ')
}

/** The terms of a query, apart at spaces outside quotes and brackets. */
export function split(query: string): string[] {
  const out: string[] = []
  let from = -1, depth = 0, quoted = false
  for (let i = 0; i < query.length; i++) {
    const c = query[i]!
    if (c === ' ' && !quoted && depth === 0) {
      if (from >= 0) out.push(query.slice(from, i))
      from = -1
      continue
    }
    if (from < 0) from = i
    if (quoted) { if (c === '\\') i++; else if (c === '"') quoted = false }
    else if (c === '"') quoted = true
    else if (c === '(') depth++
    else if (c === ')') depth = Math.max(0, depth - 1)
  }
  if (from >= 0) out.push(query.slice(from))
  return out
}

export const without = (query: string, gone: string) => split(query).filter((x) => x !== gone).join(' ')

/** The term that the caret stands in, for the suggestions: what it begins with, and where it stands. */
export function atCaret(query: string, caret: number): { from: number; field?: string; start: string } {
  const head = query.slice(0, caret)
  const last = /[^\s()]*$/.exec(head)?.[0] ?? ''
  const bare = last.replace(/^-/, '')
  const from = caret - bare.length
  const colon = bare.indexOf(':')
  if (colon < 0) return { from, start: bare.replace(/^"/, '') }
  return { from: from + colon + 1, field: bare.slice(0, colon), start: bare.slice(colon + 1).replace(/^[=~<>"]+/, '') }
}
