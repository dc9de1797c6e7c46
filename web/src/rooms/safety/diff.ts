// What differs between two texts, line by line.
export interface Line { kind: 'same' | 'new' | 'gone'; text: string }

/** The lines of both texts in order: the longest common part is the same. Texts of more than some thousand lines are told whole. */
export function differ(before: string, after: string): Line[] {
  const a = before.split('\n'), b = after.split('\n')
  let head = 0, tail = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  const same = (text: string): Line => ({ kind: 'same', text })
  return [...a.slice(0, head).map(same), ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)), ...a.slice(a.length - tail).map(same)]
}

const most = 4e6 // cells of the table

function middle(a: string[], b: string[]): Line[] {
  const line = (kind: Line['kind']) => (text: string): Line => ({ kind, text })
  if (a.length * b.length > most) return [...a.map(line('gone')), ...b.map(line('new'))]
  const wide = b.length + 1
  const common = new Uint32Array((a.length + 1) * wide) // of what is left of both from here
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) common[i * wide + j] = a[i] === b[j] ? common[(i + 1) * wide + j + 1]! + 1 : Math.max(common[(i + 1) * wide + j]!, common[i * wide + j + 1]!)
  const out: Line[] = []
  let i = 0, j = 0
  while (i < a.length || j < b.length) {
    if (i < a.length && a[i] === b[j]) { out.push({ kind: 'same', text: a[i]! }); i++; j++ }
    else if (i < a.length && (j === b.length || common[(i + 1) * wide + j]! >= common[i * wide + j + 1]!)) out.push({ kind: 'gone', text: a[i++]! })
    else out.push({ kind: 'new', text: b[j++]! })
  }
  return out
}

/** What differs with some lines around it; null stands for what is left out between. */
export function near(lines: readonly Line[], around = 2): (Line | null)[] {
  const shown = lines.map((_, i) => lines.slice(Math.max(0, i - around), i + around + 1).some((l) => l.kind !== 'same'))
  return lines.flatMap((l, i) => (shown[i] ? [l] : i > 0 && shown[i - 1] ? [null] : []))
}

/** The line that an error of the matrix names: "safety.yaml:18: ..."; 0: none. */
export const lineOf = (why: string) => Number(/(?:^|[\s:])safety\.yaml:(\d+)/.exec(why)?.[1] ?? 0)
