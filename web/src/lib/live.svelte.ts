// The live stream of the node. It says by itself when it is stale: since when nothing has come.
import type { Changed } from '../rooms/findings/model.svelte.ts'
import type { BackTest } from '../rooms/playbooks/model.ts'
import { get, type Event } from './api.ts'

interface Rate { bits: number; packets: number; messages: number } // per second
/** What has become of incidents. */
export interface ChangedIncidents { changed: { change: string; incident: { id: number } }[]; left_off: number }
export interface Stats {
  time: string
  apps: Record<string, Rate>
  total: Rate
  active_flows: number
  dropped: number // packets, since the message before
}
/** A sample of what happened in a second, and how much there was. */
export interface Sample { seen: number; events: Event[] }
/** Containments that changed; none is named where something was missed. */
export interface ChangedLeases { changed: { id: number }[] }
type Handlers = { stats: (s: Stats) => void; events: (s: Sample) => void; health: () => void; finding: (c: Changed) => void; incident: (c: ChangedIncidents) => void; containment: (c: ChangedLeases) => void; safety: () => void; playbook: (c: { backtest?: BackTest }) => void; access: () => void }

const quiet = 15_000 // the node beats every 5 s
let heard = $state(Date.now())
let broken = $state(false)
let source: EventSource | undefined
const listeners: { [K in keyof Handlers]: Set<Handlers[K]> } = { stats: new Set(), events: new Set(), health: new Set(), finding: new Set(), incident: new Set(), containment: new Set(), safety: new Set(), playbook: new Set(), access: new Set() }

export const live = {
  /** Since when the stream has been silent, as unix milliseconds; undefined while it runs. */
  get stale() { return broken ? heard : undefined },
}

export function on<K extends keyof Handlers>(topic: K, f: Handlers[K]): () => void {
  listeners[topic].add(f)
  return () => { listeners[topic].delete(f) }
}

function alive() {
  heard = Date.now()
  broken = false
}

/** Something was missed: ask again. */
function missed() {
  alive()
  for (const f of listeners.health) f()
  for (const f of listeners.finding) f({ changed: [], left_off: 1 })
  for (const f of listeners.incident) f({ changed: [], left_off: 1 })
  for (const f of listeners.containment) f({ changed: [] })
  for (const f of listeners.safety) f()
  for (const f of listeners.playbook) f({})
  for (const f of listeners.access) f()
}

export function listen() {
  source?.close()
  source = new EventSource('/api/live')
  source.addEventListener('open', missed) // what came between a page's question and now
  source.addEventListener('beat', alive)
  source.addEventListener('stats', (e) => { alive(); for (const f of listeners.stats) f(JSON.parse(e.data) as Stats) })
  source.addEventListener('events', (e) => { alive(); for (const f of listeners.events) f(JSON.parse(e.data) as Sample) })
  source.addEventListener('health', () => { alive(); for (const f of listeners.health) f() })
  source.addEventListener('access', () => { alive(); for (const f of listeners.access) f() })
  source.addEventListener('finding', (e) => { alive(); for (const f of listeners.finding) f(JSON.parse(e.data) as Changed) })
  source.addEventListener('incident', (e) => { alive(); for (const f of listeners.incident) f(JSON.parse(e.data) as ChangedIncidents) })
  source.addEventListener('containment', (e) => { alive(); for (const f of listeners.containment) f(JSON.parse(e.data) as ChangedLeases) })
  source.addEventListener('safety', () => { alive(); for (const f of listeners.safety) f() })
  source.addEventListener('playbook', (e) => { alive(); for (const f of listeners.playbook) f(JSON.parse(e.data) as { backtest?: BackTest }) })
  source.addEventListener('gap', missed)
  source.addEventListener('error', () => {
    broken = true
    if (source?.readyState === EventSource.CLOSED) void get('/api/me').catch(() => {}) // goes to sign in where the session ended
  })
}

export function watch() {
  listen()
  setInterval(() => {
    if (Date.now() - heard > quiet) broken = true
    if (source?.readyState === EventSource.CLOSED && !document.hidden) listen()
  }, 5000)
}
