// Why something that a person asked for was not done, in the words of the node where it has some.
import { t, word } from '../i18n/index.ts'
import { Problem } from './api.ts'
import { problem } from './problem.ts'

export function why(x: unknown): string {
  if (!(x instanceof Problem)) return t.problem.network
  const own = word(t.faults, x.code, '')
  if (x.code === 'read-only') return `${own} ${x.fields['why'] ?? ''}`.trim()
  return own || problem(x.fields['why']?.replace(/^bad request: /, '').replace(/^that cannot be asked: /, '')) || x.message || (x.status === 403 ? t.problem.forbidden : t.problem.network)
}
