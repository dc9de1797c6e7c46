// The one time range of the page: relative (?range=15m) or fixed (?from=&to=).
import { place, set } from './place.svelte.ts'

export interface Range { from: number; to: number; last?: string; capture?: string }

export const lasts = ['5m', '15m', '1h', '6h', '24h', '7d', '30d'] as const
const units: Record<string, number> = { m: 60e3, h: 3600e3, d: 86400e3 }
export const usual = '15m'

/** The length of "15m" in milliseconds; NaN for what is no length. */
export function length(last: string): number {
  const m = /^(\d{1,4})([mhd])$/.exec(last)
  return m ? Number(m[1]) * units[m[2]!]! : NaN
}

/** What happened this lately may not be stored yet: a relative range ends before it, so that its link shows the same later. */
const settling = 3000
let asOf = $state(Date.now() - settling)

/** What the node shows instead of the network: then it, and not the last minutes, is what people want to see. */
export interface Capture { name: string; from: string; to: string; reading: boolean }
let capture: Capture | undefined = $state.raw(undefined)
export const shown = () => capture
export function show(c: Capture | undefined) { if (c && Date.parse(c.from) < Date.parse(c.to)) capture = c }

/** The range of the page. A relative one ends when it was last refreshed. */
export function range(): Range {
  const from = Date.parse(place.get('from')), to = Date.parse(place.get('to'))
  if (from < to) return { from, to }
  const asked = place.get('range')
  if (capture && !asked) return { from: Date.parse(capture.from), to: Date.parse(capture.to), capture: capture.name }
  const last = Number.isNaN(length(asked)) ? usual : asked
  return { from: asOf - length(last), to: asOf, last }
}

/** When the page was last asked to look again, as unix milliseconds. */
export const refreshed = () => asOf
export const refresh = () => { asOf = Date.now() - settling }
/** explicit: the usual range is written too, where none means all time. */
export const lately = (last: string, explicit = false) => { refresh(); set({ range: last === usual && !capture && !explicit ? undefined : last, from: undefined, to: undefined }) }
/** The range of the whole capture. */
export const whole = () => set({ range: undefined, from: undefined, to: undefined })
export const between = (from: number, to: number) =>
  set({ range: undefined, from: new Date(Math.floor(from)).toISOString(), to: new Date(Math.ceil(to)).toISOString() })

/** The parameters that the API takes for a range. */
export const bounds = (r: Range) => ({ from: new Date(r.from).toISOString(), to: new Date(r.to).toISOString() })
