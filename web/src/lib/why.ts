// Why something that a person asked for was not done, in the words of the node where it has some.
import { t, word } from '../i18n/index.ts'
import { Problem } from './api.ts'

export function why(x: unknown): string {
  if (!(x instanceof Problem)) return t.problem.network
  const own = word(t.faults, x.code, '')
  return own || x.fields['why']?.replace(/^bad request: /, '') || x.message || (x.status === 403 ? t.problem.forbidden : t.problem.network)
}
