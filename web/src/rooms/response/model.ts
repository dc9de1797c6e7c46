// What respond/containment and decide/safety answer, and how their words are shown.
import type { Me } from '../../lib/api.ts'
import { lasting } from '../../lib/format.ts'
import { fill, t, word } from '../../i18n/index.ts'
import { said, type Said } from '../findings/model.svelte.ts'

export interface Reason { code: string; en: string; fr: string }
export interface Verdict { outcome: string; needs: string; missing: string[] | null; cut: boolean; reasons: Reason[] | null }
export interface Approval { by: string; yes: boolean; roles: string[] | null; reason?: string; at: string }
export interface Flow { device: number; peer: string; peer_device?: number; peer_name?: string; app: string; proto: string; port: number; asked: boolean; inside: boolean; clinical: boolean; kept: boolean; conversations: number; bytes: number; last: string; windows: string[] }
export interface Touched { id: number; name: string; class?: string; tier: number; confirmed: boolean; ward?: string; aimed: boolean; inside: number; outside: number; asked: number; clinical: number; serves?: boolean }
export interface Preview {
  seen: boolean
  why?: string
  at: string
  windows: { name: string; from: string; to: string; conversations: number; clinical: number; capped: boolean }[] | null
  flows: Flow[] | null
  more: number
  links?: { device: number; app: string; peer_device?: number; peer_name?: string; asked: boolean; last: string }[] | null
  devices: Touched[] | null
  wards: { ward: string; devices: number }[] | null
  people: string[] | null
}
export interface Longer { state: string; minutes: number; until: string; by: string; reason: string; created: string; verdict: Verdict; approvals?: Approval[]; preview?: Preview }
export interface Lease {
  id: number
  effect: string
  act: string
  target: string
  name?: string
  scope?: string
  addresses?: string[]
  plan?: string[]
  state: string
  enforced: boolean
  automatic: boolean
  centre?: boolean
  playbook?: string
  reason: string
  incident?: string
  minutes: number
  created: string
  by: string
  since?: string
  until?: string
  waits_until?: string
  released_until?: string
  next_try?: string
  point?: string
  attempts?: number
  problem?: string
  verdict: Verdict
  approvals?: Approval[]
  cuts?: { device: number }[]
  longer?: Longer
  preview?: Preview
}
export interface Whole extends Lease { history: { at: string; by: string; what: string; state: string; reason?: string }[] }
export interface Leases { items: Lease[]; total: number; next: string; counts: Record<string, number> }
export interface Point { name: string; acts: string[]; effects?: Record<string, string[]>; set: boolean; available: boolean; problem?: string; wanted: number; held: number; checked?: string; unproven?: boolean; confirmed?: { by: string; at: string } }
export interface Weighed { preview: Preview; verdict: Verdict; effect: string }
export interface Freeze { cause: string; text: Said; by: string; reason: string; since: string }

export interface Safety {
  frozen: Freeze[]
  shadow: boolean
  matrix: { version: number; text: string; edited: boolean; problem: string; rows: { tier: number; name: string; cells: Cell[] }[]; overruled: Overruled[] | null }
  invariants: Said[]
  budgets: { minutes: number; devices: number; ward_percent: number; class_percent: number; canary_s: number; spent: number }
  approvers: Record<string, string[]>
}
export interface Cell { effect: string; outside: string; inside: string; clinical: string }
export interface Overruled { tier: number; effect: string; case: string; says: string; holds: string }

/** Whether what freezes automation ends only when it is mended. */
export const mends = (f: Freeze) => ['ledger', 'matrix', 'playbook'].includes(f.cause)

const ended = ['reverted', 'expired', 'refused', 'shadow']
/** What a list is narrowed to: the states of each choice. Nothing: all of them. */
export const groups: Record<string, readonly string[]> = {
  live: ['proposed', 'approved', 'applying', 'in_force', 'failed', 'released', 'reverting'],
  waiting: ['proposed'],
  force: ['approved', 'applying', 'in_force', 'failed', 'released', 'reverting'],
  shadow: ['shadow'],
  over: ['reverted', 'expired', 'refused'],
  all: [],
}
export const over = (l: Lease) => ended.includes(l.state)
/** Nobody can take back what is over, or on its way there. */
export const ends = (l: Lease) => over(l) || l.state === 'reverting'
export const leaseAt = (id: number) => `/response/${id}`
/** Whom an act is aimed at, by name where there is one. */
export const targetOf = (l: Lease) => l.name || l.target.replace(/^(address|user|domain):/, '')
export const what = (l: Lease) => `${word(t.response.acts, l.act)}: ${targetOf(l)}${l.scope ? ` (${l.scope})` : ''}`
export const deviceOf = (l: Lease) => /^device:(\d+)$/.exec(l.target)?.[1]
export const words = (r: Reason) => said({ en: r.en, fr: r.fr })
export const mark = (d: Touched) => (d.tier > 3 ? '?' : `${d.tier}${d.confirmed ? '' : '?'}`)
export const roleNames = (roles: string[] | null | undefined) => (roles ?? []).map((r) => word(t.response.roles, r)).join(', ')

const has = (me: Me | undefined, ...duties: string[]) => me?.duties.some((d) => duties.includes(d)) ?? false
export const mayAsk = (me: Me | undefined) => has(me, 'analyst', 'biomedical-engineer', 'approver', 'administrator')
/** Who may ask something of a site, at a centre. */
export const mayOrder = (me: Me | undefined) => has(me, 'analyst', 'approver', 'administrator')
/** For whom a person says yes. */
export const rolesOf = (me: Me | undefined) => [...(has(me, 'analyst', 'approver') ? ['soc'] : []), ...(has(me, 'biomedical-engineer') ? ['clinical'] : [])]
/** Whether a lease waits for the yes or no of this person. */
export const mayAnswer = (l: Lease, me: Me | undefined) => {
  const q = question(l)
  return q !== undefined && rolesOf(me).length > 0 && !(q.approvals ?? []).some((a) => a.by === `person:${me?.id}`)
}
/** What of a lease waits for persons: the lease, or that it lasts longer. */
export function question(l: Lease): { verdict: Verdict; approvals?: Approval[] } | undefined {
  if (l.state === 'proposed') return l.verdict.outcome === 'ask' ? l : undefined
  return l.longer?.state === 'asked' && !ends(l) ? l.longer : undefined
}
/** What an enforcement point is called: a device of another maker has the name that the configuration gave it. */
export const pointName = (name: string) => (name.startsWith('http-') ? fill(t.response.pointOf, { name: name.slice(5) }) : word(t.response.pointNames, name))

/** What happens to a lease next, and when: "ends in 12 min". */
export function next(l: Lease, now: number): { text: string; at: string } | undefined {
  const told = (text: string, at: string | undefined) => (at ? { text: fill(text, { time: lasting(Math.max(0, Math.ceil((Date.parse(at) - now) / 1000) * 1000)) }), at } : undefined)
  if (l.state === 'released') return told(t.response.backIn, l.released_until)
  if (l.state === 'proposed') return told(t.response.judgedIn, l.waits_until)
  if (l.state === 'failed' && l.next_try) return told(t.response.triesIn, l.next_try)
  return over(l) ? undefined : told(t.response.endsIn, l.until)
}

/** What acts are aimed at that are not aimed at a device or an address. */
export const aims: Record<string, string> = { 'disable-account': 'user', 'revoke-sessions': 'user', 'remove-group': 'user', sinkhole: 'domain', 'freeze-ring': 'incident' }
/** A target as it is sent: where no kind was typed, a number alone is that of a device, the rest an address, or what the act is aimed at. */
export function aim(typed: string, kind: string): string {
  if (/^[a-z]+:[^:]/.test(typed) && !/^[0-9a-f:.]+$/i.test(typed)) return typed
  if (kind !== 'device') return `${kind}:${typed}`
  return /^\d+$/.test(typed) ? `device:${typed}` : `address:${typed}`
}
