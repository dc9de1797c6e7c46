// What decide/incident, respond/containment and respond/playbook answer, and how their words are shown.
import type { Me } from '../../lib/api.ts'
import { said, type Said } from '../findings/model.svelte.ts'

export interface Entity { id: string; kind: string; value: string; device?: number; name?: string; class?: string; tier?: string; ward?: string; risk?: number; band?: string }
export interface Incident {
  id: number
  title: Said
  status: 'open' | 'contained' | 'closed'
  verdict?: string
  owner?: string
  by?: string
  reason?: string
  said?: string
  severity: string
  risk: number
  band: string
  stages: { id: string; name: string; french: string }[]
  techniques: { id: string; name: string }[]
  entities: Entity[]
  findings: number
  context: number
  first: string
  last: string
  opened: string
  ended?: boolean
  after?: number
  merged_into?: number
  case?: number
  site: string
  why: Said
}
export interface Incidents { items: Incident[]; total: number; all: number; next?: string }
export interface Sentence { at: string; en: string; fr: string; burst?: number; finding?: string; stage?: string }
export interface Join { burst: number; findings: string[]; rule: string; title: string; severity: string; at: string; because: Said }
export interface Moment { at: string; what: string; text: Said; by?: string; finding?: string }
export interface Whole extends Incident {
  story: Sentence[]
  timeline: Moment[]
  joins: Join[]
  left_off: number
  clinical: { text: Said; devices: Entity[]; gravest_tier: string }
}
export interface Run { id: number; state: string; began: string; problem?: string; playbook: { id: string; title: Said; steps: { id: string; do: string; title: Said }[] }; steps: { step: string; targets?: { entity: string; lease?: number; problem?: string }[]; more?: number; done?: string; by?: string; note?: string }[] }

export const statuses = ['open', 'contained', 'closed', 'all'] as const
export const sorts = ['risk', 'last', 'first'] as const
export const verdicts = ['true', 'false', 'benign'] as const
export const mayLead = (me: Me | undefined) => me?.duties.some((d) => d === 'analyst' || d === 'administrator') ?? false
export const mayAnswer = (me: Me | undefined) => me?.duties.some((d) => d === 'analyst' || d === 'approver' || d === 'biomedical-engineer') ?? false
export const entityName = (e: Entity) => e.name || e.value
export const incidentAt = (id: number) => `/incidents/${id}`
export const both = (x: Said | undefined) => said(x)
