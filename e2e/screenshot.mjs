// Takes docs/console.png, the first page on the bundled capture, and the pages of docs/guide.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launch } from './browser.mjs'
import { firstAdministrator, settled, visitor } from './people.mjs'
import { takeLogPictures } from './log-pictures.mjs'
import { takePictures } from './pictures.mjs'
import { startProgram } from './server.mjs'

const docs = join(dirname(fileURLToPath(import.meta.url)), '../docs')
const server = await startProgram([])
const browser = await launch()
try {
  const page = await visitor(browser, { viewport: { width: 1440, height: 940 } }, [])
  await firstAdministrator(page, server.setup)
  await page.getByText('was analysed').waitFor({ timeout: 60_000 })
  await page.getByRole('button', { name: 'DICOM', exact: true }).click()
  await settled(page)
  await page.evaluate(() => scrollTo(0, 0))
  await page.mouse.move(0, 0)
  await page.waitForTimeout(500) // the chart is drawn in the next frame
  await page.screenshot({ path: join(docs, 'console.png') })
  await page.setViewportSize({ width: 1280, height: 800 })
  for (const [name, path] of [['devices', '/devices?sort=tier'], ['dependencies', '/dependencies?service=dns'], ['map', '/map']]) {
    await page.goto(server.url + path)
    await page.locator('table').first().waitFor()
    await settled(page)
    await page.waitForTimeout(500) // the map is drawn in the next frames
    await page.screenshot({ path: join(docs, 'guide', `${name}.png`) })
  }
  await page.goto(`${server.url}/findings?sort=severity`)
  await page.locator('a[data-finding]').first().click()
  await page.getByRole('heading', { name: 'Evidence' }).waitFor()
  await settled(page)
  await page.waitForTimeout(500)
  await page.screenshot({ path: join(docs, 'guide', 'findings.png') })
  await page.goto(`${server.url}/detections?view=coverage`)
  await page.locator('a[data-at]').first().waitFor()
  await page.screenshot({ path: join(docs, 'guide', 'coverage.png') })
  await page.evaluate(async () => {
    const me = await (await fetch('/api/me')).json()
    await fetch(`/api/people/${me.id}/duties`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ duties: ['administrator', 'analyst'] }) })
  })
  await takePictures(page, server.url, join(docs, 'guide'))
  await takeLogPictures(browser, join(docs, 'guide'))
} finally {
  await browser.close()
  await server.stop()
}
