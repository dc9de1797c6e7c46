// The names of people, for what they did and said.
import { fill, t } from '../i18n/index.ts'
import { get } from './api.ts'

let names: Record<string, string> = $state.raw({})

/** Asks for the names; what nobody is known by is told by the end of its number. */
export const askNames = () => get<{ people: { id: string; name: string }[] }>('/api/people/names').then((r) => { names = Object.fromEntries(r.people.map((p) => [p.id, p.name])) }, () => {})

/** Everybody of whom a name is known, by name. */
export const everybody = () => Object.entries(names).map(([id, name]) => ({ id, name })).sort((a, b) => a.name.localeCompare(b.name))

/** Who did it: a person by name, the machine, or a part of the program. */
export function who(actor = ''): string {
  if (actor === 'host') return t.settings.host
  const [kind, id = ''] = actor.split(/:(.*)/s)
  if (kind === 'person') return names[id] ?? (id.length > 30 ? fill(t.settings.somebody, { id: id.slice(-6) }) : id)
  if (kind === 'program') return fill(t.settings.program, { room: id })
  if (kind === 'centre') return fill(t.settings.centre, { who: id === 'host' ? t.settings.host : id })
  return actor
}
