// What the API says of log sources, and how their words are shown.
import type { Me } from '../../lib/api.ts'
import { word } from '../../i18n/index.ts'
import { l } from '../../i18n/logs.ts'

export interface Source {
  id: string
  intake: string
  sender: string
  host: string
  stream: string
  name?: string
  format?: string
  muted?: boolean
  expected?: number // nanoseconds
  said: boolean
  read: string
  first: string
  last: string
  rate: number
  minutes: number[]
  usual: number
  allowed: number
  silent: boolean
  offset?: number
  counts: { lines: number; bytes: number; understood: number; faults?: Record<string, number>; formats?: Record<string, number> }
}
export interface Format { id: string; title: string; product: string; setup: string }
export interface Door { way: string; address: string }
export interface Entrance { name: string; listens: Door[]; refused: Record<string, number> | null }
export interface Token { name: string; made: string; by: string }
export interface Said { en: string; fr: string }
export interface Step { only?: string; say: Said; file?: string; lines?: string }
export interface Product { id: string; title: Said; group: string; way: string; doors?: string[]; token?: string; formats?: string[]; guide: string; steps: Step[] }
export interface Way { id: string; listen: string; intakes: string[]; doors: Door[] }
export interface Setup { names: string[]; authority?: string; ways: Way[]; products: Product[] }

export const states = ['silent', 'never', 'partly', 'new', 'talks', 'muted'] as const
export type State = (typeof states)[number]

/** How a source stands. What is muted is said only where nothing worse is. */
export function stateOf(s: Source): State {
  if (s.silent) return 'silent'
  if (s.counts.lines > 0 && s.counts.understood === 0) return 'never'
  if (s.counts.lines > 0 && s.counts.understood / s.counts.lines <= 0.9) return 'partly'
  if (s.muted) return 'muted'
  return s.allowed > 0 ? 'talks' : 'new'
}
export const stateName = (s: string) => word(l.sources.states, s)
export const inTrouble = (s: Source) => ['silent', 'never', 'partly'].includes(stateOf(s))
export const called = (s: Source) => s.name || s.host || s.sender || s.stream || s.intake
/** The formats that understood its lines, the most used first. */
export const formatsOf = (s: Source) => Object.entries(s.counts.formats ?? {}).sort((a, b) => b[1] - a[1])
export const share = (s: Source) => (s.counts.lines ? s.counts.understood / s.counts.lines : 0)

export const mayChange = (me: Me | undefined) => me?.duties.some((d) => d === 'analyst' || d === 'administrator') ?? false
export const isAdmin = (me: Me | undefined) => me?.duties.includes('administrator') ?? false
export const isAnalyst = (me: Me | undefined) => me?.duties.includes('analyst') ?? false

export const sorts = ['state', 'name', 'rate', 'last', 'understood'] as const
export function sorted(all: Source[], by: string): Source[] {
  const name = (a: Source, b: Source) => called(a).localeCompare(called(b))
  const order: Record<string, (a: Source, b: Source) => number> = {
    name,
    rate: (a, b) => b.rate - a.rate || name(a, b),
    last: (a, b) => b.last.localeCompare(a.last) || name(a, b),
    understood: (a, b) => share(a) - share(b) || name(a, b),
  }
  return [...all].sort(order[by] ?? ((a, b) => states.indexOf(stateOf(a)) - states.indexOf(stateOf(b)) || name(a, b)))
}

/** What a person types, of one source; all words are in it. */
export function about(s: Source, words: string): boolean {
  const text = [called(s), s.host, s.sender, s.stream, s.intake, ...formatsOf(s).map(([f]) => f)].join(' ').toLowerCase()
  return words.toLowerCase().split(/\s+/).every((w) => text.includes(w))
}

/** The port of an address that is listened at. */
export const portOf = (address: string) => /:(\d+)$/.exec(address)?.[1] ?? ''
export const loopback = (address: string) => /^(127\.|\[::1\])/.test(address)
/** The usual port of a door that is closed. */
export const usualPort = (way: Way, door: string) => new RegExp(`${door}: "?:(\\d+)`).exec(way.listen)?.[1] ?? /:(\d+)"/.exec(way.listen)?.[1] ?? ''

/** The lines of a step, filled in. */
export const filled = (lines: string, values: { host: string; port: string; door: string; token: string }) =>
  lines.replace(/@(HOST|PORT|DOOR|TOKEN)@/g, (_, name: string) => ({ HOST: values.host, PORT: values.port, DOOR: values.door.toUpperCase(), TOKEN: values.token || 'TOKEN' })[name]!)

/** What was known of the sources when somebody began to wait: how many lines each had, and of which formats; and when that was. */
export interface Before { at: number; sources: Map<string, Source> }

const quiet = 60e3

/** Which sources have sent since then: those that never did before, that were quiet for a minute, or that now send what the product does. */
export function arrived(before: Before, now: Source[], way: Way, product: Product): Source[] {
  return now.filter((s) => {
    const was = before.sources.get(s.id)
    if (!way.intakes.includes(s.intake) || s.counts.lines === (was?.counts.lines ?? 0)) return false
    if (!was || before.at - Date.parse(was.last) > quiet) return true
    return (product.formats ?? []).some((f) => (s.counts.formats?.[f] ?? 0) > (was.counts.formats?.[f] ?? 0))
  })
}
