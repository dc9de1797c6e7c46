// The words of the console. The language is chosen before anything is drawn and changes with a reload, so a page
// never speaks two languages.
import type { Dictionary } from './en.ts'

export type Language = 'en' | 'fr'
export const language: Language = document.documentElement.lang === 'fr' ? 'fr' : 'en'
export let t: Dictionary

let titles = new Map<string, string>()
/** What the node says is wrong, with its French; empty in English. */
export let problems = ''

export async function read() {
  if (language !== 'fr') {
    t = (await import('./en.ts')).en
    return
  }
  const [words, rules, logs, wrong] = await Promise.all([import('./fr.ts'), import('../../../content/rules/titles.fr.tsv?raw'), import('../../../content/logrules/titles.fr.tsv?raw'), import('../../../content/problems/fr.tsv?raw')])
  t = words.fr
  problems = wrong.default
  const pairs = (text: string, before: string) => text.split('\n').filter((l) => /^\w/.test(l)).map((l): [string, string] => [before + l.slice(0, l.indexOf('\t')), curly(l.slice(l.indexOf('\t') + 1))])
  titles = new Map([...pairs(rules.default, '1:'), ...pairs(logs.default, '')])
}

/** What a rule is called, by its gid:sid or identifier: those that come with Bulwark have a name in each language, others the one they came with. */
export const ruleTitle = (id: string, title: string) => titles.get(id) ?? title

export function speak(next: Language) {
  document.cookie = `__Host-bulwark-lang=${next}; Path=/; Max-Age=31536000; SameSite=Lax; Secure` // the sign-in page reads it too
  location.reload()
}

/** Puts values in place of the {names} of a text. */
export const fill = (text: string, values: Record<string, string | number>) =>
  text.replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all))

/** One of the two texts, for one and for several. French takes the first for 0 too. */
export const plural = (n: number, one: string, many: string, values: Record<string, string | number> = {}) =>
  fill((language === 'fr' ? n < 2 : n === 1) ? one : many, { n, ...values })

/** French as it is printed, from what the node types. */
export const curly = (s: string) => s.replaceAll("'", '’')

/** The word for a name that comes from elsewhere (a kind, a duty, an attribute); the name itself where there is none. */
export const word = (map: object, name: string, otherwise = name) => (Object.hasOwn(map, name) ? (map as Record<string, string>)[name]! : otherwise)
