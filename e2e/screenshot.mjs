// Takes docs/console.png: the first page on the bundled capture.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launch } from './browser.mjs'
import { firstAdministrator, settled, visitor } from './people.mjs'
import { startProgram } from './server.mjs'

const target = join(dirname(fileURLToPath(import.meta.url)), '../docs/console.png')
const server = await startProgram()
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
  await page.screenshot({ path: target })
} finally {
  await browser.close()
  await server.stop()
}
