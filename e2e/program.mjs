// The program itself, on the bundled capture: what a newcomer sees in the first minute.
import { readFileSync } from 'node:fs'
import { access } from './access.mjs'
import { cases } from './cases.mjs'
import { detections } from './detections.mjs'
import { devices } from './devices.mjs'
import { findings } from './findings.mjs'
import { check, until } from './harness.mjs'
import { incidents } from './incidents.mjs'
import { obligations } from './obligations.mjs'
import { oncall } from './oncall.mjs'
import { playbooks } from './playbooks.mjs'
import { response } from './response.mjs'
import { safety } from './safety.mjs'
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

  await report.test('the packets of a conversation are handed out for a reason, and the ledger says so', async () => {
    const give = (duties) => page.evaluate(async (duties) => {
      const me = await (await fetch('/api/me')).json()
      return (await fetch(`/api/people/${me.id}/duties`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ duties }) })).status
    }, duties)
    check((await give(['administrator', 'reader'])) === 204, 'the duties were not taken')
    const open = async () => {
      await page.goto(at(`/traffic?q=${encodeURIComponent('kind:dicom activity_name:Store')}`))
      await rows(page).first().click()
      return page.getByRole('region', { name: 'Event' }).getByRole('button', { name: 'Packets' })
    }
    check(await (await open()).isDisabled(), 'somebody without the duty may ask')
    check((await give(['administrator', 'analyst'])) === 204, 'the duties were not taken')
    await (await open()).waitFor()
    await page.keyboard.press('p')
    const dialog = page.getByRole('dialog', { name: /^Packets of conversation \d+$/ })
    await dialog.waitFor()
    await report.axe(page, 'demo: packets')
    await dialog.getByLabel('Reason').fill('incident 12')
    const file = page.waitForEvent('download')
    await page.keyboard.press('Enter')
    const got = readFileSync(await (await file).path())
    check(/^bulwark-flow-\d+-.*\.pcapng$/.test((await file).suggestedFilename()), (await file).suggestedFilename())
    check(got.readUInt32BE(0) === 0x0a0d0d0a && got.length > 1000, `the file has ${got.length} bytes`)
    await page.getByText('The packets are downloaded.').waitFor()
    await page.getByRole('region', { name: 'Event' }).getByRole('button', { name: '10.20.2.10' }).first().click()
    await page.getByRole('menuitem', { name: 'Packets' }).click()
    await page.getByRole('dialog', { name: 'Packets of 10.20.2.10' }).waitFor()
    await page.keyboard.press('Escape')
    await page.goto(at('/settings/ledger'))
    await page.getByText('packets.handed-out').first().waitFor()
  })

  await findings(page, browser, at, report, faults)
  await detections(page, browser, at, report, faults)
  await devices(page, browser, at, report, faults)
  await incidents(page, browser, at, report, faults)
  await cases(page, browser, at, report, faults)
  await response(page, browser, at, report, faults)
  await safety(page, browser, at, report, faults)
  await playbooks(page, browser, at, report, faults)
  await oncall(page, browser, at, report, faults)
  await access(page, browser, at, report, faults)
  await obligations(page, browser, at, report, faults)

  await report.test('no page of the demo threw, or broke its policy', async () => check(faults.length === 0, faults.join('\n')))
  await page.context().close()
}
