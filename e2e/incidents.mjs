// The incident of the bundled capture: its story, and who looks after it.
import { check, until } from './harness.mjs'
import { settled, visitor } from './people.mjs'

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

export async function incidents(page, browser, at, report, faults) {
  const ask = (path) => page.evaluate(async (p) => (await fetch(p)).json(), path)

  await report.test('what belongs together is one incident, and its story is told', async () => {
    await until(async () => ((await ask('/api/incidents')).items[0]?.findings ?? 0) >= 4, 'an incident of the capture')
    await page.goto(at('/incidents'))
    const row = page.locator('a[href^="/incidents/"]', { hasText: 'PACS' }).first()
    await row.waitFor()
    await settled(page)
    await report.axe(page, 'demo: incidents')
    await row.click()
    await page.waitForURL(/\/incidents\/\d+$/)
    const story = page.getByRole('region', { name: 'What happened' })
    await story.getByText('set off “All patients of an image archive are asked for” against PACS').waitFor()
    check((await story.getByRole('listitem').count()) > 5, 'the story is short')
    await page.getByText('Nothing was done, and nothing is proposed.').waitFor() // of a capture nothing can be
    await settled(page)
    await report.axe(page, 'demo: the story')
    await story.getByRole('link', { name: 'Finding' }).first().click()
    await page.waitForURL(/\/findings\/\d+$/)
    await page.goBack()
  })

  await report.test('somebody takes an incident, closes it and opens it again', async () => {
    await page.goto(at('/incidents/1'))
    await page.getByRole('button', { name: 'I take it' }).click()
    await page.getByRole('region', { name: 'Who looks after it' }).getByText('Alex Moreau').waitFor()
    const decide = page.getByRole('region', { name: 'Who looks after it' })
    await decide.getByLabel('Close as').selectOption('benign')
    await decide.getByLabel('Reason', { exact: true }).fill('our own test')
    await page.getByRole('button', { name: 'Close the incident' }).click()
    await page.getByText('Closed: Benign').waitFor()
    await page.getByRole('button', { name: 'Open again' }).click()
    await page.getByLabel('Close as').waitFor()
  })

  await report.test('incidents stand in French, in the dark and on a phone', async () => {
    for (const [name, options] of [['phone', phone], ['dark', { colorScheme: 'dark' }]]) {
      const other = await visitor(browser, { ...options, storageState: await page.context().storageState() }, faults)
      await other.context().addCookies([{ name: '__Host-bulwark-lang', value: 'fr', domain: new URL(at('/')).hostname, path: '/', secure: true }])
      for (const [path, heading] of [['/incidents', 'Incidents'], ['/incidents/1', 'Ce qui s’est passé']]) {
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
