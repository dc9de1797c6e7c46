// What the rules about logs answer.
import { leave, Problem } from '../../lib/api.ts'
import { language, t, word } from '../../i18n/index.ts'
import { l } from '../../i18n/logs.ts'
import { sourceName, stateName, type Decision, type Said } from './model.svelte.ts'

export interface LogRule {
  id: string // of one that cannot be asked: rejected-N
  title: string
  source: string // the set that it is of
  place: string
  state: string
  reason?: Said
  enabled: boolean
  level: string
  product?: string
  category?: string
  service?: string
  correlates?: boolean
  techniques: string[]
  fired: number
  last?: string
  verdicts?: { true: number; false: number; benign: number; suppressions: number }
  asked: number
  cost: number // seconds
  share: number
}
export interface LogRules {
  items: LogRule[]
  total: number
  next?: string
  facets: Record<'state' | 'source' | 'level' | 'product', Record<string, number>>
  sets: Record<string, Record<string, number>>
  since: string
  load_ms: number
  events: number
}
export interface Line { depth: number; en: string; fr: string }
export interface LogWhole extends LogRule {
  text: string
  author?: string
  license?: string
  status?: string
  references?: string[]
  falsepositives?: string[]
  tags?: string[]
  decided?: Decision
  description?: string
  explain?: Line[]
  own?: string
  events: number
}
export interface LogTechnique { id: string; name: string; rules: number; blind: number; fired: number }
export interface LogCoverage { version: string; tactics: { id: string; name: Said; techniques: LogTechnique[] }[] }
export interface LogFault { line?: number; column?: number; why: string; reason?: string }
export interface Where { time?: string; host?: string; id?: string; fields: Record<string, string> }
export interface LogTried {
  rules: number
  rejected: LogFault[]
  explain: { title: string; lines: Line[] }[]
  fires: { title: string; level?: string; count: number; first: Where[] }[]
  silent: string[]
  events: number
  stopped?: string
  took_ms: number
}
export interface Progress { read: number; asked: number; hits: number }

export const logStates = ['loaded', 'noisy', 'blind', 'silent', 'disabled', 'waiting', 'rejected']
export const logLevels = ['critical', 'high', 'medium', 'low', 'informational']
export const logStateName = (s: string) => word(l.rules.states, s, stateName(s))
export const setName = (s: string) => word(l.rules.sourceNames, s, sourceName(s))
export const lineOf = (x: Line) => (language === 'fr' ? x.fr.replaceAll("'", '’') : x.en)
/** The log source that a rule is for, as Sigma has it. */
export const logSourceOf = (r: LogRule) => [r.product, r.category, r.service].filter(Boolean).join(' / ')
export const canOpen = (r: LogRule) => !r.id.startsWith('rejected-')
export const logAlerts = (id: string) => `kind:alert finding_info.analytic.uid:=${JSON.stringify(id)}`

/** What stands in the test bench, kept while the console is open; name is the file that it came from. */
let text = $state('')
let name = $state('')
export const logDraft = { get text() { return text }, set text(x: string) { text = x }, get name() { return name }, set name(x: string) { name = x } }

/** Tries rules, and hears how far the trial is. */
export async function tryRules(body: object, signal: AbortSignal, tell: (p: Progress) => void): Promise<LogTried> {
  const response = await fetch('/api/logrules/try', { method: 'POST', signal, credentials: 'same-origin', headers: { Accept: 'application/x-ndjson', 'Content-Type': 'application/json', 'Accept-Language': language }, body: JSON.stringify(body) })
  if (response.status === 401) leave()
  if (!response.ok || !response.body) {
    const p = (await response.json().catch(() => ({}))) as { error?: string; message?: string; fields?: Record<string, string> }
    throw new Problem(p.message ?? '', response.status, p.error ?? '', undefined, p.fields ?? {})
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    const lines = (rest + (value ?? '')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const x = JSON.parse(line) as Progress & { outcome?: LogTried; error?: string; message?: string }
      if (x.outcome) return x.outcome
      if (x.error) throw new Problem(x.message ?? '', 422, x.error)
      tell(x)
    }
    if (done) throw new Problem(t.problem.network, 0)
  }
}
