// The rooms of the console. What a room needs is fetched when it is opened, and the rest while nothing else is to be
// done, so that the first page does not wait for the others.
import type { Component } from 'svelte'
import { SvelteMap } from 'svelte/reactivity'
import type { Me } from '../lib/api.ts'
import type { Dictionary } from '../i18n/en.ts'

/** A page that speaks of logs, once their words are there. */
const withWords = async <T>(page: Promise<T>) => (await Promise.all([page, import('../i18n/logs.ts').then((m) => m.readLogs())]))[0]

const withAccess = async <T>(page: Promise<T>) => (await Promise.all([page, import('../i18n/access.ts').then((m) => m.readAccess())]))[0]

const withPeople = async <T>(page: Promise<T>) => (await Promise.all([page, import('../i18n/people.ts').then((m) => m.readPeople())]))[0]

type Page = Component<{ me: Me | undefined }>
/** under is the path of the room among whose parts this one is shown; without it the room stands in the rail. duties are whose it is; without them, everybody's. */
export interface Room { path: string; under?: string; duties?: readonly string[]; key: string; name: (t: Dictionary) => string; fetch: () => Promise<{ default: Page }> }

/** In the order of the rail; key is what is pressed after g. A phone has place for the first four, the others wait behind "More". */
export const rooms: readonly Room[] = [
  { path: '/now', key: 'n', name: (t) => t.app.now, fetch: () => import('./now/Now.svelte') },
  { path: '/incidents', key: 'i', name: (t) => t.incidents.title, fetch: () => import('./incidents/Incidents.svelte') },
  { path: '/response', key: 'a', name: (t) => t.response.title, fetch: () => import('./response/Response.svelte') },
  { path: '/safety', under: '/response', key: 'y', name: (t) => t.safety.title, fetch: () => import('./safety/Safety.svelte') },
  { path: '/findings', key: 'f', name: (t) => t.findings.title, fetch: () => import('./findings/Findings.svelte') },
  { path: '/traffic', key: 't', name: (t) => t.app.traffic, fetch: () => import('./traffic/Traffic.svelte') },
  { path: '/cases', under: '/incidents', key: 'c', name: (t) => t.cases.title, fetch: () => import('./cases/Cases.svelte') },
  { path: '/devices', key: 'd', name: (t) => t.app.devices, fetch: () => import('./devices/Devices.svelte') },
  { path: '/map', key: 'm', name: (t) => t.app.map, fetch: () => import('./map/Map.svelte') },
  { path: '/dependencies', key: 'e', name: (t) => t.depends.title, fetch: () => import('./dependencies/Dependencies.svelte') },
  { path: '/sources', key: 'l', name: (t) => t.app.sources, fetch: () => withWords(import('./sources/Sources.svelte')) },
  { path: '/detections', key: 'r', name: (t) => t.detections.title, fetch: () => withWords(import('./detections/Detections.svelte')) },
  { path: '/playbooks', under: '/response', key: 'p', name: (t) => t.playbooks.title, fetch: () => import('./playbooks/Playbooks.svelte') },
  { path: '/oncall', under: '/response', key: 'o', name: (t) => t.oncall.title, fetch: () => import('./oncall/OnCall.svelte') },
  { path: '/access', key: 'x', name: (t) => t.access.title, fetch: () => withAccess(import('./access/Access.svelte')) },
  { path: '/people', duties: ['administrator', 'help-desk'], key: 'u', name: (t) => t.settings.people, fetch: () => withPeople(import('./people/People.svelte')) },
  { path: '/sessions', under: '/people', duties: ['administrator', 'auditor'], key: 'w', name: (t) => t.settings.everySession, fetch: () => withPeople(import('./people/Sessions.svelte')) },
  { path: '/settings', key: 's', name: (t) => t.app.settings, fetch: () => withPeople(import('./settings/Settings.svelte')) },
]
export const close = 4 // how many rooms are always in reach on a phone

/** The rooms of the rail. */
export const doors = rooms.filter((r) => !r.under)
/** Whether the network is shown to somebody: to carers, auditors and the help desk it is not. */
export const watches = (me: Me | undefined) => !me || me.duties.some((d) => d !== 'auditor' && d !== 'help-desk')
/** Those of somebody: to whom the network is not shown, emergency access and what their duties open in the settings are. */
export const doorsOf = (me: Me | undefined) => doors.filter((r) => r.path === '/people' ? looksAfter(me) : watches(me) || ['/access', '/settings'].includes(r.path))
/** Whether people or their sessions are shown to somebody. */
const looksAfter = (me: Me | undefined) => !me || me.duties.some((d) => ['administrator', 'help-desk', 'auditor'].includes(d))
/** Where somebody begins. */
export const firstOf = (me: Me | undefined) => (watches(me) ? '/now' : me?.duties.includes('help-desk') ? '/people' : me?.duties.includes('auditor') ? '/access?view=decisions' : '/access')
/** The room of the rail under which a room is, and all that is there. */
export const doorOf = (r: Room | undefined) => doors.find((d) => d.path === (r?.under ?? r?.path))
export const partsOf = (d: Room | undefined, me: Me | undefined) => rooms.filter((r) => d && (r === d || r.under === d.path) && (!r.duties || !me || me.duties.some((x) => r.duties?.includes(x))))

export const roomOf = (path: string) => rooms.find((r) => path === r.path || path.startsWith(`${r.path}/`))

const pages = new SvelteMap<Room, Page>()
const lost = new SvelteMap<Room, true>() // those that could not be fetched
/** The page of a room; undefined while it is fetched. */
export const pageOf = (r: Room) => pages.get(r)
/** Says whether the page of a room could not be fetched: the node is gone, or is a newer one with other files. */
export const isLost = (r: Room) => lost.has(r)

/** Fetches the page of a room, once. */
export async function enter(r: Room) {
  if (pages.has(r)) return
  try {
    pages.set(r, (await r.fetch()).default)
    lost.delete(r)
  } catch {
    lost.set(r, true)
  }
}

/** Fetches the other rooms, one after the other, whenever the browser has nothing else to do; not where people pay for what is loaded. */
export function fetchOthers() {
  const connection = (navigator as { connection?: { saveData?: boolean } }).connection
  if (connection?.saveData) return
  const idle = (f: () => void) => ('requestIdleCallback' in window ? requestIdleCallback(f) : setTimeout(f, 1000))
  const next = (i: number) => {
    const r = rooms[i]
    // What cannot be fetched now is fetched when it is opened, and then says so.
    if (r) idle(() => void r.fetch().then((m) => { pages.set(r, m.default); next(i + 1) }, () => {}))
  }
  setTimeout(() => next(0), 2000) // what the first page asks of the node comes first
}
