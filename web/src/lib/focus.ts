// Small helps for keyboard and focus.

let g = 0 // when "g" was pressed, to wait for the room's letter
export const pressG = (at: number) => { g = at }
/** Whether a key pressed now is the letter of a room. */
export const afterG = (at: number) => g > 0 && at - g < 1500

/** Whether keys typed now belong to a text field. */
export function typing(e: KeyboardEvent): boolean {
  const el = e.target as HTMLElement | null
  return !!el && (el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName))
}

/** Moves the focus among the elements that match selector inside root, by arrows, Home and End. */
export function arrows(e: KeyboardEvent, root: HTMLElement, selector: string) {
  const all = [...root.querySelectorAll<HTMLElement>(selector)]
  if (all.length === 0) return
  const at = all.indexOf(document.activeElement as HTMLElement)
  const next = { ArrowDown: at + 1, ArrowUp: at < 0 ? all.length - 1 : at - 1, Home: 0, End: all.length - 1 }[e.key]
  if (next === undefined) return
  e.preventDefault()
  all[(next + all.length) % all.length]?.focus()
}

/** Places a popover below its anchor, inside the window. */
export function beside(popover: HTMLElement, anchor: DOMRect) {
  const margin = 8
  const { width, height } = popover.getBoundingClientRect()
  const below = anchor.bottom + 4
  const top = below + height + margin > innerHeight ? Math.max(margin, anchor.top - height - 4) : below
  popover.style.left = `${Math.max(margin, Math.min(anchor.left, innerWidth - width - margin))}px`
  popover.style.top = `${top}px`
}
