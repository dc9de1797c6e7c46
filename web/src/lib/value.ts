// How the value of an attribute is shown: with its unit, when its name tells one.
import { bytes, count, date, lasting } from './format.ts'
import { roleName } from './device.svelte.ts'
import { app, kind } from './names.ts'
import { t } from '../i18n/index.ts'

const sizes = /(^|[._])(bytes(_(out|in|missed_out|missed_in|read|written))?|total_bytes_(out|in)|body_length|size)$/
const lengths = new Set(['duration', 'response_time', 'interval'])
const moments = /(start_time|created_time|expiration_time)$/
const counts = /(_count|packets(_out|_in)?)$/

/** The value as a person reads it. What is searched for stays the value itself. */
export function show(field: string, value: string): string {
  if (field === 'kind') return kind(value)
  if (field === 'app_name') return app(value)
  if (field === 'device.role') return roleName(value)
  if (value === 'true') return t.units.yes
  const n = Number(value)
  if (value === '' || !Number.isFinite(n)) return value
  if (sizes.test(field)) return bytes(n)
  if (lengths.has(field)) return lasting(n / 1e6)
  if (field === 'lease_dur') return lasting(n * 1000)
  if (moments.test(field)) return date(n / 1e6)
  if (counts.test(field)) return count(n)
  return value
}
