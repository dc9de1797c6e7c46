// make bench-map: how much script the map runs for a frame, with 5,000 devices and 50,000 edges, drawn, panned and zoomed in a
// real browser. A frame has all that was run since the one before: answers to the pointer, timers and the drawing itself.
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

/** The script of each frame from the first that the map asks for, in milliseconds: of the CPU, and by the clock. */
function perFrame(events) {
  const script = events.filter((e) => e.dur !== undefined && ['EventDispatch', 'TimerFire', 'FireAnimationFrame'].includes(e.name)).sort((a, b) => a.ts - b.ts)
  const frames = []
  let now = { cpu: 0, clock: 0 }
  for (const e of script) {
    if (frames.length > 0 || e.name === 'FireAnimationFrame') {
      now.cpu += (e.tdur ?? e.dur) / 1000
      now.clock += e.dur / 1000
    }
    if (e.name !== 'FireAnimationFrame') continue
    frames.push(now)
    now = { cpu: 0, clock: 0 }
  }
  return frames
}

const told = hospital(5000, 50_000)
const server = await startServer()
const browser = await launch()
try {
  const page = await visitor(browser, {}, [])
  await firstAdministrator(page, server.setup)
  await page.route('**/api/map*', (r) => r.fulfill({ json: told }))
  await page.route('**/api/classes', (r) => r.fulfill({ json: [] }))
  const cdp = await page.context().newCDPSession(page)
  const traced = []
  cdp.on('Tracing.dataCollected', (d) => traced.push(...d.value))
  await cdp.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['devtools.timeline', 'disabled-by-default-thread-time'] } })
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
  const whole = new Promise((resolve) => cdp.once('Tracing.tracingComplete', resolve))
  await cdp.send('Tracing.end')
  await whole
  const frames = perFrame(traced)
  const of = (figure) => frames.map((f) => f[figure]).sort((a, b) => a - b)
  const at = (all, share) => all[Math.min(all.length - 1, Math.floor(all.length * share))].toFixed(1)
  const cpu = of('cpu'), clock = of('clock')
  console.log(`map: ${frames.length} frames; CPU time of the script of a frame: median ${at(cpu, 0.5)} ms, p95 ${at(cpu, 0.95)} ms, longest ${at(cpu, 1)} ms; by the clock, with what else this machine did: median ${at(clock, 0.5)} ms, p95 ${at(clock, 0.95)} ms, longest ${at(clock, 1)} ms`)
  console.log(`RESULT map_script_ms_per_frame ${at(cpu, 1)} ms`)
  await page.context().close()
} finally {
  await browser.close()
  await server.stop()
}
