// What the pages about people and sessions share.
import { Problem, type Me } from '../../lib/api.ts'
import { why } from '../../lib/why.ts'
import { t, word } from '../../i18n/index.ts'
import { p as w } from '../../i18n/people.ts'

export interface Person {
  id: string; login: string; name: string; duties: string[]; state: 'active' | 'password-alone' | 'invited' | 'disabled'; created: string; seen?: string
  source?: string; roles: string[]; units: string[]; national?: string; left?: boolean
}
export interface People { people: Person[]; duties: string[]; all: number; next?: string; sources: string[] | null; roles: string[] | null; units: string[] | null }
export interface Session {
  id: string; current: boolean; created: string; seen: string; ends: string; methods: string[]; address: string; agent: string
  person: string; login: string; name: string; duties: string[]; assurance: 1 | 2 | 3; held?: 'second-factor' | 'password'; device?: string
}
export interface Factor { kind: 'password' | 'passkey' | 'message' | 'totp' | 'recovery' | 'provider' | 'badge' | 'pin'; label?: string; created: string; used?: string; renew?: string; model?: string; outside?: string }
export interface Badge { badge?: string; pin?: string; pin_renew: boolean; pin_wait: number; pin_counts: boolean; stations: boolean }
export interface Whole { person: Person; factors: Factor[]; rules: boolean; messages: boolean; badge?: Badge; sessions?: Session[]; signed?: { time: string; address?: string; method?: string }[] }

/** Whether somebody runs the console, and whom they may help: the help desk helps whoever decides nothing. */
export const runs = (me: Me | undefined) => me?.duties.includes('administrator') ?? false
export const helps = (me: Me | undefined, p: Person) => p.id !== me?.id && (runs(me) || p.duties.every((d) => d === 'reader'))

/** How a session was proved. */
export function proved(s: Session): string {
  const by = (method: string) => s.methods.includes(method)
  if (by('hwk') || by('swk')) return t.settings.byPasskey
  if (by('fed')) return by('otp') ? t.settings.byProviderAndCode : t.settings.byProvider
  if (by('sms')) return t.settings.byMessage
  if (by('wia')) return by('otp') ? t.settings.byTicketAndCode : t.settings.byTicket
  return by('otp') ? t.settings.byCode : t.settings.byPassword
}

/** What went wrong, in words, one for each thing. */
export function said(x: unknown): string[] {
  if (!(x instanceof Problem)) return [t.problem.network]
  if (x.fields['why']) return [why(x)]
  if (x.code === 'obliged') return [w.staff.obliged, ...(x.fields['by'] ?? '').split(',').map((o) => word(w.staff.obligations, o))]
  const codes = Object.values(x.fields)
  return (codes.length ? codes : [x.code]).map((c) => word(t.faults, c, x.message || t.problem.network))
}

export const listOf = (text: string, by = ',') => text.split(by).map((w) => w.trim()).filter(Boolean)
