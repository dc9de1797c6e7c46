// The page on which a hospital says what automation may do.
import { check, until } from './harness.mjs'
import { settled, visitor } from './people.mjs'

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

export async function safety(page, browser, at, report, faults) {
  const matrix = page.getByRole('table', { name: 'Who must say yes' })
  const cell = (tier, column) => matrix.getByRole('row', { name: tier }).getByRole('cell').nth(column)

  await report.test('Safety shows who must say yes, what no edit loosens, and what is spent', async () => {
    await page.goto(at('/response'))
    await page.getByRole('navigation', { name: 'Response' }).getByRole('link', { name: 'Safety' }).click()
    await page.waitForURL(/\/safety$/)
    await matrix.waitFor()
    check(/never/.test(await cell(/Life-critical/i, 4).innerText()), `quarantine of what is life-critical: ${await cell(/Life-critical/i, 4).innerText()}`)
    await page.getByText('No program puts a life-critical device in quarantine').waitFor()
    await page.getByText('0 of 5 spent now').waitFor()
    await settled(page)
    await report.axe(page, 'demo: safety')
  })

  await report.test('the matrix is edited: an error stands at its line, and what changes is seen before it is saved', async () => {
    await page.goto(at('/safety'))
    await page.getByRole('button', { name: 'Edit the matrix' }).click()
    const area = page.getByRole('textbox', { name: 'Edit the matrix' })
    const before = await area.inputValue()
    const line = before.split('\n').findIndex((l) => l.includes('soc+clinical    # micro-containment')) + 1
    await area.fill(before.replace('soc+clinical    # micro-containment', 'soc+clincal    # micro-containment'))
    const edit = page.getByRole('region', { name: 'Edit the matrix' })
    await edit.getByLabel('Reason').fill('a trial')
    await page.keyboard.press('Enter')
    await edit.getByText('is none of never, auto').waitFor()
    await edit.getByRole('button', { name: `Go to line ${line}` }).waitFor()
    check((await edit.locator('mark').textContent()).includes('soc+clincal'), 'the line is not shown')
    await report.axe(page, 'demo: a wrong matrix')
    await area.fill(before.replace('soc+clinical    # micro-containment', 'auto            # micro-containment').replace(/devices: 5 */, 'devices: 3 '))
    await edit.getByText(/^\+ +E3: auto/).waitFor()
    await edit.getByText(/^− +devices: 5/).waitFor()
    await edit.getByLabel('Reason').fill('the committee of November')
    await edit.getByRole('button', { name: 'Save the matrix' }).click()
    await page.getByText('edited here').waitFor()
    await page.getByText('0 of 3 spent now').waitFor()
    check(/both/.test(await cell(/Life-critical/i, 3).innerText()), 'an edit loosened what none may')
    await page.getByText('Where there is a lock').waitFor()
    await settled(page)
    await report.axe(page, 'demo: an edited matrix')
    await page.getByRole('button', { name: 'Edit the matrix' }).click()
    await edit.getByText('Take the shipped one back').first().click()
    await edit.getByLabel('Reason').last().fill('done')
    await edit.getByRole('button', { name: 'Take the shipped one back' }).click()
    await page.getByText('as shipped').waitFor()
  })

  await report.test('automation is let act, and put back to shadow mode, for a reason', async () => {
    await page.goto(at('/safety'))
    for (const [button, after, reason] of [['Let automation act', 'Automation is active', 'a month of shadow'], ['Back to shadow mode', 'Automation is in shadow mode', 'a new playbook']]) {
      await page.getByRole('button', { name: button }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByLabel('Reason').fill(reason)
      await report.axe(page, `demo: ${button}`)
      await dialog.getByRole('button', { name: button }).click()
      await page.getByRole('heading', { name: after, exact: true }).waitFor()
    }
    const ledger = await page.evaluate(async () => (await fetch('/api/ledger?limit=50')).text())
    check(ledger.includes('a month of shadow'), 'the ledger does not say why')
  })

  await report.test('Safety stands in French, in the dark and on a phone', async () => {
    for (const [name, options] of [['phone', phone], ['dark', { colorScheme: 'dark' }]]) {
      const other = await visitor(browser, { ...options, storageState: await page.context().storageState() }, faults)
      await other.context().addCookies([{ name: '__Host-bulwark-lang', value: 'fr', domain: new URL(at('/')).hostname, path: '/', secure: true }])
      await other.goto(at('/safety'))
      await other.getByRole('button', { name: 'Modifier la matrice' }).click()
      await other.getByRole('textbox', { name: 'Modifier la matrice' }).waitFor()
      await settled(other)
      await until(async () => other.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: narrower than the window`)
      await report.axe(other, `${name}: /safety`)
      await other.context().close()
    }
  })
}
