// A workstation that people share: it locks when nobody touches it, and a badge that is shown while somebody is signed in locks or changes over.

/** Goes to a page with a form, as the browser does: it leaves this page whatever becomes of it, and says which it is, to come back to it. */
function submit(path: string, values: Record<string, string> = {}) {
  const form = document.createElement('form')
  form.method = 'post'
  form.action = path
  for (const [name, value] of Object.entries({ ...values, at: location.pathname + location.search })) {
    const input = document.createElement('input')
    input.type = 'hidden'
    input.name = name
    input.value = value
    form.append(input)
  }
  document.body.append(form)
  form.submit()
}

export const lock = () => submit('/station/lock')

/** What a reader types: at once, and with Enter at its end. */
const quick = 50, least = 6
/** How long before it locks it says so, in seconds. */
const notice = 20

/** Locks after seconds without a touch, and listens for badges. left is told how many seconds are left, when few are; undefined: enough. */
export function watchStation(seconds: number, left: (seconds: number | undefined) => void) {
  let touched = Date.now(), typed = '', last = 0, told = false
  const touch = () => {
    touched = Date.now()
    if (told) left(undefined)
    told = false
  }
  const key = (e: KeyboardEvent) => {
    touch()
    const now = e.timeStamp
    if (now - last > quick) typed = ''
    last = now
    if (/^[0-9a-zA-Z:-]$/.test(e.key)) typed += e.key
    else if (e.key === 'Enter' && typed.length >= least) {
      e.preventDefault()
      e.stopPropagation()
      submit('/station', { badge: typed })
    }
  }
  const tick = setInterval(() => {
    const rest = seconds - (Date.now() - touched) / 1000
    if (rest <= 0) {
      clearInterval(tick)
      lock()
    } else if (rest <= notice) {
      told = true
      left(Math.ceil(rest))
    }
  }, 1000)
  const events = ['pointerdown', 'pointermove', 'wheel', 'touchstart'] as const
  for (const name of events) addEventListener(name, touch, { passive: true })
  addEventListener('keydown', key, { capture: true })
  return () => {
    clearInterval(tick)
    for (const name of events) removeEventListener(name, touch)
    removeEventListener('keydown', key, { capture: true })
  }
}
