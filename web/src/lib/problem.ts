// What enforcement points and the interlock say is wrong, or would be done: in French by the table of content/problems, which knows the
// formats of the node's texts. What joins several of them is a colon; what the table does not know stays as it is.
import { language, problems, t } from '../i18n/index.ts'

interface Pattern { match: RegExp; french: string }
let patterns: Pattern[] | undefined

const verb = /%(?:\.\d)?[a-z]/g
const plain = (s: string) => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** The table as expressions, the longest text first: it says most. */
export function compile(table: string): Pattern[] {
  return table.split('\n').filter((l) => l && !l.startsWith('#')).map((l) => [l.slice(0, l.indexOf('\t')), l.slice(l.indexOf('\t') + 1)] as const)
    .sort((a, b) => b[0].replace(verb, '').length - a[0].replace(verb, '').length)
    .map(([en, french]) => ({ match: new RegExp(`^${en.split(verb).map(plain).join('(.+?)')}$`), french }))
}

function one(text: string, all: Pattern[]): string | undefined {
  for (const p of all) {
    const found = p.match.exec(text)
    if (found) return p.french.replace(/\{(\d)\}/g, (_, n: string) => translate(state(found[Number(n)] ?? ''), all))
  }
  return undefined
}

const state = (s: string) => (t.response.states as Record<string, string>)[s] ?? s

/** A text in French, by a table. */
export function translate(text: string, all: Pattern[]): string {
  const whole = one(text, all)
  if (whole !== undefined) return whole
  for (let at = text.lastIndexOf(': '); at > 0; at = text.lastIndexOf(': ', at - 1)) {
    const left = one(text.slice(0, at), all), rest = text.slice(at + 2), right = translate(rest, all)
    if (left !== undefined || right !== rest) return `${left ?? translate(text.slice(0, at), all)} : ${right}`
  }
  return text
}

/** A text of the node as people read it: without the names of packages, in their language. */
export function problem(text: string | undefined): string {
  if (!text) return ''
  return text.split('\n').map((line) => {
    const bare = line.replace(/\b(?:filter|radius|snmp|directory|sinkhole|action|containment|safety|node|ring): /g, '')
    if (language !== 'fr') return bare.replace(/(lease \d+ is )([a-z_]+)/, (_, is: string, s: string) => is + state(s))
    patterns ??= compile(problems)
    return translate(bare, patterns).replaceAll("'", '’')
  }).join('; ')
}
