// What the inventory answers about who needs whom.
import { address } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { fill, t, word } from '../../i18n/index.ts'
import type { Tier, When } from '../devices/model.svelte.ts'

interface Usage { apps: string[]; conversations: number; bytes: number; first_seen: string; last_seen: string; hours: number[] }
export interface Provider extends Usage { id: number; name: string; class?: string; tier: Tier; ward?: string; users: number; clinical: number }
export interface Service extends Usage { name: string; providers: Provider[]; given: number; users: number; clinical: number; outside: boolean }
export interface Dependent { id: number; name: string; class?: string; tier: Tier; ward?: string; step: number; apps: string[]; via?: number[]; spared?: boolean; conversations: number; bytes: number; last_seen: string; hours: number[] }
export interface StopGroup { step: number; class: string; count: number; clinical: number; tier: string; through?: number[] }
export interface Dependents { serves: string[]; direct: Dependent[]; indirect: Dependent[]; outside: boolean; all: number; clinical: number; spared: number; cut: number; cut_direct: number; groups: StopGroup[]; tiers: Record<string, number>; rhythm?: number[][]; when?: When }

export const serviceName = (name: string) => word(t.depends.services, name)
export const stopOf = (device: number) => address('/dependencies', { device })
export const stopOfService = (service: string) => address('/dependencies', { service })

const shift = Math.round(-new Date().getTimezoneOffset() / 60)
/** Hours of the day of the reader, from those of UTC. */
export const local = (utc: number[]) => Array.from({ length: 24 }, (_, h) => utc[(h - shift + 48) % 24] ?? 0)
/** When most of it is, in words. */
export function busiest(utc: number[]): string {
  const all = local(utc)
  const most = Math.max(...all)
  return most === 0 ? '' : fill(t.depends.busiest, { hour: `${String(all.indexOf(most)).padStart(2, '0')}:00`, n: count(most) })
}
