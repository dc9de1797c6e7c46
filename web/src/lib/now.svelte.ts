// The time, for what counts down: it moves once a second while somebody looks.
let now = $state(Date.now())
let lookers = 0
let timer: ReturnType<typeof setInterval> | undefined

export const clock = { get now() { return now } }

/** Keeps the time moving until what it returns is called. */
export function tick(): () => void {
  now = Date.now()
  if (lookers++ === 0) timer = setInterval(() => { if (!document.hidden) now = Date.now() }, 1000)
  return () => { if (--lookers === 0) clearInterval(timer) }
}
