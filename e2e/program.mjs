// The program itself, on the bundled capture: what a newcomer sees in the first minute.
import { check, until } from './harness.mjs'
import { firstAdministrator, rows, settled, visitor } from './people.mjs'

export async function run(browser, server, report) {
  const faults = []
  const page = await visitor(browser, {}, faults)
  const at = (path) => server.url + path

  await report.need('bulwark up --demo opens on the capture', async () => {
    await firstAdministrator(page, server.setup)
    await page.getByText(/hospital\.pcap\.zst was analysed: [\d,]+ packets/).waitFor()
    await page.getByRole('button', { name: 'DICOM', exact: true }).waitFor()
    await settled(page)
    await report.axe(page, 'demo: now')
  })

  await report.test('the demo shows images stored, messages sent and names asked for', async () => {
    for (const [q, sentence] of [['kind:dicom activity_name:Store', /stored \d+ [A-Z]{2} images? to /], ['kind:hl7', /sent [A-Z]{3}\^[A-Z]\d\d to /], ['kind:dns', /asked for \S+/], ['kind:fhir', /at .+: \d{3}/]]) {
      await page.goto(at(`/traffic?q=${encodeURIComponent(q)}`))
      await until(async () => sentence.test((await rows(page).allTextContents()).join('\n')), `${q} as ${sentence}`)
    }
    await rows(page).first().click()
    await page.locator('.panel dl').waitFor()
    await report.axe(page, 'demo: event')
  })

  await report.test('the demo shows who talks to whom, and the node its cage', async () => {
    await page.goto(at('/traffic?view=peers'))
    await page.getByRole('cell', { name: /DICOM/ }).first().waitFor()
    await page.goto(at('/settings/node'))
    await page.getByRole('heading', { name: 'How the decoders are caged' }).waitFor()
    check((await page.locator('section li').count()) > 3, 'the cage is not described')
    await report.axe(page, 'demo: node')
  })

  await report.test('no page of the demo threw, or broke its policy', async () => check(faults.length === 0, faults.join('\n')))
  await page.context().close()
}
