// What decide/incident answers about cases, and how their clocks run.
import type { Said } from '../findings/model.svelte.ts'

export interface Act { at: string; by: string; what: string }
export interface Task { id: number; text: string; owner: string; done: boolean; due?: string }
export interface Note { at: string; by: string; text: string }
export interface Evidence { id: number; kind: string; name: string; sha256: string; bytes?: number; kept: boolean; note?: string; custody: Act[] }
export interface Step { to: string; stage: string }
export interface Declared extends Step { at: string; by: string; reference?: string }
export interface Clock extends Step { name: Said; source: string; applies: boolean; why: Said; due: string; declared?: string }
export interface Facts { aware: string; significant: boolean; personal_data: boolean; care_affected: boolean }
export interface Case {
  id: number
  rev: number
  title: string
  status: 'open' | 'closed'
  owner?: string
  incidents: number[]
  opened: string
  by: string
  changed: string
  facts: Facts
  tasks: Task[]
  notes: Note[]
  evidence: Evidence[]
  declared: Declared[]
  clocks?: Clock[]
  history: Act[]
}
/** A case as the list has it: how many tasks are not done yet, and the clock that runs out first. */
export interface CaseItem { id: number; title: string; status: 'open' | 'closed'; owner?: string; changed: string; tasks: number; clock?: Clock }
export interface Field { id: string; name: Said; value: Said; missing: boolean }
export interface Declaration extends Step { case: number; name: Said; source: string; due: string; declared?: string; fields: Field[] }
export type Change = Partial<Pick<Case, 'title' | 'status' | 'owner' | 'incidents' | 'facts'>> & { fields?: Record<string, string>; task?: Omit<Task, 'due'> & { due?: string | undefined }; note?: string; declared?: Step & { reference: string } }

export const views = ['mine', 'open', 'closed', 'all'] as const
export const facts = ['significant', 'personal_data', 'care_affected'] as const
/** What people fill in for declarations; the other fields come from the incidents. */
export const free = ['organisation', 'contact', 'malicious', 'crossborder', 'impact', 'cause', 'measures', 'nature', 'people', 'records', 'dpo', 'consequences', 'support', 'description']
export const mostBytes = 4 << 20 // of a file of evidence
export const caseAt = (id: number) => `/cases/${id}`

export type Pace = 'idle' | 'done' | 'over' | 'soon' | 'runs'
const soon = 6 * 3600e3 // ms

/** How a clock stands: it does not run, it was stopped by a declaration, or it runs, and how close it is to its end. */
export function pace(c: Clock, now: number): Pace {
  if (c.declared) return 'done'
  if (!c.applies) return 'idle'
  const left = Date.parse(c.due) - now
  return left <= 0 ? 'over' : left <= soon ? 'soon' : 'runs'
}
/** How long a clock has, in milliseconds; below 0: since when it is over. */
export const left = (c: Clock, now: number) => Date.parse(c.due) - now
/** How much of its time is gone, from 0 to 1. */
export function gone(c: Clock, aware: string, now: number): number {
  const all = Date.parse(c.due) - Date.parse(aware)
  return all <= 0 ? 1 : Math.min(1, Math.max(0, (now - Date.parse(aware)) / all))
}

/** A time as the input of a date and time wants it, by the clock of this machine. */
export function local(time: string): string {
  const at = new Date(time)
  return new Date(at.getTime() - at.getTimezoneOffset() * 60e3).toISOString().slice(0, 16)
}
