// What /api/now answers.
import type { Warning } from '../../lib/api.ts'

export interface Protocol { app: string; bytes: number; bits: number[] }
export interface Now {
  from: string // of the steps below: whole steps that cover the range that was asked for
  to: string
  step_ms: number
  bits: number[] // bits per second, all protocols
  protocols: Protocol[] // by bytes; app '' is what was not recognised
  clinical: { kind: 'dicom' | 'hl7' | 'fhir'; per_minute: number[]; total: number }[]
  total: { bytes: number; packets: number; dropped: number; flows: number }
  active_flows: number
  interfaces: string[]
  one_sided: { interface: string; vlan: number; one_sided: number; two_sided: number }[]
  newest?: string // when the range has no traffic: the newest there is
  warnings: Warning[]
}
export interface Talker { ip: string; sent: number; received: number }
