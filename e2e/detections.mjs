// The rules of the bundled capture, as people look after them.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { check, equal, until } from './harness.mjs'
import { settled, visitor } from './people.mjs'

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const capture = join(dirname(fileURLToPath(import.meta.url)), '../content/demo/hospital.pcap.zst')
const listed = (page) => page.locator('a[data-rule]')

export async function detections(page, browser, at, report, faults) {
  const ask = (path) => page.evaluate(async (p) => (await fetch(p)).json(), path)
  const panel = page.getByRole('region', { name: 'Rule', exact: true })

  await report.test('rules say their state, are found by words, facets and keys', async () => {
    await page.goto(at('/now'))
    await page.locator('.headline').waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('r')
    await page.waitForURL(/\/detections$/)
    await listed(page).first().waitFor()
    await settled(page)
    await report.axe(page, 'detections')
    await page.getByRole('region', { name: 'State' }).getByRole('button', { name: /^Rejected/ }).click()
    await page.waitForURL(/state=rejected/)
    await page.getByRole('row', { name: /There is no such field.*dicom\.calling_aet.*Rejected/ }).waitFor()
    await page.goto(at('/detections?source=paths&sort=fired'))
    await listed(page).first().waitFor()
    await settled(page)
    const fired = (await ask('/api/rules?source=paths&sort=fired')).items.map((r) => r.fired)
    equal(fired, [...fired].sort((a, b) => b - a), 'the order by matches')
    check(fired[0] > 0, 'no rule has matched')
    await page.getByLabel('Title, number, class, file, protocol …').fill('stored in an archive')
    await until(async () => (await listed(page).count()) === 1, 'one rule with the words')
    await page.keyboard.press('Escape')
    await page.goto(at('/detections?source=paths'))
    await listed(page).first().waitFor()
    await settled(page)
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await panel.waitFor()
    const first = new URL(page.url()).searchParams.get('rule')
    await page.keyboard.press('j')
    await page.waitForURL((u) => u.searchParams.get('rule') !== first)
    await page.keyboard.press('Escape')
    await page.waitForURL((u) => !u.searchParams.has('rule'))
  })

  await report.test('a rule says what it looks for, is switched off for a reason, and on again', async () => {
    await page.goto(at('/detections?source=paths&rule=1%3A9900001'))
    await panel.getByRole('heading', { level: 2, name: 'An object is stored in an archive' }).waitFor()
    await panel.getByRole('heading', { name: 'What it looks for' }).waitFor()
    await panel.getByRole('link', { name: 'T1213' }).waitFor()
    await settled(page)
    await report.axe(page, 'rule')
    await panel.getByRole('button', { name: 'Switch off' }).click()
    const dialog = page.getByRole('dialog', { name: 'Switch this rule off?' })
    await dialog.getByLabel('Reason').fill('too many while we test')
    await report.axe(page, 'rule, switching off')
    await page.keyboard.press('Enter')
    await panel.getByText(/^Switched off by .*too many while we test/).waitFor()
    equal((await ask('/api/rules/1:9900001')).state, 'disabled', 'its state')
    await page.getByRole('row', { name: /^An object is stored in an archive.* Off / }).waitFor()
    await panel.getByRole('button', { name: 'Switch on' }).click()
    await page.getByRole('dialog', { name: 'Switch this rule on?' }).getByLabel('Reason').fill('tested')
    await page.keyboard.press('Enter')
    await panel.getByText(/^Switched on by .*tested/).waitFor()
    await until(async () => (await ask('/api/rules/1:9900001')).enabled, 'it is on')
  })

  await report.test('coverage stands as a board that arrows walk, and as a table', async () => {
    await page.goto(at('/detections?view=coverage'))
    const cells = page.locator('a[data-at]')
    await cells.first().waitFor()
    await report.axe(page, 'coverage')
    await cells.first().focus()
    const from = await page.evaluate(() => document.activeElement.dataset.at)
    await page.keyboard.press('ArrowRight')
    check((await page.evaluate(() => document.activeElement.dataset.at)) !== from, 'an arrow does not move')
    await page.getByRole('button', { name: 'Table', exact: true }).click()
    await page.getByRole('row', { name: /T1213/ }).first().waitFor()
    await report.axe(page, 'coverage, table')
    await page.getByRole('link', { name: 'T1213', exact: true }).first().click()
    await page.waitForURL(/technique=T1213/)
    await page.getByRole('link', { name: 'An object is stored in an archive' }).waitFor()
  })

  await report.test('sources say what became of them, and are read again', async () => {
    await page.goto(at('/detections?view=sources'))
    await page.getByRole('heading', { name: 'Your files' }).waitFor()
    await settled(page)
    await report.axe(page, 'sources')
    await page.getByRole('button', { name: 'Update all' }).click()
    await page.getByText(/rules are in force, \d+ (was|were) rejected\./).waitFor()
    await report.axe(page, 'sources, updated')
  })

  await report.test('the bench marks what is wrong, and tells what would match', async () => {
    await page.goto(at('/detections?view=try'))
    const area = page.getByRole('textbox', { name: 'Rules' })
    await area.waitFor()
    await report.axe(page, 'bench')
    await area.fill('alert dicom any any -> any any (msg:"x"; dicom.nothing; content:"x"; sid:9900101; rev:1;)')
    await page.getByRole('button', { name: /^Line 1, column \d+$/ }).waitFor()
    await page.locator('mark').waitFor()
    await report.axe(page, 'bench, a fault')
    await area.fill('alert dicom any any -> any any (msg:"An object is stored"; dicom.command; content:"Store"; sid:9900101; rev:1;)\nalert dicom any any -> any any (msg:"Never"; dicom.command; content:"Nothing"; sid:9900102; rev:1;)')
    await page.getByText('2 rules can be used.').waitFor()
    await page.getByLabel('Capture', { exact: true }).setInputFiles({ name: 'hospital.pcap.zst', mimeType: 'application/octet-stream', buffer: readFileSync(capture) })
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    const results = page.getByRole('region', { name: 'What would match' })
    await results.getByText('1 rule matched.').waitFor()
    await results.getByRole('heading', { name: 'An object is stored' }).waitFor()
    await results.getByText(/1:9900102/).waitFor()
    await settled(page)
    await report.axe(page, 'bench, results')
    // A stretch of what is kept: the time of the page, for a reason.
    await page.getByRole('radio', { name: /^Of those that are kept/ }).check()
    await page.getByRole('textbox', { name: 'Reason' }).fill('trying a rule')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await results.getByText('1 rule matched.').waitFor()
    await results.getByRole('link', { name: 'Traffic' }).first().waitFor()
  })

  await report.test('detections stand in French, in the dark and on a phone', async () => {
    for (const [name, options] of [['phone', phone], ['dark', { colorScheme: 'dark' }]]) {
      const other = await visitor(browser, { ...options, storageState: await page.context().storageState() }, faults)
      await other.context().addCookies([{ name: '__Host-bulwark-lang', value: 'fr', domain: new URL(at('/')).hostname, path: '/', secure: true }])
      for (const [path, heading] of [['/detections', 'Détections'], ['/detections?rule=1%3A9900001', 'Ce qu’elle recherche'], ['/detections?view=coverage', 'Détections'], ['/detections?view=coverage&as=table', 'Détections'], ['/detections?view=sources', 'Vos fichiers'], ['/detections?view=try', 'Ce qui serait trouvé']]) {
        await other.goto(at(path))
        await other.getByRole('heading', { name: heading, exact: true }).waitFor()
        await settled(other)
        check(await other.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: ${path} is wider than the window`)
        await report.axe(other, `${name}: ${path}`)
      }
      await other.context().close()
    }
  })
}
