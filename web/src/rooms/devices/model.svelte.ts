// What the inventory answers, and how its words are shown.
import type { Count, Me } from '../../lib/api.ts'
import { classes, className, tierName } from '../../lib/device.svelte.ts'
import { app } from '../../lib/names.ts'
import { who } from '../../lib/people.svelte.ts'
import { lasting } from '../../lib/format.ts'
import { curly, fill, language, t, word } from '../../i18n/index.ts'

export type Sure = 'possible' | 'likely' | 'certain'
export interface Tier { tier: number; proposed: number; why?: string; confirmed?: string; by?: string } // -1: not known
export interface Word { name?: string; class?: string; tier: number; ward?: string; owner?: string; note?: string; reference?: string; confirmed?: string; by?: string; rev: number }
export interface Address { trace: number; address: string; first_seen: string; last_seen: string; now: boolean }
export interface When { nights: boolean; weekends: boolean }
export interface Fact { field: string; value: string; source: string; sure: Sure; address: string; first_seen: string; last_seen: string; count: number; shared?: string }
export interface Device {
  id: number
  name: string
  class: { name: string; by: 'person' | 'evidence'; sure?: Sure; why?: string[]; rival?: string; evidence?: string }
  tier: Tier
  addresses: Address[]
  macs?: string[]
  hostnames?: string[]
  ae_titles?: string[]
  vendor?: string
  card?: string
  model?: string
  serial?: string
  os?: string
  os_sure?: string
  os_why?: string[]
  software?: string[]
  serves?: string[]
  uses?: string[]
  first_seen: string
  last_seen: string
  several?: boolean
  word: Word
  facts?: Fact[]
  rhythm?: number[][] // a row a day, Monday first, a column an hour
  when?: When
}
export interface Page { devices: Device[]; total: number; all: number; facets: Record<string, { value: string; count: number }[]> }
export interface Use { app: string; device: number; name: string; class?: string; gives: boolean; conversations: number; bytes_out: number; bytes_in: number; first_seen: string; last_seen: string; hours: number[] }
export interface Happening { time: string; kind: string; other?: number; field?: string; value?: string; before?: string; after?: string; address?: string; why?: string }
export interface Row { line: number; device: number; name?: string; by?: string; changes?: Record<string, string>; problem?: string; code?: string; values?: string[]; choices?: { device: number; name: string; class?: string; address?: string }[] }
export interface Preview { plan: string; columns: string[] | null; ignored: string[] | null; rows: Row[] | null; matched: number; changing: number; unmatched: number }
export type { Count }
export { askClasses, classes, className, roleName, tierName, valueOf, type ClassName } from '../../lib/device.svelte.ts'

export const per = 100 // devices a page
export const facetNames = ['tier', 'class', 'vendor', 'ward'] as const

/** Why a device is taken for a class: as the rules say it, in the language of the page where they do. */
export function classWhy(why: string): { text: string; english: boolean } {
  const french = language === 'fr' ? classes.all.map((c) => c.why[why]).find(Boolean) : undefined
  return { text: french ? curly(french) : why, english: language !== 'en' && !french }
}
/** Why a device is taken to have an operating system. */
export function systemWhy(why: string): { text: string; english: boolean } {
  const french = language === 'fr' ? classes.systems.map((s) => s.why[why]).find(Boolean) : undefined
  return { text: french ? curly(french) : why, english: language !== 'en' && !french }
}
/** The tier as facets have it: "1" is confirmed, "1?" proposed, "?" not known. */
export const tick = (x: Tier) => (x.tier >= 0 ? String(x.tier) : x.proposed >= 0 ? `${x.proposed}?` : '?')
/** The tier in words, and whether anybody has confirmed it. */
export function tierText(mark: string): string {
  if (mark === '?') return t.devices.tierUnknown
  const name = `${mark[0]} ${tierName(Number(mark[0]))}`
  return mark.endsWith('?') ? fill(t.devices.proposed, { tier: name }) : name
}
export const sureness = (s: string | undefined) => (s ? word(t.devices.sure, s) : '')
export const protocol = (name: string) => app(name)
export const fieldName = (f: string) => word(t.devices.fields, f, f.replaceAll('_', ' '))
const reasons: [keyof typeof t.devices.tierWhy, RegExp][] = [
  ['usual', /^usual for (?<what>.+)$/], ['users', /^(?<n>\d+) clinical devices use its (?<what>.+)$/], ['user', /^a clinical device uses its (?<what>.+)$/],
  ['talks', /^(?<n>\d+) clinical conversations a day$/], ['bytes', /^(?<n>\d+) KiB of clinical messages a day$/],
]
const causes: [keyof typeof t.devices.causes, RegExp][] = [
  ['values', /^(?<n>\d+) values of (?<what>\w+) within an hour$/], ['more', /^more than (?<n>\d+) addresses show it$/], ['addresses', /^(?<n>\d+) addresses show it at the same time$/],
  ['cards', /^(?<n>\d+) network cards show it at the same time$/], ['twoCards', /^two network cards of one network show it at the same time$/], ['devices', /^(?<n>\d+) devices show it$/],
  ['large', /^it would make one device at more than (?<n>\d+) addresses$/], ['both', /^(?<what>\w+) (?<a>.+) and \w+ (?<b>.+) show it$/], ['there', /^(?<a>\S+) has it, and is there still$/],
  ['turns', /^(?<a>.+) and (?<b>.+) take turns behind it$/], ['name', /^another name is at its network card$/], ['room', /^room was needed$/], ['many', /^more than (?<n>\d+) within an hour are not told one by one$/],
  ['waits', /^another has it; whether the two are one will show$/], ['behind', /^several devices speak behind (?<a>\S+)$/], ['unknown', /^it is no longer known$/],
  ['split', /^split by (?<who>.+)$/], ['person', /^said by (?<who>.+)$/], ['knownAddress', /^known by its address alone$/], ['known', /^known by its (?<what>\w+) (?<a>.+)$/], ['source', /^by (?<source>\S+)$/],
  ['silent', /^not seen for (?<long>\w+); its longest pause was (?<usual>\w*)$/], ['away', /^it was away for (?<long>\w+)$/],
]
/** A length of time as the node writes it, "3h20m". */
const span = (s: string) => { const [, h, m] = /^(?:(\d+)h)?(?:(\d+)m)?$/.exec(s) ?? []; return lasting((Number(h ?? 0) * 60 + Number(m ?? 0)) * 60e3) }
/** Why an identifier is nobody's own, or a device changed, in the language of the page where it is one of the usual reasons. */
export function cause(why: string): { text: string; english: boolean } {
  for (const [key, shape] of causes) {
    const found = shape.exec(why)
    if (!found) continue
    const { n = '', what = '', a = '', b = '', who: actor = '', source = '', long = '', usual = '' } = found.groups ?? {}
    return { text: fill(t.devices.causes[key], { n, what: what && fieldName(what), a, b, who: who(actor), source: source && protocol(source), long: long && span(long), usual: span(usual) }), english: false }
  }
  const leans = tierWhy(why)
  if (leans !== why) return { text: leans, english: false }
  const all = why.split('; ').map(classWhy)
  return { text: all.map((x) => x.text).join(language === 'fr' ? '\u00a0; ' : '; '), english: all.some((x) => x.english) }
}
/** Why a tier is proposed, in the language of the page; as the node says it where that is none of what is known. */
export function tierWhy(why = ''): string {
  for (const [key, shape] of reasons) {
    const found = shape.exec(why)?.groups
    if (!found) continue
    const { n = '', what = '' } = found
    return fill(t.devices.tierWhy[key], { n, what: key === 'usual' ? className(what) : what.split(', ').map(protocol).join(', ') })
  }
  return why
}
/** The week of a device, where it has one: seven rows of 24 in which something happened. */
export const weekOf = (x: { rhythm?: number[][] } | undefined) => (x?.rhythm?.length === 7 && x.rhythm.every((r) => r.length === 24) && x.rhythm.some((r) => r.some((n) => n > 0)) ? x.rhythm : undefined)
/** Whether somebody may say what a device is. */
export const mayChange = (me: Me | undefined) => me?.duties.some((d) => d === 'analyst' || d === 'administrator' || d === 'biomedical-engineer') ?? false
export const deviceAt = (id: number) => `/devices/${id}`
/** The search that finds all that an address says and hears. */
export const trafficOf = (addresses: string[]) => addresses.map((a) => `ip:${a.includes(':') ? JSON.stringify(a) : a}`).join(' or ')
