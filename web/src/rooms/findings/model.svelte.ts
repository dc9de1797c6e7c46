// What decide/finding answers, and how its words are shown.
import type { Me } from '../../lib/api.ts'
import { app } from '../../lib/names.ts'
import { count, second } from '../../lib/format.ts'
import { curly, fill, language, plural, t, word } from '../../i18n/index.ts'

export interface Said { en: string; fr: string }
export interface Entity { role: string; kind: string; value: string; device?: number; name?: string; class?: string; tier?: string; count?: number }
export interface Technique { id: string; name: string; tactics?: { id: string; name: string; french: string }[]; was?: string }
export type Verdict = 'true' | 'false' | 'benign' | 'suppress'
export type Act = Verdict | 'snooze' | 'reopen'
export type Scope = 'same' | 'entity' | 'rule'
export interface Finding {
  id: number
  title: string
  rule: string
  rev?: number
  category?: string
  source: string
  severity: string
  confidence?: string
  techniques: Technique[]
  attack?: string
  status: 'open' | 'snoozed' | 'closed'
  verdict?: Verdict
  by?: string
  reason?: string
  judged?: string
  until?: string
  entities: Entity[]
  site?: string
  app?: string
  port?: number
  proto?: string
  first: string
  last: string
  count: number
  why: Said
  hospital?: boolean
}
export interface Findings { items: Finding[]; total: number; all: number; next?: string }
export interface Facets {
  status: Record<string, number>
  severity: Record<string, number>
  source: Record<string, number>
  verdict?: Record<string, number>
  site?: Record<string, number>
  rule?: { id: string; title: string; count: number }[]
  technique?: { id: string; name: string; count: number }[]
  tactic?: { id: string; name: string; french: string; count: number }[]
  entity?: { kind: string; value: string; device?: number; name?: string; count: number }[]
}
export interface Seen {
  id: string
  time: string
  sensor?: string
  src: string
  src_port?: number
  dst: string
  dst_port?: number
  proto?: string
  app?: string
  flow?: string
  from_server?: boolean
  tx?: number
  action?: string
  packets?: string
  record?: Record<string, unknown>
  host?: string
  user?: string
  of?: string[]
}
export interface Suppression { id: number; scope: Scope; rule: string; title: string; verdict: string; entities?: Entity[]; reason: string; by: string; at: string; until?: string; finding?: number; hits: number; last?: string }
export interface Happening { time: string; by: string; what: string; verdict?: string; reason?: string; until?: string; scope?: string }
export interface Whole extends Finding {
  evidence: { events?: Seen[]; more: number; search: string; packets?: { flow?: string; hosts?: string[]; from?: string; to?: string } }
  history?: Happening[]
  next_steps?: Said[]
  rule_text?: string
  rule_place?: string
  references?: { kind: string; id: string; url?: string }[]
  suppressions?: Suppression[]
  related?: { rule: number; source: number; target: number }
}
export interface Judged { items: Finding[]; suppressions?: Suppression[] }
/** What the live stream says of findings. */
export interface Changed { changed: { change: 'new' | 'returned' | 'severity' | 'verdict' | 'count'; finding: Finding }[]; left_off: number }

export const per = 100
export const severities = ['critical', 'high', 'medium', 'low', 'informational']
export const statuses = ['open', 'snoozed', 'closed', 'all'] as const
export const facetNames = ['severity', 'verdict', 'source', 'tactic', 'technique', 'rule', 'entity', 'site'] as const

export const said = (x: Said | undefined) => (x ? (language === 'fr' && curly(x.fr)) || x.en : '')
export const mayJudge = (me: Me | undefined) => me?.duties.some((d) => d === 'analyst' || d === 'administrator') ?? false
export const findingAt = (id: number) => `/findings/${id}`
export const tacticName = (x: { name: string; french: string }) => (language === 'fr' && x.french) || x.name

/** An end of a finding as a person calls it. */
export function entityName(e: Entity): string {
  if (e.kind === 'others') return plural(e.count ?? 0, t.findings.othersOne, t.findings.othersMany, { n: count(e.count ?? 0) })
  return e.name || e.value
}
/** The same with its address, where the name does not hold it. */
export const entityText = (e: Entity) => (e.name && e.value && !e.name.includes(e.value) ? `${e.name} (${e.value})` : entityName(e))
/** How an entity is asked for. */
export const entityKey = (e: { kind: string; value: string; device?: number | undefined }) => (e.kind === 'device' && e.device ? `device:${e.device}` : `${e.kind}:${e.value}`)
/** The attribute under which the value of an entity is searched for. */
export const entityField = (kind: string) => ({ device: 'ip', address: 'ip', domain: 'domain', user: 'user', file: 'file', 'ae-title': 'ae' })[kind] ?? ''

/** Between whom it is, in short: "CT room 1 → 203.0.113.9 · SMB". */
export function ends(f: Finding): string {
  const from = f.entities.find((e) => e.role === 'source'), to = f.entities.find((e) => e.role === 'target')
  const named = [from, to].filter((e) => e !== undefined).map(entityName).join(' → ') || f.entities.map(entityName).join(', ')
  return [named, f.app ? (f.source === 'log' ? f.app : app(f.app)) : ''].filter(Boolean).join(' · ')
}

/** Where it stands, in words. */
export function standing(f: Finding): string {
  if (f.status === 'snoozed') return f.until ? fill(t.findings.snoozedUntil, { time: second(f.until) }) : t.findings.statuses.snoozed
  if (f.status === 'closed') return f.verdict ? word(t.findings.verdicts, f.verdict) : t.findings.statuses.closed
  return ''
}

/** The values of a record, one under another: "http.hostname". */
export function flat(record: unknown, path = ''): [string, string][] {
  if (record === null || record === undefined) return []
  if (Array.isArray(record)) return record.every((x) => typeof x !== 'object') ? [[path, record.join(', ')]] : record.flatMap((x, i) => flat(x, `${path}[${i}]`))
  if (typeof record === 'object') return Object.entries(record).flatMap(([k, v]) => flat(v, path ? `${path}.${k}` : k))
  return [[path, String(record)]]
}

/** The entities that all of the findings have, so that one can be named for all. */
export function shared(list: Finding[]): Entity[] {
  const [one, ...rest] = list
  return (one?.entities ?? []).filter((e) => e.kind !== 'others' && rest.every((f) => f.entities.some((x) => entityKey(x) === entityKey(e))))
}

/** Which of the findings that the node has now the list does not show yet, in the node's order. */
export const unseen = (now: Finding[], listed: Finding[]) => { const have = new Set(listed.map((f) => f.id)); return now.filter((f) => !have.has(f.id)) }

/** The list with what has become of its findings; nothing moves. */
export const renewed = (listed: Finding[], fresh: Finding[]) => { const now = new Map(fresh.map((f) => [f.id, f])); return listed.map((f) => now.get(f.id) ?? f) }

/** The ids from one to the other, both with them. */
export function span(list: Finding[], a: number, b: number): number[] {
  const i = list.findIndex((f) => f.id === a), j = list.findIndex((f) => f.id === b)
  if (i < 0 || j < 0) return [b]
  return list.slice(Math.min(i, j), Math.max(i, j) + 1).map((f) => f.id)
}
