// What respond/notify answers: whom to reach and how, who is on call, and what people were told.
import type { Me } from '../../lib/api.ts'
import type { Said } from '../findings/model.svelte.ts'

export interface Channel { name: string; type: string; tried?: string; problem?: string; waiting: number }
export interface Way { channel: string; to?: string; least?: string }
export interface Contact { id: string; name: string; person?: string; language: string; ways: Way[] }
export interface Turn { contact: string; from: string; to: string }
export interface Rota { name: string; turns: string[]; days: number; start: string; at: string; zone: string; hours?: { days: number[]; from: string; to: string }; swaps?: Turn[]; now?: string; next?: Turn[] }
export interface Policy { name: string; least: string; rounds: number; steps: { minutes: number; who: string[] }[] }
export interface Book { channels: Channel[]; contacts: Contact[]; rotas: Rota[]; policies: Policy[] }
export interface Sent { contact: string; channel: string; state: string; made: string; at?: string; tries: number; error?: string }
export interface Notice {
  id: number
  about: string
  kind: string
  severity: string
  title: Said
  text: Said
  path?: string
  state: string
  made: string
  due?: string
  by?: string
  ended?: string
  missed: number
  held: number
  sent: number
  messages?: Sent[]
}

const has = (me: Me | undefined, ...duties: string[]) => me?.duties.some((d) => duties.includes(d)) ?? false
export const mayTest = (me: Me | undefined) => has(me, 'administrator')
export const maySwap = (me: Me | undefined) => has(me, 'administrator', 'analyst')
export const mayAnswer = (me: Me | undefined) => has(me, 'administrator', 'analyst', 'approver', 'biomedical-engineer')

export const nameOf = (b: Book, id: string) => b.contacts.find((c) => c.id === id)?.name ?? id
/** Who is meant by contact:ID or rota:NAME, and of a rota, who that is now; nobody where it says nobody. */
export function meant(b: Book, who: string): { name: string; rota?: string } {
  const [kind, id = ''] = who.split(/:(.*)/s)
  if (kind !== 'rota') return { name: nameOf(b, id) }
  const now = b.rotas.find((r) => r.name === id)?.now
  return { rota: id, name: now ? nameOf(b, now) : '' }
}
type Kept = Omit<Rota, 'name' | 'now' | 'next'>
/** A rota as it is kept; what is shown with it is left out. */
export function written({ turns, days, start, at, zone, hours, swaps }: Kept): Kept {
  return { turns, days, start, at, zone, ...(hours && { hours }), ...(swaps && { swaps }) }
}
/** A rota as it is kept, with one swap more. */
export const swapped = (r: Rota, s: Turn): Kept => written({ ...r, swaps: [...(r.swaps ?? []), s] })
/** A short word of small letters, digits and hyphens for a name, that none of the others is. */
export function shortWord(name: string, others: string[]): string {
  const base = name.normalize('NFD').toLowerCase().replace(/[^a-z0-9]+/g, (s) => (/^[\u0300-\u036f]+$/.test(s) ? '' : '-')).replace(/^-+|-+$/g, '').slice(0, 28) || 'x'
  for (let n = 1; ; n++) {
    const word = n === 1 ? base : `${base}-${n}`
    if (!others.includes(word)) return word
  }
}
export const mayWrite = (me: Me | undefined) => has(me, 'administrator')
