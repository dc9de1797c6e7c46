// What policies ask besides yes or no, and the duties of those to whom the network is not shown.
import { equal, until } from './harness.mjs'
import { enrol, password, settled, visitor } from './people.mjs'

const own = `@id("careful-playbooks")
@why("Playbooks are only read today")
@why_fr("Les scénarios ne se modifient pas aujourd’hui")
@obligation("banner; read-only")
permit (principal in Role::"administrator", action == Action::"use", resource in Area::"administrator")
when { context.clock.minute >= 0 };
`

export async function obligations(page, browser, at, report, faults) {
  const shot = async (name, p = page) => { if (process.env.SHOTS) await p.screenshot({ path: `${process.env.SHOTS}/obligations-${name}.png`, fullPage: true }) }
  const save = (text) => page.evaluate(async (text) => (await fetch('/api/access/policies', { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'careful.cedar', text, reason: 'a day of care' }) })).status, text)

  await report.test('a policy has the shell show a banner and lets one only read, until it is taken back', async () => {
    await page.goto(at('/people'))
    await settled(page)
    equal(await page.getByRole('region', { name: 'What applies to you now' }).count(), 0, 'banners before')
    const only = own.replace('resource in Area::"administrator"', 'resource == Door::"POST /api/people"')
      + own.replace('careful-playbooks', 'careful-people').replace('; read-only', '').replace('resource in Area::"administrator"', 'resource == Door::"GET /api/people"')
    equal(await save(only), 200, 'saving')
    await page.goto(at('/people'))
    const banner = page.getByRole('region', { name: 'What applies to you now' })
    await banner.getByText('Playbooks are only read today').waitFor()
    await page.goto(at('/access'))
    await banner.getByText('Playbooks are only read today').waitFor()
    await settled(page)
    await report.axe(page, 'demo: a banner')
    await page.goto(at('/people'))
    await page.getByRole('button', { name: 'Invite a person' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Nobody New')
    await page.getByRole('dialog').getByLabel('Login').fill('nobody.new')
    await page.getByLabel('Roles in the hospital').fill('clinician')
    await page.getByRole('button', { name: 'Make the invitation' }).click()
    await page.getByRole('dialog').getByText('You can only read here now.').waitFor()
    await shot('read-only')
    await page.keyboard.press('Escape')
    await page.locator('section table tbody tr').first().waitFor() // reading goes on
    equal(await save(''), 200, 'taking it back')
    await page.goto(at('/people'))
    await settled(page)
    await until(async () => (await banner.count()) === 0, 'no banner any more')
  })

  for (const [duty, name, login, first, rooms] of [['auditor', 'Ada Contrôle', 'ada.c', /\/access\?view=decisions$/, ['You', 'Trusted devices', 'Ledger']], ['help-desk', 'Hugo Support', 'hugo.s', /\/people$/, ['You']]]) {
    await report.test(`the ${duty} finds what the duty is for, and nothing of the network`, async () => {
      const link = await page.evaluate(async (who) => (await (await fetch('/api/people', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(who) })).json()).link.url, { login, name, duties: [duty] })
      const other = await visitor(browser, {}, faults)
      await other.goto(link)
      await other.getByLabel('Password', { exact: true }).fill(password)
      await other.getByLabel('Password, once more', { exact: true }).fill(password)
      await other.getByRole('button', { name: 'Save my password' }).click()
      await enrol(other, login)
      await other.waitForURL(first)
      await settled(other)
      equal(await other.locator('nav.rail .rooms a').allTextContents(), ['Access', 'People', 'Settings'], 'rooms')
      await report.axe(other, `demo: ${duty}`)
      await shot(duty, other)
      await other.goto(at('/settings'))
      await settled(other)
      const parts = () => other.locator('nav').filter({ hasText: 'You' }).locator('a').allTextContents()
      await until(async () => (await parts()).join() === rooms.join(), `the parts ${rooms}`)
      equal(await other.evaluate(() => fetch('/api/search').then((r) => r.status)), 403, 'searching the network')
      await other.goto('about:blank')
      await other.context().close()
    })
  }
}
