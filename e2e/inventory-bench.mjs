// Asks a running console for lists of devices and searches in them, as its pages do, from a real browser.
// URL=https://localhost:8443 SETUP=the set-up link node e2e/inventory-bench.mjs
import { launch } from './browser.mjs'
import { firstAdministrator, visitor } from './people.mjs'

const browser = await launch()
try {
  const page = await visitor(browser, {}, [])
  await firstAdministrator(page, process.env.SETUP)
  await page.goto(`${process.env.URL}/devices`)
  await page.locator('a[data-device]').first().waitFor()
  const p95 = await page.evaluate(async () => {
    const ask = async (path) => {
      const begin = performance.now()
      const answer = await (await fetch(path)).json()
      if (!(answer.all > 0)) throw new Error(`${path}: no devices`)
      return [performance.now() - begin, answer.all]
    }
    const { 1: all } = await ask('/api/devices?limit=1')
    const figure = async (path) => {
      const took = []
      for (let i = 0; i < 60; i++) took.push((await ask(path(Math.floor(all * Math.abs(Math.sin(i + 1))))))[0])
      return took.sort((a, b) => a - b)[Math.floor(took.length * 0.95)]
    }
    return { all, list: await figure((n) => `/api/devices?limit=100&from=${n}`), sorted: await figure((n) => `/api/devices?limit=100&sort=${['name', 'tier', 'first'][n % 3]}`), search: await figure((n) => `/api/devices?limit=100&q=ward-${n}`) }
  })
  console.log(`${p95.all} devices, asked for by the browser; in another order ${p95.sorted.toFixed(0)} ms`)
  console.log(`RESULT inventory_list_p95_ms ${p95.list.toFixed(0)} ms`)
  console.log(`RESULT inventory_search_p95_ms ${p95.search.toFixed(0)} ms`)
  // From a word that is typed to the list that is seen.
  const seen = []
  for (let i = 0; i < 12; i++) {
    const word = `ward-${1000 + 37 * i}`
    seen.push(await page.evaluate(async (word) => {
      const input = document.getElementById('device-words')
      const begin = performance.now()
      input.value = word
      input.dispatchEvent(new Event('input', { bubbles: true }))
      while (document.querySelector('a[data-device]')?.textContent !== word) await new Promise((r) => requestAnimationFrame(r))
      return performance.now() - begin
    }, word))
  }
  console.log(`typed to seen, with the 150 ms that the page waits for more letters: median ${seen.sort((a, b) => a - b)[6].toFixed(0)} ms, longest ${seen.at(-1).toFixed(0)} ms`)
} finally {
  await browser.close()
}
