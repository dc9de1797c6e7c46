// What the node says of access.
import { t, word } from '../../i18n/index.ts'
import type { Me } from '../../lib/api.ts'
import type { Said } from '../findings/model.svelte.ts'

export interface Glass {
  id: string; person: string; patient: string; reason: string; text?: string; at: string; ends: string; state: string; due: string; used: number
  why: (Said & { weight: number })[]; rank: number; review?: { by: string; at: string; verdict: string; text?: string }
}
export interface Grant { id: string; kind: 'elevation' | 'window' | 'act'; act?: string; person?: string; role?: string; vendor?: string; app?: string; reason: string; from: string; until: string; by: string; state: string; yes: { by: string; ok: boolean }[] }
export interface Policy { id: string; effect: 'permit' | 'forbid'; why: Said; obligations: string[]; file: string; line: number; own: boolean; source: string; used: number }
export interface Wrong { file: string; line: number; column: number; policy?: string; message: string }
export interface Policies { policies: Policy[]; invariants: Policy[]; files: { name: string; text: string; own: boolean }[]; problems: Wrong[] }
export interface Difference { gain: boolean; action: string; who: Said; people: number; what: Said; when: Said; by: string[] }
export interface Breach { invariant: string; why: Said; who: Said; action: string; what: Said; when: Said; got: string; by: string[]; cases: number }
export interface Verdict { problems: Wrong[]; asked?: number; differences?: Difference[]; left_off?: number; breaches?: Breach[] }
export interface Answer { allow: boolean; policies: string[]; why: Said; obligations: string[]; errors: string[]; until?: string; next: { do: string; text: Said }[] }
export interface Unused { person: string; role: string; last?: string; since: string; opens: string[] }

/** Whether somebody has one of some duties. */
export const may = (me: Me | undefined, ...duties: string[]) => me?.duties.some((d) => duties.includes(d)) ?? false

/** A role as people call it. */
export const roleName = (role: string) => word(t.settings.duty, role)

/** Policies in which all of some words stand, whatever the case. */
export function found<T extends Policy>(all: T[], words: string): T[] {
  const want = words.toLowerCase().split(/\s+/).filter(Boolean)
  return all.filter((p) => { const text = `${p.id} ${p.why.en} ${p.why.fr} ${p.source}`.toLowerCase(); return want.every((w) => text.includes(w)) })
}

/** What a change would do, the losses first: they harm at once. */
export const inOrder = (all: Difference[]) => [...all].sort((x, y) => Number(x.gain) - Number(y.gain) || y.people - x.people)
