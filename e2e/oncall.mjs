// Who is on call, whom what wakes, whether messages get through, and what people were told.
import { check, until } from './harness.mjs'
import { settled, visitor } from './people.mjs'

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

export async function oncall(page, browser, at, report, faults) {
  const region = (name) => page.getByRole('region', { name, exact: true })
  const ask = (method, path, body) => page.evaluate(async ([method, path, body]) => (await fetch(`/api/${path}`, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })).status, [method, path, body])

  await report.test('where nobody is on call, that is said, and what to do', async () => {
    await page.goto(at('/oncall'))
    await page.getByText('Nobody is on call.').waitFor()
    await region('Who is told, and who next').getByText('Nobody is told.').first().waitFor()
    await settled(page)
    await report.axe(page, 'demo: nobody on call')
  })

  await report.test('who is on call stands first, and a turn is swapped', async () => {
    const day = new Date(Date.now() - 3 * 86400e3).toISOString().slice(0, 10)
    for (const [method, path, body] of [
      ['PUT', 'notify/contacts/anne', { name: 'Anne Martin', language: 'fr', ways: [{ channel: 'chat' }] }],
      ['PUT', 'notify/contacts/bruno', { name: 'Bruno Petit', language: 'fr', ways: [{ channel: 'dead' }] }],
      ['PUT', 'notify/rotas/soc', { turns: ['anne', 'bruno'], days: 7, start: day, at: '08:00', zone: 'Europe/Paris' }],
      ['PUT', 'notify/policies/incident', { least: 'low', rounds: 2, steps: [{ minutes: 0, who: ['rota:soc'] }, { minutes: 10, who: ['contact:bruno'] }] }],
    ]) check((await ask(method, path, body)) === 200, `${path} was refused`)
    await page.reload()
    await region('Who is on call now').getByText('Anne Martin').waitFor()
    await region('Who is told, and who next').getByText('soc (Anne Martin)').waitFor()
    const rota = region('Rota soc')
    check((await rota.getByRole('row').count()) >= 5, 'four weeks are not shown')
    await rota.getByText('Swap a turn').click()
    await rota.getByLabel('Who', { exact: true }).selectOption('Bruno Petit')
    const local = (hours) => page.evaluate((h) => { const d = new Date(Date.now() + h * 3600e3); return new Date(d - d.getTimezoneOffset() * 60e3).toISOString().slice(0, 16) }, hours)
    await rota.getByLabel('From').fill(await local(-1))
    await rota.getByLabel('To', { exact: true }).fill(await local(3))
    await rota.getByRole('button', { name: 'Swap', exact: true }).click()
    await region('Who is on call now').getByText('Bruno Petit').first().waitFor()
    await report.axe(page, 'demo: on call')
  })

  await report.test('a contact and a rota are written, changed and removed by the keyboard', async () => {
    const contacts = region('Contacts')
    await contacts.getByRole('button', { name: 'New contact' }).press('Enter')
    const form = contacts.getByRole('form', { name: 'New contact' })
    await form.getByLabel('Name').fill('Chloé Garde')
    await form.getByLabel('Channel').selectOption({ index: 0 })
    await report.axe(page, 'demo: a contact is written')
    await form.getByLabel('Name').press('Enter')
    await contacts.getByText('Chloé Garde', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'New rota' }).press('Enter')
    const rota = page.getByRole('form', { name: 'New rota' })
    await rota.getByLabel('Name, a short word: soc').fill('biomed')
    await rota.getByLabel('First turn on').fill(new Date(Date.now() - 2 * 24 * 3600_000).toISOString().slice(0, 10)) // else nobody's turn has begun before eight
    for (const name of ['Anne Martin', 'Chloé Garde']) {
      await rota.getByLabel('Who', { exact: true }).selectOption(name)
      await rota.getByRole('button', { name: 'Add', exact: true }).press('Enter')
    }
    await rota.getByRole('button', { name: 'Earlier: Chloé Garde' }).press('Enter')
    await report.axe(page, 'demo: a rota is written')
    await rota.getByRole('button', { name: 'Save' }).press('Enter')
    await region('Rota biomed').getByRole('row').nth(1).getByText('Chloé Garde').waitFor()
    await contacts.getByRole('button', { name: 'Remove: Chloé Garde' }).press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Remove' }).press('Enter')
    await dialog.getByText(/rota biomed/).waitFor() // which names her
    await dialog.getByRole('button', { name: 'Cancel' }).press('Enter')
    await region('Rota biomed').getByRole('button', { name: 'Remove: Rota biomed' }).press('Enter')
    await dialog.getByRole('button', { name: 'Remove' }).press('Enter')
    await region('Rota biomed').waitFor({ state: 'hidden' })
    await contacts.getByRole('button', { name: 'Remove: Chloé Garde' }).press('Enter')
    await dialog.getByRole('button', { name: 'Remove' }).press('Enter')
    await contacts.getByText('Chloé Garde', { exact: true }).waitFor({ state: 'hidden' })
  })

  await report.test('a test message says what became of it, and channels their health', async () => {
    for (const [name, became, health] of [['Anne Martin', 'delivered', /chat.*takes messages/], ['Bruno Petit', 'failed', /dead.*does not take messages/]]) {
      await region('Contacts').getByRole('button', { name: `Send a test message: ${name}` }).click()
      await region('Contacts').getByRole('listitem').filter({ hasText: name }).getByText(became).waitFor()
      await region('Channels').getByRole('listitem').filter({ hasText: health }).waitFor()
    }
    await report.axe(page, 'demo: channels')
  })

  await report.test('what people are told is listed with what became of it, and somebody takes care', async () => {
    // Of a capture nobody is told: what the node would answer is put in its place.
    const x = { id: 7, about: 'incident:1', kind: 'incident', severity: 'high', title: { en: 'Ransomware', fr: 'Rançongiciel' }, text: { en: '', fr: '' }, path: '/incidents/1', state: 'telling', made: new Date().toISOString(), step: 1, round: 0, missed: 0, held: 0, sent: 1 }
    const messages = [{ contact: 'bruno', channel: 'dead', state: 'waiting', made: x.made, tries: 2, error: 'connection refused' }, { contact: 'anne', channel: 'chat', state: 'sent', made: x.made, at: x.made, tries: 1 }]
    const json = (body) => ({ contentType: 'application/json', body: JSON.stringify(body) })
    await page.route(/\/api\/notify\/notices(\?|$)/, (r) => r.fulfill(json({ items: [x] })))
    await page.route('**/api/notify/notices/7', (r) => r.fulfill(json({ ...x, messages })))
    await page.route('**/api/notify/notices/7/answer', (r) => { Object.assign(x, { state: 'answered', by: 'Alex Moreau', ended: x.made }); return r.fulfill(json(x)) })
    await page.reload()
    const notices = region('What people were told')
    await notices.getByText('people are being told').waitFor()
    await notices.getByRole('button', { name: 'To whom: Ransomware' }).click()
    await notices.getByText(/Bruno Petit, dead: waits, tries: 2: connection refused/).waitFor()
    await notices.getByText(/Anne Martin, chat: delivered/).waitFor()
    await report.axe(page, 'demo: notices')
    await notices.getByRole('button', { name: 'I take care of it: Ransomware' }).click()
    await notices.getByText(/somebody takes care of it \(Alex Moreau/).waitFor()
    await page.unroute(/\/api\/notify\/notices(\?|$)/)
    await page.unroute('**/api/notify/notices/7')
    await page.unroute('**/api/notify/notices/7/answer')
  })

  await report.test('the rota stands in French, in the dark and on a phone', async () => {
    for (const [name, options] of [['phone', phone], ['dark', { colorScheme: 'dark' }]]) {
      const other = await visitor(browser, { ...options, storageState: await page.context().storageState() }, faults)
      await other.context().addCookies([{ name: '__Host-bulwark-lang', value: 'fr', domain: new URL(at('/')).hostname, path: '/', secure: true }])
      await other.goto(at('/oncall'))
      await other.getByRole('heading', { name: 'Qui est prévenu, et qui ensuite' }).waitFor()
      await settled(other)
      await until(() => other.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: /oncall is no wider than the window`)
      await report.axe(other, `${name}: /oncall`)
      if (process.env.SHOTS) await other.screenshot({ path: `${process.env.SHOTS}/oncall-${name}.png`, fullPage: true })
      await other.context().close()
    }
  })
}
