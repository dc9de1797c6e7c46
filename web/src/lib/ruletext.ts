// A rule in Suricata's language, apart, so that it can be read: what it does, of what traffic, and its options.
export type Look = 'act' | 'head' | 'var' | 'key' | 'text' | 'value' | 'sign' | 'note'
export interface Token { look: Look; text: string }

const actions = /^(alert|pass|drop|reject\w*|config)\b/

/** The text in pieces that join to it again. Several lines, comments and rules that are not finished are taken as they come. */
export function tokens(text: string): Token[] {
  const out: Token[] = []
  const put = (look: Look, s: string) => { if (s) out.push({ look, text: s }) }
  let i = 0
  while (i < text.length) {
    if (text[i] === '\n' || text[i] === '\r') { put('sign', text[i]!); i++; continue }
    const end = lineEnd(text, i)
    const line = text.slice(i, end)
    if (/^\s*#/.test(line)) put('note', line)
    else rule(line, put)
    i = end
  }
  return out
}

/** The end of the line, which a backslash before it joins to the next. */
function lineEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) if (text[i] === '\n' && text[i - 1] !== '\\') return text[i - 1] === '\r' ? i - 1 : i
  return text.length
}

type Put = (look: Look, s: string) => void

function rule(line: string, put: Put) {
  const open = line.indexOf('(')
  header(open < 0 ? line : line.slice(0, open), put)
  if (open < 0) return
  let i = open + 1
  put('sign', '(')
  while (i < line.length) {
    const end = optionEnd(line, i)
    option(line.slice(i, end), put)
    if (end < line.length) put('sign', line[end]!)
    i = end + 1
  }
}

function header(text: string, put: Put) {
  for (const word of text.split(/(\s+)/)) put(actions.test(word) ? 'act' : word.includes('$') ? 'var' : 'head', word)
}

/** Where the option ends: at a ";" outside quotes, or at the bracket that closes the rule. */
function optionEnd(line: string, from: number): number {
  let quoted = false
  for (let i = from; i < line.length; i++) {
    if (line[i] === '\\') i++
    else if (line[i] === '"') quoted = !quoted
    else if (!quoted && (line[i] === ';' || (line[i] === ')' && /^\s*$/.test(line.slice(i + 1))))) return i
  }
  return line.length
}

function option(text: string, put: Put) {
  const colon = text.indexOf(':')
  if (colon < 0) { put('key', text); return }
  put('key', text.slice(0, colon))
  put('sign', ':')
  for (const piece of text.slice(colon + 1).split(/("(?:\\.|[^"\\])*"?)/)) put(piece.startsWith('"') ? 'text' : 'value', piece)
}

/** The place of a line and column (from 1, columns in bytes of UTF-8, as the node counts them) as an index into the text. */
export function placeOf(text: string, line: number, column: number): number {
  let from = 0
  for (let n = 1; n < line; n++) {
    const next = text.indexOf('\n', from)
    if (next < 0) return text.length
    from = next + 1
  }
  const end = text.indexOf('\n', from)
  const whole = text.slice(from, end < 0 ? text.length : end)
  return from + new TextDecoder().decode(new TextEncoder().encode(whole).slice(0, column - 1)).length
}

/** What is marked from an index on: the word that stands there, one character at least. */
export function wordAt(text: string, at: number): string {
  return /^[\w.$-]+/.exec(text.slice(at))?.[0] ?? (text[at] === '\n' ? '' : (text[at] ?? ''))
}
