// What the traffic rules answer, and how their words are shown.
import type { Me } from '../../lib/api.ts'
import { curly, language, t, word } from '../../i18n/index.ts'

export interface Said { en: string; fr: string }
export type State = 'loaded' | 'rejected' | 'disabled' | 'noisy' | 'blind'
export interface Rule {
  id: string // "gid:sid"; '' where the rule could not be read that far
  gid: number
  sid: number
  rev: number
  title: string
  source: string
  place: string // file:line:column
  state: State
  reason?: Said
  enabled: boolean
  action: string
  protocol: string
  class: string
  severity: string
  techniques?: string[]
  fired: number
  last?: string
  checked: number
  cost: number // nanoseconds; 0: not measured
  share: number // of the time of all rules
  verdicts?: { true: number; false: number; benign: number; suppressions: number }
}
export interface Rules {
  items: Rule[]
  total: number
  next?: string
  facets: { state: Record<string, number>; source: Record<string, number>; class: { name: string; count: number }[] }
  set?: { rules: number; since: string; load_ms: number; skipped: number; lost: number }
}
export interface Decision { who: string; when: string; reason: string; enabled: boolean; rules?: string }
export interface Whole extends Rule {
  text: string
  explain?: { en: string[]; fr: string[] }
  references?: { system: string; id: string; url?: string }[]
  metadata?: { key: string; value: string }[]
  variables?: { name: string; value: string }[]
  bits?: { name: string; of: string; does: string; set_by?: string[]; asked_by?: string[] }[]
  decided?: Decision
  overrides?: { place: string; text: string }[]
  verdict_list?: { verdict: string; reason: string; who: string; when: string; finding?: number; scope?: string }[]
}
export interface Source {
  name: string
  kind: string
  address?: string
  enabled: boolean
  interval_s?: number
  state: string
  reason?: string
  updated?: string
  checked?: string
  next?: string
  digest?: string
  verified?: string
  rules: number
  loaded: number
  rejected: number
  disabled: number
  noisy: number
  blind: number
}
export interface Updated { results: { source: string; outcome: string; reason?: string; rules: number; added: number; removed: number; changed: number }[]; loaded: number; rejected: number }
export interface Technique { id: string; name: string; rules: number; fired: number; last?: string }
export interface Coverage { version: string; tactics: { id: string; name: Said; techniques: Technique[]; rules: number; fired: number }[]; without: number }
export interface Fault { place: string; line: number; column: number; sid?: number; reason: string }
export interface Hit { time: string; src: string; src_port?: number; dst: string; dst_port?: number; protocol?: string; app?: string; packet?: number }
export interface Tried {
  rules: number
  rejected?: Fault[]
  explain?: { id: string; en: string[]; fr: string[] }[]
  fires?: { id: string; title: string; count: number; severity: string; first: Hit[] }[]
  silent?: string[]
  packets?: number
  bytes?: number
  events?: number
  took_ms?: number
  stopped?: string
  reason?: string // why the capture could not be read to its end
}

export const states: State[] = ['loaded', 'noisy', 'blind', 'disabled', 'rejected']
export const stateName = (s: string) => word(t.detections.states, s)
/** A text that the node says in both languages. */
export const said = (x: Said | undefined) => (x ? (language === 'fr' && curly(x.fr)) || x.en : '')
export const saidAll = (x: { en: string[]; fr: string[] } | undefined) => (x ? (language === 'fr' && x.fr.length ? x.fr.map(curly) : x.en) : [])
export const sourceName = (name: string) => word(t.detections.sourceNames, name)
/** Whether somebody may switch rules, fetch them and try them. */
export const mayChange = (me: Me | undefined) => me?.duties.some((d) => d === 'analyst' || d === 'administrator') ?? false
export const techniqueAt = (id: string) => `https://attack.mitre.org/techniques/${id.replace('.', '/')}/`
export const tacticAt = (id: string) => `https://attack.mitre.org/tactics/${id}/`
/** The page of a rule: one about traffic is known by two numbers, others are about logs. */
export const ruleAt = (id: string) => `/detections?${/^\d+:\d+$/.test(id) ? '' : 'about=logs&'}rule=${encodeURIComponent(id)}`
export const alertsOf = (r: { gid: number; sid: number }) => `kind:alert alert.sid:${r.sid} alert.gid:${r.gid}`

/** What stands in the test bench, kept while the console is open. */
let bench = $state('')
export const draft = { get text() { return bench }, set text(x: string) { bench = x } }
