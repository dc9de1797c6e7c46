// What the tests stand on: named tests that are counted, and axe on every page and state.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export class Report {
  passed = 0
  total = 0
  pages = 0
  violations = 0
  barriers = []

  /** Runs one test; a failure is printed and the rest goes on. ONLY=text runs those whose name has it. */
  async test(name, body) {
    if (name.includes(process.env.ONLY ?? '')) await this.need(name, body)
  }

  /** Runs a test that the others need. */
  async need(name, body) {
    this.total++
    const start = Date.now()
    try {
      await body()
      this.passed++
      console.log(`ok    ${name} (${Date.now() - start} ms)`)
    } catch (e) {
      console.log(`FAIL  ${name}\n      ${String(e.stack ?? e).split('\n').slice(0, 12).map((l) => l.slice(0, 400)).join('\n      ')}`)
    }
  }

  /** Looks for what keeps people out: WCAG 2.2 A and AA, and axe's best practices. What still moves or loads is given five seconds to come to rest, and printed. */
  async axe(page, name) {
    await page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished.catch(() => {}))).then(() => {}))
    // The page's policy allows no script but its own: axe comes in beside it, as a browser's extension would.
    await page.evaluate(axe)
    let found = await violations(page)
    for (let tries = 0; found.length > 0 && tries < 5; tries++) {
      console.log(`axe   ${name}: looked at once more: ${found.map((v) => `${v.id} ${v.nodes[0]}`).join('; ')}`)
      await page.waitForTimeout(1000)
      found = await violations(page)
    }
    this.pages++
    for (const v of found) {
      this.violations += v.nodes.length
      this.barriers.push(`axe   ${name}: ${v.id}: ${v.help}\n      ${v.nodes.slice(0, 4).join('\n      ')}`)
    }
  }

  /** kilobytes: all of the console; first: what its first page loads. */
  end(kilobytes, first) {
    for (const b of this.barriers) console.log(b)
    console.log(`RESULT e2e_tests ${this.passed}/${this.total} share`)
    console.log(`RESULT axe_pages ${this.pages} pages`)
    console.log(`RESULT axe_violations ${this.violations} violations`)
    console.log(`RESULT console_gzip_kb ${kilobytes.toFixed(1)} kB`)
    if (first) console.log(`RESULT console_first_gzip_kb ${first.toFixed(1)} kB`)
    return this.passed === this.total && this.violations === 0
  }
}

function violations(page) {
  return page.evaluate(async () => {
    const r = await globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    return r.violations.map((v) => ({ id: v.id, help: v.help, nodes: v.nodes.map((n) => `${n.target.join(' ')} | ${n.failureSummary?.split('\n')[1]?.trim() ?? ''}`) }))
  })
}

export function equal(got, want, what) {
  if (JSON.stringify(got) !== JSON.stringify(want)) throw new Error(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`)
}

export function check(truth, what) {
  if (!truth) throw new Error(what)
}

/** Asks until the answer is true, for at most so many seconds. */
export async function until(ask, what, seconds = 10) {
  const end = Date.now() + seconds * 1000
  for (;;) {
    if (await ask()) return
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`)
    await new Promise((r) => setTimeout(r, 50))
  }
}
