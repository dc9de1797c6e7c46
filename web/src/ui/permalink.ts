// A link that reproduces what is seen: the address, with the times fixed.
import { bounds, range } from '../lib/range.svelte.ts'
import { t } from '../i18n/index.ts'
import { copy } from './notes.svelte.ts'

export function permalink() {
  const url = new URL(location.href)
  url.searchParams.delete('range')
  for (const [k, v] of Object.entries(bounds(range()))) url.searchParams.set(k, v)
  void copy(url.href, t.app.copied, t.app.copyFailed)
}
