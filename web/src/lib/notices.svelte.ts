// What policies have the shell show above every page, as the last answer of the node said.
import { clock } from './now.svelte.ts'

export interface Notice { do: 'banner' | 'read-only' | 'record' | 'grace'; en: string; fr: string; until?: string }

let all: Notice[] = $state.raw([])
let text = ''

/** Takes what a header of an answer says; null: nothing. Answers that are no part of the API say nothing about it. */
export function hear(header: string | null) {
  if ((header ?? '') === text) return
  text = header ?? ''
  all = read(text)
}

/** The notices of a header; none where it cannot be read. */
export function read(header: string): Notice[] {
  try {
    return header ? (JSON.parse(decodeURIComponent(header.replaceAll('+', ' '))) as Notice[]) : []
  } catch {
    return []
  }
}

/** Those that are not over. */
export const notices = () => all.filter((n) => !n.until || Date.parse(n.until) > clock.now)
