// Numbers and times as a person reads them, in the chosen language and with their unit.
import { language, t } from '../i18n/index.ts'

const locale = language === 'fr' ? 'fr-FR' : 'en-GB'
const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 })
const fine = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
const short = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 })
const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const minute = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' })
const dayYear = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric' })

export const count = (n: number) => whole.format(n)
export const compact = (n: number) => (n < 10_000 ? whole.format(n) : short.format(n))

function scaled(n: number, units: readonly string[]): string {
  let i = 0
  while (n >= 999.5 && i < units.length - 1) { n /= 1000; i++ }
  return `${(n < 10 && i > 0 ? fine : whole).format(n)}\u00a0${units[i]}`
}
export const bytes = (n: number) => scaled(n, t.units.bytes)
export const bits = (n: number) => scaled(n, t.units.bits)

/** A rate that may be small: "0.4", "12", "1,204". */
export const rate = (n: number) => (n > 0 && n < 10 ? fine : whole).format(n)
export const percent = (part: number, all: number) => (all > 0 ? `${part > 0 && part / all < 0.01 ? '<\u202f1' : whole.format((100 * part) / all)}\u00a0%` : '')

/** A length of time from milliseconds: "3 ms", "1.2 s", "4 min 10 s", "2 h 5 min", "3 d 4 h". */
export function lasting(ms: number): string {
  const u = t.units.time
  if (ms === 0) return `0\u00a0s`
  if (ms < 1) return `${fine.format(ms * 1000)}\u00a0µs`
  if (ms < 1000) return `${whole.format(ms)}\u00a0ms`
  if (ms < 60e3) return `${(ms < 10e3 ? fine : whole).format(ms / 1000)}\u00a0s`
  const s = Math.round(ms / 1000)
  const pair = (big: number, bigUnit: string, small: number, smallUnit: string) =>
    `${big}\u00a0${bigUnit}${small > 0 ? ` ${small}\u00a0${smallUnit}` : ''}`
  if (s < 3600) return pair(Math.floor(s / 60), u.min, s % 60, 's')
  if (s < 86400) return pair(Math.floor(s / 3600), 'h', Math.floor((s % 3600) / 60), u.min)
  return pair(Math.floor(s / 86400), u.day, Math.floor((s % 86400) / 3600), 'h')
}

/** The name of a day of the week; 0 is Monday. */
export const weekday = (day: number, length: 'short' | 'long') => new Intl.DateTimeFormat(locale, { weekday: length, timeZone: 'UTC' }).format(Date.UTC(2024, 0, 1 + day))

const sameDay = (a: Date, b: Date) => a.toDateString() === b.toDateString()

/** The time of day with milliseconds, and the day when it is not today. */
export function moment(time: string | number): string {
  const at = new Date(time)
  return `${dated(at)}${clock.format(at)}.${String(at.getMilliseconds()).padStart(3, '0')}`
}
/** The time of day to the second, and the day when it is not today. */
export const second = (time: string | number) => { const at = new Date(time); return `${dated(at)}${clock.format(at)}` }
export const hour = (time: string | number) => { const at = new Date(time); return `${dated(at)}${minute.format(at)}` }
const dated = (at: Date) => {
  const now = new Date()
  if (sameDay(at, now)) return ''
  return `${(at.getFullYear() === now.getFullYear() ? day : dayYear).format(at)} `
}
export const date = (time: string | number) => dayYear.format(new Date(time))
/** The absolute time, for the hover: UTC, as precise as it is known. */
export const absolute = (time: string | number) => (typeof time === 'string' ? time : new Date(time).toISOString()).replace('T', ' ').replace('Z', ' UTC')
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone
