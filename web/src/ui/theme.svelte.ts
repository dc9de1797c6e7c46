// Light, dark, or as the system.
export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

let chosen: Theme = $state((document.documentElement.dataset.theme as Theme | undefined) ?? 'system')
const system = matchMedia('(prefers-color-scheme: dark)')
let systemDark = $state(system.matches)
system.addEventListener('change', () => (systemDark = system.matches))

export const theme = {
  get chosen() { return chosen },
  /** For what is drawn on a canvas, which must be drawn again when it changes. */
  get dark() { return chosen === 'dark' || (chosen === 'system' && systemDark) },
}

export function paint(next: Theme) {
  if (next === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = next
  localStorage.setItem('theme', next)
  chosen = next
}

/** The value of a colour token now. A canvas does not understand light-dark(), so the browser is asked. */
export function colour(token: string): string {
  const probe = document.createElement('i')
  probe.style.color = `var(--${token})`
  document.body.append(probe)
  const value = getComputedStyle(probe).color
  probe.remove()
  return value
}
