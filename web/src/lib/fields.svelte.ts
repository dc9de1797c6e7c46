// The attributes that events can have, asked once.
import { get, type AliasInfo, type FieldInfo } from './api.ts'
import { learn } from './query.ts'

let all: FieldInfo[] = $state.raw([])
let groups: AliasInfo[] = $state.raw([])
let asked: Promise<void> | undefined

export const fields = {
  get all() { return all },
  /** Short names that stand for several attributes. */
  get groups() { return groups },
  find(nameOrAlias: string) { return all.find((f) => f.name === nameOrAlias || f.alias === nameOrAlias) },
}

export function ask(): Promise<void> {
  asked ??= get<{ fields: FieldInfo[]; aliases: AliasInfo[] }>('/api/fields').then(
    (r) => {
      all = r.fields
      groups = r.aliases
      learn(r.fields)
    },
    () => { asked = undefined },
  )
  return asked ?? Promise.resolve()
}
