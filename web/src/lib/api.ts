import { language } from '../i18n/index.ts'
import { hear } from './notices.svelte.ts'

/** One event as the API tells it. Values are texts, or lists of texts, whatever their type in the model. */
export interface Event {
  id: string
  time: string // RFC 3339 with nanoseconds, UTC
  kind: string
  fields: Record<string, string | string[]>
}
export interface Found { events: Event[]; next?: string; took_ms: number }
export interface Count { value: string; n: number }
export interface Histogram { start: string; step_ms: number; buckets: number; total: number; series: { value: string; points: number[] }[] }
export interface Facet { field: string; values: Count[] }
export interface Peer { src: string; dst: string; bytes_out: number; bytes_in: number; events: number; apps: string[] }
export interface AliasInfo { name: string; paths: string[] }
export interface FieldInfo { name: string; alias?: string; type: 'text' | 'number' | 'bool' | 'list'; kinds: string[] }
export interface Warning { id: string; key: string; severity: 'notice' | 'degraded' | 'unprotected'; since: string; title: string; text: string; next_step: string }
export interface Me { id: string; login: string; name: string; duties: string[]; session: string; idle_seconds: number; hospital?: string; lock_seconds?: number }

/** What went wrong with a request. Where the node has a sentence for it, message is it; position is a byte offset in
 *  the query text; fields tells which input was refused, and why, as a code. */
export class Problem extends Error {
  status: number
  code: string
  position: number | undefined
  fields: Record<string, string>
  constructor(message: string, status: number, code = '', position?: number, fields: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.position = position
    this.fields = fields
  }
}

type Params = Record<string, string | number | undefined>

export function address(path: string, params: Params = {}): string {
  const p = new URLSearchParams()
  for (const [k, v] of Object.entries(params)) if (v !== undefined && v !== '') p.set(k, String(v))
  const text = p.toString()
  return text ? `${path}?${text}` : path
}

export const get = <T>(path: string, params?: Params, signal?: AbortSignal) => request<T>('GET', address(path, params), undefined, signal)
export const send = <T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown) => request<T>(method, path, body)

let prove: (() => Promise<boolean>) | undefined
/** Says who asks whoever is here to prove once more that it is them, where a request needs that; it answers whether they did. */
export const proveWith = (ask: () => Promise<boolean>) => { prove = ask }

let second: ((p: Problem) => void) | undefined
/** Says who asks for a second person's yes, where an act needs that. */
export const secondWith = (ask: (p: Problem) => void) => { second = ask }

async function request<T>(method: string, url: string, body: unknown, signal?: AbortSignal, proved = false): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': language }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  const init: RequestInit = { method, headers, credentials: 'same-origin' }
  if (body !== undefined) init.body = JSON.stringify(body)
  if (signal) init.signal = signal
  const response = await fetch(url, init)
  hear(response.headers.get('Bulwark-Notices'))
  if (response.status === 401) leave()
  if (!response.ok) {
    const p = await problem(response)
    if (p.code === 'password-renewal-needed') location.assign(address('/renew', { next: location.pathname + location.search }))
    if (p.code === 'second-factor-needed') location.assign(address('/factors', { next: location.pathname + location.search }))
    // What asks by itself does not interrupt; what somebody wants to do does.
    if (['prove-again', 'passkey-needed'].includes(p.code) && method !== 'GET' && !proved && await prove?.()) return request<T>(method, url, body, signal, true)
    if (p.code === 'four-eyes') second?.(p)
    throw p
  }
  if (response.status === 204) return undefined as T
  return (await response.json()) as T
}

/** Sends what a form holds, files among it. */
export async function form<T>(path: string, body: FormData, signal?: AbortSignal): Promise<T> {
  const init: RequestInit = { method: 'POST', headers: { Accept: 'application/json', 'Accept-Language': language }, credentials: 'same-origin', body }
  if (signal) init.signal = signal
  const response = await fetch(path, init)
  if (response.status === 401) leave()
  if (!response.ok) throw await problem(response)
  return (await response.json()) as T
}

/** Sends a file as it is. */
export async function upload<T>(path: string, file: Blob, type: string): Promise<T> {
  const response = await fetch(path, { method: 'POST', headers: { Accept: 'application/json', 'Accept-Language': language, 'Content-Type': type }, credentials: 'same-origin', body: file })
  if (response.status === 401) leave()
  if (!response.ok) throw await problem(response)
  return (await response.json()) as T
}

/** Asks for a file and hands it to the browser to keep, under the name that the node gave it. */
export async function download(path: string, params: Params, signal: AbortSignal) {
  const response = await fetch(address(path, params), { headers: { 'Accept-Language': language }, credentials: 'same-origin', signal })
  if (response.status === 401) leave()
  if (!response.ok) throw await problem(response)
  const name = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1] ?? 'bulwark'
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

async function problem(response: Response): Promise<Problem> {
  try {
    const p = (await response.json()) as { error: string; message?: string; position?: number; fields?: Record<string, string> }
    return new Problem(p.message ?? '', response.status, p.error, p.position, p.fields)
  } catch {
    return new Problem('', response.status)
  }
}

/** Goes to the sign-in page, and back here afterwards. */
export function leave() {
  location.assign(address('/sign-in', { next: location.pathname + location.search }))
}
