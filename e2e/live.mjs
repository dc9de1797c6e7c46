// Containments that are real: a network of its own, an attack in it, and the packet filter of the program.
import { check, until } from './harness.mjs'
import { firstAdministrator, settled, visitor } from './people.mjs'
import { attacker, pc, share } from './places.mjs'

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
export async function run(browser, server, report) {
  const faults = []
  const page = await visitor(browser, {}, faults)
  const at = (path) => server.url + path
  const { say } = server
  const row = (id) => page.locator(`a[href="/response/${id}"]`)
  const call = (path, body) => page.evaluate(async ({ path, body }) => {
    const r = await fetch(path, body && { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
    return r.status === 204 ? undefined : r.json()
  }, { path, body })
  const shot = (of, name) => (process.env.SHOTS ? of.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true }) : undefined)
  let lease = 0

  await report.need('an attack sets off a playbook: what cuts nothing inside is only noted, and what does waits for a person', async () => {
    await firstAdministrator(page, server.setup)
    await call(`/api/people/${(await call('/api/me')).id}/duties`, { duties: ['administrator', 'analyst'] })
    await page.goto(at('/response'))
    await page.getByText('Nothing was ever contained.').waitFor()
    await page.getByRole('region', { name: 'Enforcement points' }).getByRole('row', { name: /Packet filter/ }).getByText('works', { exact: true }).waitFor()
    // A conversation is kept a little after its end, if its packets were already read: before, nobody can say what an act would stop.
    await until(async () => {
      check(await say(share, 445, 'a file\r\n'), 'the share does not answer')
      const { preview } = await call('/api/safety/preview', { act: 'isolate', target: `address:${pc}` })
      return preview.seen && preview.windows[0].conversations > 0
    }, 'what an isolation would stop is seen', 60)
    check(await say(attacker, 4444, 'live-1 live-2 live-3 live-4 live-5 live-6\r\n'), 'the attacker does not answer')
    await page.getByRole('link', { name: /^Isolate: / }).waitFor() // nobody asked for it
    lease = Number(/\d+$/.exec(await page.getByRole('link', { name: /^Isolate: / }).getAttribute('href'))[0])
    await row(lease).getByText('waits for a yes', { exact: true }).waitFor()
    await page.getByRole('button', { name: /^Only noted/ }).click()
    await page.getByText(`Ban: ${attacker}`).first().click()
    await page.getByRole('heading', { name: 'What it would have stopped' }).waitFor()
    await page.getByText('in shadow mode it is only noted').waitFor()
    await settled(page)
    await report.axe(page, 'live: what would have been done')
    await shot(page, 'noted')
    check(await say(attacker, 4444, 'more\r\n'), 'it was done in shadow mode')
  })

  await report.test('an approval on a phone: what, why, whom it cuts, two buttons', async () => {
    for (const [language, colorScheme, why, yes] of [['en', 'dark', 'Reason', 'Yes, do it'], ['fr', 'light', 'Motif', 'Oui, le faire']]) {
      const other = await visitor(browser, { ...phone, colorScheme, storageState: await page.context().storageState() }, faults)
      await other.context().addCookies([{ name: '__Host-bulwark-lang', value: language, domain: new URL(at('/')).hostname, path: '/', secure: true }])
      await other.goto(at(`/response/${lease}`))
      const button = other.getByRole('button', { name: yes })
      await button.waitFor()
      check(await button.isDisabled(), 'a yes needs no reason')
      await other.getByRole('textbox', { name: why }).fill('?')
      const box = await button.boundingBox()
      check(box.height >= 48 && box.width >= 120, `the button is ${JSON.stringify(box)}`)
      await other.getByRole('textbox', { name: why }).press('Enter')
      check(await button.isVisible(), 'Enter said yes')
      check(await other.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'wider than the window')
      await settled(other)
      await report.axe(other, `live: approval on a phone, ${language}`)
      await shot(other, `approval-${language}`)
      await other.context().close()
    }
  })

  await report.test('the incident shows what an act would stop beside yes and no', async () => {
    await page.goto(at('/incidents/1'))
    const beside = page.getByRole('region', { name: 'Your decision' })
    await beside.getByRole('button', { name: 'Yes, do it' }).waitFor()
    await page.getByRole('heading', { name: 'What it would stop' }).waitFor()
    await settled(page)
    await report.axe(page, 'live: an act beside its incident')
    await shot(page, 'incident')
  })

  /** Types a code on somebody's phone, who has no account and no script. */
  async function atBedside(code) {
    const other = await visitor(browser, { ...phone, javaScriptEnabled: false }, faults)
    await other.goto(at('/release'))
    for (const [typed, said] of [['AAAAA-AAAAA', 'alert'], [code.toLowerCase(), 'status']]) {
      await other.getByRole('textbox').fill(typed)
      await other.getByRole('textbox').press('Enter')
      await other.getByRole(said).waitFor()
    }
    await shot(other, 'bedside')
    await other.context().close()
  }

  await report.test('a yes cuts it off, a code releases it at the bedside, and it is taken back: all of it live', async () => {
    const other = await visitor(browser, { storageState: await page.context().storageState() }, faults)
    await page.goto(at('/response'))
    await row(lease).getByText('waits for a yes', { exact: true }).waitFor()
    await other.goto(at(`/response/${lease}`))
    await other.getByRole('textbox', { name: 'Reason' }).fill('seen with the ward')
    await other.getByRole('button', { name: 'Yes, do it' }).click()
    await other.getByText('in force', { exact: true }).first().waitFor()
    await row(lease).getByText('in force', { exact: true }).waitFor() // nobody asked for it
    await row(lease).getByText(/^ends in 3\sh 59\smin$/).waitFor()
    await page.getByRole('region', { name: 'Enforcement points' }).getByRole('row', { name: /Packet filter.*\b1 1\b/ }).waitFor()
    check(!(await say(share, 445, 'a file\r\n')), 'it still reaches the share')
    await settled(page)
    await report.axe(page, 'live: an act in force')
    await shot(page, 'response')
    await settled(other)
    await report.axe(other, 'live: one act')

    const longer = other.getByRole('region', { name: 'Have it last longer' })
    await longer.getByLabel('Minutes longer').fill('30')
    await longer.getByLabel('Minutes longer').press('Enter')
    await longer.getByRole('heading', { name: 'What it would go on to stop' }).waitFor()
    await longer.getByText('of the 15 minutes before it began').waitFor()
    await longer.getByRole('textbox', { name: 'Reason' }).fill('not clean yet')
    await settled(other)
    await report.axe(other, 'live: to last longer')
    await shot(other, 'longer')
    await other.keyboard.press('Enter')
    await row(lease).getByText(/To last longer\. Must still say yes/).waitFor()
    await row(lease).getByText(/^ends in 3\sh 5\d\smin$/).waitFor() // until somebody has said yes
    const decide = other.getByRole('region', { name: 'Your decision' })
    await decide.getByRole('textbox', { name: 'Reason' }).fill('the ward agrees')
    await decide.getByRole('button', { name: 'Yes, prolong it' }).click()
    await longer.getByText(/^Prolonged until/).waitFor()
    await row(lease).getByText(/^ends in 4\sh 2\d\smin$/).waitFor()
    await row(lease).getByText('in force', { exact: true }).waitFor()

    await other.getByRole('button', { name: 'Bedside release code' }).click()
    const code = (await other.getByRole('dialog').locator('.code').textContent()).trim()
    check(/^[0-9A-Z]{5}-[0-9A-Z]{5}$/.test(code), `the code is ${code}`)
    await report.axe(other, 'live: a code')
    await other.keyboard.press('Escape')
    await until(async () => !(await other.content()).includes(code), 'the code is gone')
    await atBedside(code)
    await row(lease).getByText('released at the bedside').waitFor()
    await until(() => say(share, 445, 'a file\r\n'), 'the share is reached again')
    const left = () => row(lease).getByText(/^in force again in 29\smin \d+\ss$/).textContent()
    const before = await left()
    await until(async () => (await left()) !== before, 'the countdown goes on')

    await other.getByRole('region', { name: 'Take it back' }).getByRole('textbox', { name: 'Reason' }).fill('cleaned')
    await other.keyboard.press('Enter')
    await other.getByText('taken back', { exact: true }).first().waitFor()
    await other.getByText('“cleaned”').waitFor()
    await row(lease).waitFor({ state: 'hidden' }) // it is not among what is live
    await page.getByRole('button', { name: /^Over/ }).click()
    await row(lease).getByText('taken back').waitFor()
    await other.context().close()
  })

  await report.test('what is asked for by hand waits too, and a no ends it', async () => {
    await until(async () => {
      await say(share, 445, 'a file\r\n')
      return (await call('/api/safety/preview', { act: 'block', target: `address:${pc}`, scope: `${share}:445/tcp` })).preview.windows[0].conversations > 0
    }, 'what a block would stop is seen', 60)
    await page.goto(at(`/response/ask?act=block&target=address:${pc}`))
    await page.getByLabel('Peer, or peer and port').fill(`${share}:445/tcp`)
    await page.getByRole('button', { name: 'See what it would stop' }).click()
    const seen = page.getByRole('region', { name: 'What it would stop' })
    await seen.getByRole('textbox', { name: 'Reason' }).fill('the share is being looked at')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/response\/\d+$/)
    await page.getByRole('heading', { name: `(${share}:445/tcp)` }).waitFor()
    await page.getByRole('button', { name: 'No', exact: true }).waitFor()
    await page.getByRole('textbox', { name: 'Reason' }).fill('not now')
    await page.getByRole('button', { name: 'No', exact: true }).click()
    await page.getByText('refused', { exact: true }).first().waitFor()
    await page.getByText('“not now”').first().waitFor()
    await settled(page)
    await report.axe(page, 'live: refused')
  })

  await report.test('a point of another maker is unproven until a person says what was seen', async () => {
    await page.goto(at('/response'))
    const points = page.getByRole('region', { name: 'Enforcement points' })
    await points.getByText('unproven', { exact: true }).waitFor()
    await points.getByRole('row', { name: /Switches, by SNMP.*E4.*not set up.*snmp\.switches/ }).waitFor()
    await settled(page)
    await report.axe(page, 'live: unproven')
    await points.getByRole('textbox', { name: 'Reason' }).fill('seen at the firewall')
    await points.getByRole('button', { name: 'I have seen it work' }).click()
    await points.getByText(/seen to work by Alex Moreau/).waitFor()
    check((await points.getByText('unproven', { exact: true }).count()) === 0, 'it is unproven still')
    await shot(page, 'confirmed')
  })

  await report.test('Response with all it holds stands in French, in the dark and on a phone', async () => {
    for (const [name, options] of [['phone', phone], ['dark', { colorScheme: 'dark' }]]) {
      const other = await visitor(browser, { ...options, storageState: await page.context().storageState() }, faults)
      await other.context().addCookies([{ name: '__Host-bulwark-lang', value: 'fr', domain: new URL(at('/')).hostname, path: '/', secure: true }])
      for (const path of ['/response?state=all', `/response/${lease}`]) {
        await other.goto(at(path))
        await other.getByRole('heading', { level: 1 }).waitFor()
        await settled(other)
        check(await other.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: ${path} is wider than the window`)
        await report.axe(other, `live: ${name}: ${path}`)
      }
      await other.context().close()
    }
  })

  await report.test('no page of the live network threw, or broke its policy', async () => check(faults.length === 0, faults.join('\n')))
  await page.context().close()
}
