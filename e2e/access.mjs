// The page on which a hospital says who may do what.
import { check, until } from './harness.mjs'
import { settled, visitor } from './people.mjs'

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const own = `@id("packets-from-inside")
@why("Packets are handed out inside")
@why_fr("Les paquets se remettent à l’intérieur")
forbid (principal is Person, action == Action::"use", resource == Door::"GET /api/packets")
unless { context.network.zone == "office" || context.network.zone == "clinical" };
`

export async function access(page, browser, at, report, faults) {
  const policies = page.getByRole('region', { name: /policies are in force/ })
  const shot = async (name, p = page) => { if (process.env.SHOTS) await p.screenshot({ path: `${process.env.SHOTS}/access-${name}.png`, fullPage: true }) }

  await report.test('policies stand in words and in Cedar, and are found by a word', async () => {
    await page.goto(at('/access?view=policies'))
    await policies.waitFor()
    const all = await policies.getByRole('listitem').count()
    check(all > 15, `${all} policies`)
    await page.getByLabel('Find').fill('glass')
    await until(async () => (await policies.getByRole('listitem').count()) < all / 2, 'fewer policies')
    await policies.getByText('In Cedar').first().click()
    await policies.getByText('@id("').first().waitFor()
    await settled(page)
    await report.axe(page, 'demo: access, policies')
    await shot('policies')
  })

  await report.test('a change shows who loses before it is in force, what breaks an invariant never is, and it is taken back', async () => {
    await page.goto(at('/access?view=policies'))
    await page.getByRole('button', { name: 'Edit' }).click()
    await page.getByLabel('Name of the file').fill('inside.cedar')
    const text = page.getByLabel('Text')
    await text.fill(own.replace('@why("', '@wy("'))
    await page.getByRole('button', { name: 'Who gains, who loses?' }).click()
    await page.getByText(/inside\.cedar:\d+:\d+/).first().waitFor()
    await text.fill('@id("nobody")\n@why("Nobody does anything")\n@why_fr("Personne ne fait rien")\nforbid (principal, action, resource);\n')
    await page.getByRole('button', { name: 'Who gains, who loses?' }).click()
    await page.getByRole('heading', { name: /It breaks what must stay true/ }).waitFor()
    check(!(await page.getByRole('button', { name: 'Put in force' }).isVisible()), 'what breaks an invariant can be put in force')
    await text.fill(own)
    await page.getByRole('button', { name: 'Who gains, who loses?' }).click()
    await page.getByRole('row', { name: /Loses/ }).first().waitFor()
    await settled(page)
    await report.axe(page, 'demo: access, a change')
    await shot('change')
    await policies.getByLabel('Reason').fill('as decided')
    await page.getByRole('button', { name: 'Put in force' }).click()
    await page.getByText('In force.', { exact: true }).waitFor()
    await policies.getByText('Forbids Packets are handed out inside').waitFor()
    await page.getByRole('combobox', { name: /^File/ }).selectOption('inside.cedar')
    await text.fill('')
    await page.getByRole('button', { name: 'Who gains, who loses?' }).click()
    await page.getByText(/\d+ questions were asked/).waitFor()
    await policies.getByLabel('Reason').fill('taken back')
    await page.getByRole('button', { name: 'Put in force' }).click()
    await policies.getByText('Forbids Packets are handed out inside').waitFor({ state: 'detached' })
  })

  await report.test('the simulator says yes or no, by what policy, and what would help', async () => {
    await page.goto(at('/access?view=simulator'))
    await page.getByLabel('Who (login)').fill('alex')
    await page.getByLabel('Does').selectOption('use')
    await page.getByLabel('With what').fill('GET /api/people')
    await page.getByRole('button', { name: 'Ask', exact: true }).click()
    await page.getByText('console-administrator').first().waitFor()
    await page.getByLabel('Does').selectOption('readRecord')
    await page.getByLabel('With what').fill('P-0000000000000001')
    await page.getByRole('button', { name: 'Ask', exact: true }).click()
    await page.locator('.answer.no').waitFor()
    await settled(page)
    await report.axe(page, 'demo: access, simulator')
    await shot('simulator')
  })

  await report.test('something is asked for a time, and nobody says yes to themselves', async () => {
    await page.goto(at('/access'))
    await page.getByText('Nothing waits to be looked at.').waitFor()
    await page.getByRole('button', { name: 'Ask for something' }).click()
    const dialog = page.getByRole('dialog', { name: 'Ask for something' })
    await dialog.getByLabel('What for').selectOption('window')
    await dialog.getByRole('textbox', { name: 'Vendor' }).fill('imaging')
    await dialog.getByRole('textbox', { name: 'Application' }).fill('pacs')
    await dialog.getByLabel('Reason').fill('yearly maintenance')
    await report.axe(page, 'demo: access, a request')
    await dialog.getByRole('button', { name: 'Ask', exact: true }).click()
    const line = page.getByRole('listitem').filter({ hasText: 'imaging: pacs' })
    await line.getByText('Asked').waitFor()
    await line.getByRole('button', { name: 'Yes' }).click()
    await page.getByText(/somebody else/i).waitFor()
    await line.getByRole('button', { name: 'No', exact: true }).click()
    await line.getByText('Refused').waitFor()
    await shot('requests')
  })

  await report.test('whoever is no clinician breaks no glass, and is told so', async () => {
    await page.goto(at('/access'))
    await page.getByRole('button', { name: 'Break the glass' }).click()
    const dialog = page.getByRole('dialog', { name: 'Open a record in an emergency' })
    await dialog.getByLabel('Number of the patient').fill('8012345')
    await report.axe(page, 'demo: access, break the glass')
    await dialog.getByRole('button', { name: 'Break the glass' }).click()
    await dialog.locator('p.bad').filter({ hasText: /\S/ }).waitFor()
    await shot('glass')
  })

  await report.test('Access stands in French, in the dark and on a phone', async () => {
    for (const [name, options] of [['phone', phone], ['dark', { colorScheme: 'dark' }]]) {
      const other = await visitor(browser, { ...options, storageState: await page.context().storageState() }, faults)
      await other.context().addCookies([{ name: '__Host-bulwark-lang', value: 'fr', domain: new URL(at('/')).hostname, path: '/', secure: true }])
      for (const [view, words] of [['', 'Rien n’attend d’être regardé.'], ['?view=policies', 'Invariants'], ['?view=simulator', 'Qui le peut ?'], ['?view=reviews', /Des rôles que des personnes ont/]]) {
        await other.goto(at(`/access${view}`))
        await other.getByText(words).first().waitFor()
        await settled(other)
        await until(async () => other.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} ${view}: narrower than the window`)
        await report.axe(other, `${name}: /access${view}`)
        await shot(`${name}-${view.slice(6) || 'requests'}`, other)
      }
      await other.context().close()
    }
  })
}
