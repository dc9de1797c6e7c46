// Names of things that the pages share.
import { fill, t, word } from '../i18n/index.ts'
import { hour, lasting } from './format.ts'
import { length, type Range } from './range.svelte.ts'

export function rangeName(r: Range): string {
  if (r.capture) return fill(t.range.capture, { name: r.capture })
  if (r.last) return word(t.range.last, r.last, fill(t.range.lastOther, { length: lasting(length(r.last)) }))
  return fill(t.range.between, { from: hour(r.from), to: hour(r.to) })
}

/** What an attribute is called; what a log says keeps the name that its product gives it. */
export const attribute = (name: string) => word(t.attributes, name, name.replace(/^field\./, ''))
export const kinds = (kind: string) => word(t.kinds, kind)
export const kind = (name: string) => word(t.kind, name)

/** The name of an application protocol as a person writes it. */
const apps: Record<string, string> = { krb5: 'Kerberos', ftp: 'FTP', rdp: 'RDP' }
export const app = (name: string) => (name === '' ? t.now.unknown : (apps[name] ?? word(t.kind, name, name.toUpperCase())))
