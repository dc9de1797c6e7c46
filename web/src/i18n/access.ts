// The words of the page about access, which the first page does not wait for.
import { language } from './index.ts'
import type { AccessWords } from './access.en.ts'

export let a: AccessWords

export async function readAccess() {
  a ??= language === 'fr' ? (await import('./access.fr.ts')).fr : (await import('./access.en.ts')).en
}
