// Where the person is: the address bar is the only state that pages share, so a link reproduces what is seen.
import { SvelteURLSearchParams } from 'svelte/reactivity'

let path = $state(location.pathname)
const params = new SvelteURLSearchParams(location.search)

export const place = {
  get path() { return path },
  get(name: string) { return params.get(name) ?? '' },
  has(name: string) { return params.has(name) },
}

function take(url: URL) {
  path = url.pathname
  const next = url.searchParams
  for (const k of [...params.keys()]) if (!next.has(k)) params.delete(k)
  for (const [k, v] of next) if (params.get(k) !== v) params.set(k, v)
}

/** Goes to another page of the console. */
export function go(to: string, options: { replace?: boolean } = {}) {
  const url = new URL(to, location.href)
  if (url.href === location.href) return
  history[options.replace ? 'replaceState' : 'pushState'](null, '', url)
  const moved = url.pathname !== path
  take(url)
  if (moved) window.scrollTo(0, 0)
}

/** Changes parameters of the page; undefined or '' takes one away. */
export function set(changes: Record<string, string | undefined>, options: { replace?: boolean } = {}) {
  const url = new URL(location.href)
  for (const [k, v] of Object.entries(changes)) if (v) url.searchParams.set(k, v); else url.searchParams.delete(k)
  go(url.href, options)
}

/** Keeps the page in step with the browser's back and forward, and with plain links inside the console. */
export function watch() {
  addEventListener('popstate', () => take(new URL(location.href)))
  addEventListener('click', (e) => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return
    const a = (e.target as Element | null)?.closest?.('a[href]')
    if (!(a instanceof HTMLAnchorElement) || a.target || a.hasAttribute('download') || a.origin !== location.origin || a.dataset.outside !== undefined) return
    e.preventDefault()
    go(a.href)
  })
}
