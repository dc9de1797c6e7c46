// Short notes at the foot of the window ("Copied").
let text = $state('')
let timer: ReturnType<typeof setTimeout> | undefined

export const note = { get text() { return text } }

export function say(what: string) {
  text = what
  clearTimeout(timer)
  timer = setTimeout(() => (text = ''), 4000)
}

export async function copy(what: string, done: string, refused: string) {
  try {
    await navigator.clipboard.writeText(what)
    say(done)
  } catch {
    say(refused)
  }
}
