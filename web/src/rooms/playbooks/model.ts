// What respond/playbook answers, and how a playbook is said in plain words.
import type { Me } from '../../lib/api.ts'
import type { Said } from '../findings/model.svelte.ts'

export interface When { severity?: string; risk?: number; techniques?: string[]; stages?: string[]; words?: string[] }
export interface Step { id: string; do: 'contain' | 'tell' | 'task'; title: Said; act?: string; of?: string; tiers?: number[]; minutes?: number; most?: number; approve?: string; undo?: string }
export interface Content { id: string; title: Said; about: Said; source: string; license: string; when: When; unless?: When; steps: Step[] }
export interface ActCount { act: string; done: number; asked: number; refused: number; devices: number; clinical_devices: number; clinical: number; unconfirmed: number; wards: number }
export interface Item {
  at: string
  incident: string
  title: Said
  verdict?: string
  act: string
  target: string
  name?: string
  outcome: string
  why: { code: string; en: string; fr: string }[] | null
  tier: number
  ward?: string
  conversations: number
  clinical: number
  seen: boolean
}
export interface BackTest {
  done: number
  asked: number
  refused: number
  id: number
  playbook: string
  version: string
  days: number
  by: string
  began: string
  ended?: string
  state: 'running' | 'done' | 'cancelled' | 'failed'
  problem?: string
  incidents: number
  looked: number
  flows_from?: string
  runs: number
  wrong: number
  unsaid: number
  blind: number
  acts: ActCount[] | null
  text: Said
  items?: Item[]
  more: number
}
export interface Playbook {
  id: string
  file: string
  shipped: boolean
  on: boolean
  by?: string
  reason?: string
  at?: string
  error?: string
  stale?: string
  missing: string[]
  playbook?: Content
  text: string
  runs: number
  last?: string
  version?: string
  mode?: 'shadow' | 'active'
  promoted?: { version: string; active: boolean; by: string; reason: string; at: string; test: number }
  fallen?: boolean
  tests?: BackTest[]
}
export interface Target { entity: string; lease?: number; problem?: string; lifted?: boolean; noted?: number }
export interface Progress { step: string; targets?: Target[]; more?: number; done?: string; by?: string; note?: string }
export interface Run { id: number; playbook: Content; incident: string; state: string; by: string; began: string; ended?: string; reason?: string; problem?: string; steps: Progress[] }
interface Cell { effect: string; outside: string; inside: string; clinical: string }
export interface Row { tier: number; name: string; cells: Cell[] }

const has = (me: Me | undefined, ...duties: string[]) => me?.duties.some((d) => duties.includes(d)) ?? false
export const mayRule = (me: Me | undefined) => has(me, 'administrator', 'approver')
export const mayRun = (me: Me | undefined) => has(me, 'analyst', 'approver')
export const mayAct = (me: Me | undefined) => has(me, 'analyst', 'approver', 'biomedical-engineer', 'administrator')
export const playbookAt = (id: string) => `/playbooks/${id}`

export type State = 'broken' | 'off' | 'shadow' | 'active'
export const stateOf = (p: Playbook): State => (p.error ? 'broken' : !p.on ? 'off' : p.mode === 'active' ? 'active' : 'shadow')
/** The back-test on which a playbook may be made active: the newest one of its text that came to its end. */
export const proof = (p: Playbook) => p.tests?.find((x) => x.version === p.version && x.state === 'done')

const effects: Record<string, string> = { 'freeze-ring': 'E0', ban: 'E2', block: 'E2', sinkhole: 'E2', isolate: 'E3', 'disable-account': 'E3', quarantine: 'E4', reconnect: 'E4' }
/** Who must say yes to a step, by the matrix as it stands: each answer with the tiers of devices for which it is so. Empty: it is not known here. */
export function yes(s: Step, rows: readonly Row[]): { needs: string; tiers: number[] }[] {
  const out: { needs: string; tiers: number[] }[] = []
  for (const r of rows) {
    const effect = s.act === 'disable-account' && r.tier < 3 ? 'E5' : effects[s.act ?? ''] // who gives care and is locked out is as good as cut off
    const c = r.cells.find((x) => x.effect === effect)
    if (!c || r.tier > 3 || (s.tiers?.length && !s.tiers.includes(r.tier))) continue
    const needs = s.of === 'outside' || s.of === 'domains' ? c.outside : c.inside
    const at = out.find((x) => x.needs === needs)
    if (at) at.tiers.push(r.tier)
    else out.push({ needs, tiers: [r.tier] })
  }
  return out
}

/** Where a text is wrong, by what was said of it: the line, from 1, and what is wrong. What names a step of CACAO stands where that step does. */
export function wrongAt(why: string, text: string): { line?: number; why: string } {
  const own = /^[^\s:]+:(\d+): ([\s\S]*)$/.exec(why)
  if (own) return { line: Number(own[1]), why: own[2]! }
  const plain = why.replace(/^playbook: this playbook cannot be run here: /, '')
  const named = /^step "([^"]+)"/.exec(plain)?.[1] ?? (/variables/.test(plain) ? 'playbook_variables' : /revoked/.test(plain) ? 'revoked' : /^it is "/.test(plain) ? 'spec_version' : undefined)
  if (named === undefined) return { why: plain }
  const quoted = JSON.stringify(named)
  const at = [...text.matchAll(new RegExp(`${quoted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*:`, 'g'))][0]?.index ?? text.indexOf(quoted)
  return at < 0 ? { why: plain } : { line: text.slice(0, at).split('\n').length, why: plain }
}
/** Where a line stands in a text: from and to. */
export function lineOf(text: string, line: number): [number, number] {
  const lines = text.split('\n')
  const from = lines.slice(0, line - 1).reduce((n, l) => n + l.length + 1, 0)
  return [from, from + (lines[line - 1] ?? '').length]
}
