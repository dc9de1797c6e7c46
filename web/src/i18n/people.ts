// The words of the pages about people and sessions, which the first page does not wait for.
import { language } from './index.ts'
import type { PeopleWords } from './people.en.ts'

export let p: PeopleWords

export async function readPeople() {
  p ??= language === 'fr' ? (await import('./people.fr.ts')).fr : (await import('./people.en.ts')).en
}
