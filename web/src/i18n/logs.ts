// The words of the pages about logs, which the first page does not wait for.
import { language } from './index.ts'
import type { LogWords } from './logs.en.ts'

export let l: LogWords

export async function readLogs() {
  l ??= language === 'fr' ? (await import('./logs.fr.ts')).fr : (await import('./logs.en.ts')).en
}
