// make bench-map: how long the map's script takes for a frame, with 5,000 devices and 50,000 edges, opened, panned and
// zoomed in a real browser.
import { launch } from './browser.mjs'
import { firstAdministrator, visitor } from './people.mjs'
import { startServer } from './server.mjs'

/** A hospital of that size, the same each time: few servers that many use, classes of very different size. */
function hospital(count, edgeCount) {
  let seed = 7
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647
  const groups = Array.from({ length: 40 }, (_, g) => ({ name: `class ${g}`, count: 0 }))
  const tiers = ['0', '1', '1?', '2', '3', '?', '3?']
  const devices = Array.from({ length: count }, (_, i) => {
    const group = Math.floor(groups.length * random() ** 3)
    groups[group].count++
    return { id: i + 1, name: `device-${i}`, group, tier: tiers[Math.floor(random() * tiers.length)] }
  })
  const edges = Array.from({ length: edgeCount }, (_, i) => {
    const f = Math.floor(random() * count), t = Math.floor(count * random() ** 4)
    return { f, t: t === f ? (t + 1) % count : t, a: [0], n: edgeCount - i, b: 1 }
  })
  return { by: 'class', groups, devices, edges, apps: ['http'], cut: 0 }
}

const told = hospital(5000, 50_000)
const server = await startServer()
const browser = await launch()
try {
  const page = await visitor(browser, {}, [])
  await firstAdministrator(page, server.setup)
  await page.addInitScript(() => {
    const ask = requestAnimationFrame.bind(globalThis)
    globalThis.took = []
    globalThis.requestAnimationFrame = (draw) => ask((now) => {
      const begin = performance.now()
      draw(now)
      globalThis.took.push(performance.now() - begin)
    })
  })
  await page.route('**/api/map*', (r) => r.fulfill({ json: told }))
  await page.route('**/api/classes', (r) => r.fulfill({ json: [] }))
  await page.goto(`${server.url}/map`)
  const canvas = page.locator('canvas')
  await canvas.waitFor()
  await page.waitForTimeout(1000)
  const box = await canvas.boundingBox()
  const x = box.x + box.width / 2, y = box.y + box.height / 2
  const pan = async () => {
    await page.mouse.move(x, y)
    await page.mouse.down()
    for (let i = 0; i < 90; i++) {
      await page.mouse.move(x + 120 * Math.sin(i / 6), y + 80 * Math.cos(i / 5))
      await page.waitForTimeout(8)
    }
    await page.mouse.up()
  }
  const zoom = async (turns) => {
    for (let i = 0; i < turns; i++) {
      await page.mouse.wheel(0, -120)
      await page.waitForTimeout(30)
    }
  }
  await pan()
  await zoom(7)
  await pan()
  await zoom(6)
  await pan()
  const took = (await page.evaluate(() => globalThis.took)).sort((a, b) => a - b)
  const at = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))]
  console.log(`map: ${took.length} frames, script of a frame: median ${at(0.5).toFixed(1)} ms, longest ${took.at(-1).toFixed(1)} ms`)
  console.log(`RESULT map_script_ms_per_frame ${at(0.95).toFixed(1)} ms`)
  await page.context().close()
} finally {
  await browser.close()
  await server.stop()
}
