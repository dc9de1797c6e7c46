// One question to the API at a time: a newer one ends the older; loading shows only after 100 ms, so that what is
// quick never flickers, and what was there stays until the answer comes.
import { Problem } from './api.ts'

export class Load<T> {
  value: T | undefined = $state.raw(undefined)
  problem: Problem | undefined = $state.raw(undefined)
  slow = $state(false)
  busy = $state(false)
  #running: AbortController | undefined

  async run(ask: (signal: AbortSignal) => Promise<T>): Promise<void> {
    this.#running?.abort()
    const mine = (this.#running = new AbortController())
    this.busy = true
    const timer = setTimeout(() => (this.slow = this.#running === mine), 100)
    try {
      const value = await ask(mine.signal)
      if (this.#running !== mine) return
      this.value = value
      this.problem = undefined
    } catch (e) {
      if (this.#running !== mine || mine.signal.aborted) return
      this.problem = e instanceof Problem ? e : new Problem('', 0)
    } finally {
      clearTimeout(timer)
      if (this.#running === mine) this.busy = this.slow = false
    }
  }

  stop() {
    this.#running?.abort()
    this.#running = undefined
  }
}
