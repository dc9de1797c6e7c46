// What is said of devices in words that the pages share: the names of classes, tiers and roles, and values before and after a change.
import { curly, fill, language, t, word } from '../i18n/index.ts'
import { get } from './api.ts'
import { second } from './format.ts'
import { app } from './names.ts'

export interface ClassName { name: string; french: string; tier: number; why: Record<string, string> }
interface SystemName { name: string; why: Record<string, string> }

let names: ClassName[] = $state.raw([])
let families: SystemName[] = $state.raw([])
let asked: Promise<void> | undefined
export const classes = { get all() { return names }, get systems() { return families } }
/** Asks once for the classes and operating systems that there are. */
export function askClasses(): Promise<void> {
  asked ??= Promise.all([get<ClassName[]>('/api/classes'), get<SystemName[]>('/api/systems')]).then(([all, systems]) => { names = all; families = systems }, () => { asked = undefined })
  return asked ?? Promise.resolve()
}
const acronyms = /\b(dicom|dns|ehr|hl7|iot|ip|pacs|pbx|vpn)\b/g
/** The name of a class in the language of the page. */
export function className(name: string): string {
  if (!name) return t.devices.unknownClass
  if (language === 'fr') return curly(names.find((c) => c.name === name)?.french || name)
  return name.replace(acronyms, (x) => x.toUpperCase())
}
export const tierName = (n: number) => t.devices.tiers[n] ?? t.devices.tierUnknown
/** What a device does. Kinds that it announces have no words: they are told as they are. */
export function roleName(role: string): string {
  const kind = /^upnp (?<kind>.+)$/.exec(role)?.groups?.kind
  return kind ? fill(t.devices.upnp, { kind }) : word(t.devices.roles, role, role)
}
/** A value of a field, as it was before a change or is after. */
export function valueOf(field: string, value: string): string {
  if (field === 'class') return className(value === 'unknown' ? '' : value)
  if (field === 'tier') return /^[0-3]$/.test(value) ? `${value} ${tierName(Number(value))}` : t.devices.tierUnknown
  if (field === 'role') return roleName(value)
  if (field === 'serves' || field === 'uses') return app(value)
  if (field === 'last seen') return value === 'silent' ? t.devices.silent : Number.isNaN(Date.parse(value)) ? value : second(value)
  if (value === 'unknown') return t.devices.unknownValue
  const id = /^device (?<id>\d+)$/.exec(value)?.groups?.id
  return id ? fill(t.devices.number, { id }) : value
}
