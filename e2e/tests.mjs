// The console as people use it, in order: each test goes on where the one before stopped.
import { check, equal, until } from './harness.mjs'
import { enrol, firstAdministrator, password, rows, settled, signIn, visitor } from './people.mjs'

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

export async function run(browser, server, report) {
  const faults = []
  const page = await visitor(browser, {}, faults)
  const at = (path) => server.url + path
  let invitation, state

  await report.test('a stranger is sent to sign in, and the API refuses them', async () => {
    await page.goto(at('/traffic?q=kind:dns'))
    check(page.url().includes('/sign-in?next='), `at ${page.url()}`)
    const answers = await page.evaluate(() => Promise.all(['/api/search', '/api/now', '/api/live', '/api/export?format=csv', '/api/people'].map((p) => fetch(p).then((r) => r.status))))
    equal(answers, [401, 401, 401, 401, 401], 'answers to nobody')
    await report.axe(page, 'sign-in')
  })

  await report.need('the set-up link makes the first administrator, once', async () => {
    await page.goto(server.setup)
    await report.axe(page, 'set-up')
    await firstAdministrator(page, server.setup)
    await page.goto(server.setup)
    await page.getByText('This link is not').first().waitFor({ timeout: 3000 }).catch(async () => check(!(await page.getByLabel('Your name').count()), 'the link worked twice'))
  })

  await report.need('somebody signs out and in again', async () => {
    await page.goto(at('/now'))
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(/\/sign-in/)
    await page.goto(at('/traffic'))
    await signIn(page, 'alex')
    await page.waitForURL(/\/traffic$/)
    state = await page.context().storageState()
  })

  await report.test('Now says what is wrong first, with since when and what to do', async () => {
    await page.goto(at('/now'))
    await page.getByText('One thing is not protected right now.').waitFor()
    await page.getByText('eth2 has sent no packet for 5 minutes.').waitFor()
    await page.getByText('Check the mirror on the switch, and the cable.').waitFor()
    const top = await page.locator('.warnings').boundingBox()
    check(top.y + top.height < 900 / 2, `the warnings end at ${top.y + top.height} px`)
    await settled(page)
    await report.axe(page, 'now')
  })

  await report.test('Now shows traffic by protocol, talkers, clinical rates and missing directions', async () => {
    for (const name of ['DICOM', 'TLS', 'Not recognised']) await page.getByRole('button', { name, exact: true }).waitFor()
    await page.getByRole('button', { name: 'DICOM', exact: true }).click()
    await page.getByRole('cell', { name: /^\d[\d.]*\s[kM]?bit\/s$/ }).first().waitFor()
    for (const name of ['DICOM events', 'HL7 messages', 'FHIR interactions']) await page.getByRole('heading', { name }).waitFor()
    await page.getByText(/Only one direction of VLAN 12 is seen: [\d,]+ of [\d,]+ TCP conversations/).waitFor()
    await page.getByRole('button', { name: 'Table: Traffic' }).click()
    await page.getByRole('columnheader', { name: 'The others' }).waitFor()
    await report.axe(page, 'now, as a table')
    await page.getByRole('button', { name: 'Chart: Traffic' }).click()
  })

  await report.test('the live stream runs, says since when it is stale, and comes back by itself', async () => {
    await page.getByText('Rate now').waitFor()
    await page.getByText(/\d+ of the \d+ events of the last second/).waitFor()
    server.pause()
    try {
      await page.getByText('Stale since').waitFor({ timeout: 30_000 })
      await report.axe(page, 'stale')
    } finally {
      server.resume()
    }
    await page.locator('.live:not(.stale)').waitFor({ timeout: 30_000 })
  })

  await report.test('a search with suggestions narrows the events down', async () => {
    await page.goto(at('/traffic'))
    await rows(page).first().waitFor()
    await report.axe(page, 'traffic')
    await page.keyboard.press('/')
    await page.keyboard.type('modal')
    await page.getByRole('option', { name: /^modality/ }).waitFor()
    await report.axe(page, 'suggestions')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('option', { name: /^CT/ }).click()
    await page.keyboard.press('Enter')
    await page.waitForURL(/q=modality%3ACT/)
    await until(async () => (await rows(page).allTextContents()).every((x) => /CT_ROOM1 stored \d+ CT images? to PACS1/.test(x)), 'only CT stores')
  })

  await report.test('the histogram is brushed, and the facets filter and exclude', async () => {
    await page.goto(at('/traffic'))
    await rows(page).first().waitFor()
    const box = await page.locator('.histogram .u-over').boundingBox()
    await page.mouse.move(box.x + box.width * 0.3, box.y + 40)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.5, box.y + 40, { steps: 5 })
    await page.mouse.up()
    await page.waitForURL(/from=.*to=/)
    const { from, to } = Object.fromEntries(new URL(page.url()).searchParams)
    const width = (Date.parse(to) - Date.parse(from)) / 60e3
    check(width > 2 && width < 4, `brushed ${width} minutes of 15, want about 3`)
    await settled(page)
    await page.getByRole('region', { name: 'Kind', exact: true }).getByRole('button', { name: /^HL7/ }).click()
    await page.waitForURL(/q=kind%3Ahl7/)
    await until(async () => (await rows(page).allTextContents()).every((x) => x.includes('HL7')), 'only HL7')
    await page.getByRole('button', { name: 'Without ADT' }).focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(/-hl7\.type%3AADT/)
    await until(async () => (await rows(page).allTextContents()).every((x) => x.includes('ORU')), 'no admission')
  })

  await report.test('an event opens beside the list, every value pivots, and the conversation is told in order', async () => {
    await page.goto(at('/traffic?q=kind:dicom%20activity_name:=Store'))
    await rows(page).nth(1).click()
    const panel = page.getByRole('region', { name: 'Event' })
    await panel.getByText('Calling AE').waitFor()
    await report.axe(page, 'event')
    await panel.getByRole('button', { name: 'PACS1', exact: true }).first().click()
    const menu = page.getByRole('menu')
    equal(await menu.getByRole('menuitem').allTextContents(), ['Only this', 'Without this', 'Search it everywhere', 'Show the conversation', 'Copy'], 'menu')
    await report.axe(page, 'pivot menu')
    await menu.getByRole('menuitem', { name: 'Copy' }).click()
    equal(await page.evaluate(() => navigator.clipboard.readText()), 'PACS1', 'clipboard')
    await panel.getByRole('button', { name: 'Show the conversation' }).click()
    const story = page.getByRole('region', { name: 'Conversation' })
    await story.getByText('opened an association with').waitFor()
    await story.getByText('spoke').waitFor()
    await report.axe(page, 'conversation')
    await story.getByRole('button', { name: 'PACS1', exact: true }).first().click()
    await page.getByRole('menuitem', { name: 'Without this' }).click()
    await page.waitForURL(/-dicom\.called_ae/)
    await page.getByText('No event matches.').waitFor()
    await report.axe(page, 'nothing found')
    await page.locator('.main').getByRole('button', { name: 'Clear the search' }).click()
    await rows(page).first().waitFor()
  })

  await report.test('a permalink reproduces exactly what is seen', async () => {
    await page.goto(at('/traffic?q=kind:fhir&range=5m'))
    await rows(page).nth(3).click()
    await settled(page)
    const seen = { events: await rows(page).allTextContents(), total: await page.locator('.histogram h2').textContent(), panel: await page.locator('.panel .lead').textContent() }
    await page.getByRole('button', { name: 'Copy link' }).click()
    const link = await page.evaluate(() => navigator.clipboard.readText())
    const other = await page.context().newPage()
    await other.goto(link)
    await rows(other).first().waitFor()
    await settled(other)
    const again = { events: await rows(other).allTextContents(), total: await other.locator('.histogram h2').textContent(), panel: await other.locator('.panel .lead').textContent() }
    await other.close()
    equal(again, seen, 'what the link shows')
  })

  await report.test('what the search selects is exported as CSV and as JSON', async () => {
    await page.goto(at('/traffic?q=kind:ssh'))
    await rows(page).first().waitFor()
    const heading = page.locator('.histogram h2').filter({ hasText: /^[\d,]+/ }) // it counts for a moment
    const total = Number(/^[\d,]+/.exec(await heading.textContent())[0].replace(',', ''))
    for (const [format, lines] of [['CSV', total + 1], ['JSON', total]]) {
      await page.getByRole('button', { name: 'Export' }).click()
      if (format === 'CSV') await report.axe(page, 'export')
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: format }).click()])
      const chunks = []
      for await (const c of await download.createReadStream()) chunks.push(c)
      const text = Buffer.concat(chunks).toString()
      equal(text.trimEnd().split('\n').length, lines, `${format} lines`)
      check(text.includes('OpenSSH_9.2'), `${format} lacks what was seen`)
    }
  })

  await report.test('older events are added below, none twice', async () => {
    await page.goto(at('/traffic'))
    await rows(page).first().waitFor()
    await page.getByRole('button', { name: 'Older events' }).click()
    await until(async () => (await rows(page).count()) === 200, '200 events')
    const ids = await rows(page).evaluateAll((all) => all.map((e) => e.id))
    equal(new Set(ids).size, 200, 'distinct events')
  })

  await report.test('who talks to whom', async () => {
    await page.goto(at('/traffic'))
    await page.getByRole('button', { name: 'Who talks to whom' }).click()
    await page.getByRole('columnheader', { name: 'Protocols' }).waitFor()
    await page.getByRole('cell', { name: 'DICOM' }).first().waitFor()
    await report.axe(page, 'who talks to whom')
    await page.getByTitle('Show the events of this pair').first().click()
    await page.waitForURL(/q=src%3A10\.1\.\d+\.\d+\+dst%3A10\.2\.0\.10/)
    await rows(page).first().waitFor()
  })

  await report.test('a search that is not understood says where', async () => {
    await page.goto(at('/traffic?q=kind:dns%20foo:bar'))
    await page.getByText('The search is not understood.').waitFor()
    equal(await page.locator('mark').textContent(), 'foo:bar', 'marked')
    await report.axe(page, 'misread search')
  })

  await report.test('the node that does not answer is an error that can be tried again', async () => {
    await page.route('**/api/search*', (r) => r.fulfill({ status: 500, body: '{"error":"internal"}' }))
    await page.goto(at('/traffic'))
    await page.getByText('This could not be loaded.').waitFor()
    await report.axe(page, 'error')
    await page.unroute('**/api/search*')
    await page.getByRole('button', { name: 'Try again' }).click()
    await rows(page).first().waitFor()
  })

  await report.test('what loads slowly shows its shape', async () => {
    await page.route('**/api/**', async (r) => { await new Promise((f) => setTimeout(f, 700)); await r.continue() })
    await page.goto(at('/traffic'))
    await page.locator('.skeleton').first().waitFor()
    await report.axe(page, 'loading')
    await rows(page).first().waitFor()
    await page.unroute('**/api/**')
  })

  await report.test('the keyboard alone is enough', async () => {
    await page.goto(at('/now'))
    await page.locator('.headline').waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('t')
    await page.waitForURL(/\/traffic$/)
    await rows(page).first().waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await until(async () => (await rows(page).nth(1).getAttribute('aria-current')) === 'true', 'the second event is open')
    await page.keyboard.press('k')
    await until(async () => (await rows(page).nth(0).getAttribute('aria-current')) === 'true', 'the first event is open')
    await page.keyboard.press('Escape')
    await until(async () => !(await page.locator('.panel').count()), 'the event is closed')
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    await report.axe(page, 'keyboard help')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+k')
    await page.keyboard.type('last hour')
    await report.axe(page, 'commands')
    await page.keyboard.press('Enter')
    await page.waitForURL(/range=1h/)
    await page.keyboard.press('Control+k')
    await page.keyboard.type('settings')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/settings$/)
    await page.goto(at('/now'))
    await page.locator('.headline').waitFor()
    await page.keyboard.press('Tab')
    equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'Skip to the content', 'first stop')
    await page.keyboard.press('Enter')
    equal(await page.evaluate(() => document.activeElement.id), 'content', 'after the skip')
  })

  await report.test('the time range can be typed', async () => {
    await page.goto(at('/traffic'))
    await page.getByRole('button', { name: /^Time range: / }).click()
    await report.axe(page, 'time range')
    await page.getByLabel('From', { exact: true }).fill('2026-01-01T10:00:00')
    await page.getByLabel('To', { exact: true }).fill('2026-01-01T09:00:00')
    await page.getByText('The end must come after the beginning.').waitFor()
    await page.getByLabel('To', { exact: true }).fill('2026-01-01T11:00:00')
    await page.getByRole('button', { name: 'Apply' }).click()
    await page.waitForURL(/from=2026-01-01T09%3A00%3A00.000Z&to=2026-01-01T10%3A00%3A00.000Z/)
    await page.getByText('No event was recorded in this time range.').waitFor()
    await page.goto(at('/now?from=2026-01-01T09:00:00.000Z&to=2026-01-01T10:00:00.000Z'))
    await page.getByText('The newest traffic in the store is of').waitFor()
    await report.axe(page, 'now, silent')
    await page.getByRole('button', { name: 'Show that time' }).click()
    await page.getByRole('heading', { name: 'Clinical messages' }).waitFor()
  })

  await report.test('an administrator invites a reader with a link that is shown once', async () => {
    await page.goto(at('/settings/people'))
    await page.getByRole('button', { name: 'Invite a person' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Robin Petit')
    await page.getByLabel('Login').fill('robin')
    await page.getByRole('button', { name: 'Make the invitation' }).click()
    await page.getByText('Choose a duty, or name a role.').waitFor()
    await report.axe(page, 'invite')
    await page.getByLabel('Reader').check()
    await page.getByRole('button', { name: 'Make the invitation' }).click()
    const field = page.getByRole('textbox', { name: 'The link for Robin Petit' })
    invitation = await field.inputValue()
    check(invitation.startsWith(at('/invite/')), invitation)
    await page.getByRole('button', { name: 'Copy the link' }).click()
    equal(await page.evaluate(() => navigator.clipboard.readText()), invitation, 'clipboard')
    await report.axe(page, 'invitation')
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('row', { name: /Robin Petit robin Reader Invited/ }).waitFor()
    await report.axe(page, 'people')
  })

  await report.test('a reader sees what crosses the network, and no administration', async () => {
    const reader = await visitor(browser, {}, faults)
    await reader.goto(invitation)
    await report.axe(reader, 'invitation accepted')
    await reader.getByLabel('Password', { exact: true }).fill('bocal-lundi-girafe-tournevis')
    await reader.getByLabel('Password, once more', { exact: true }).fill('bocal-lundi-girafe-tournevis')
    await reader.getByRole('button', { name: 'Save my password' }).or(reader.getByRole('button', { name: 'Create my account' })).click()
    await enrol(reader, 'robin')
    await reader.waitForURL(/\/now$/)
    await reader.locator('.headline').waitFor()
    await reader.goto(at('/traffic'))
    await rows(reader).first().waitFor()
    check(await reader.getByRole('button', { name: 'Export' }).isDisabled(), 'export is offered')
    await reader.goto(at('/settings'))
    await reader.getByRole('heading', { name: 'Robin Petit' }).waitFor()
    const parts = await reader.getByRole('navigation', { name: 'Parts of the settings' }).getByRole('link').allTextContents()
    equal(parts, ['You', 'This node'], 'parts of the settings')
    const answers = await reader.evaluate(() => Promise.all(['/api/people', '/api/ledger', '/api/export?format=csv'].map((p) => fetch(p).then((r) => r.status))))
    equal(answers, [403, 403, 403], 'answers to a reader')
    await reader.goto(at('/settings/people'))
    await reader.getByText('Your duties do not include this.').waitFor()
    await reader.goto(at('/now'))
    await reader.locator('.headline').waitFor()

    // Whoever runs the console sees who is there and how they proved it, and asks for another password: what the password opened ends.
    await page.goto(at('/settings/sessions'))
    await page.getByRole('row', { name: /Robin Petit.*password and code/ }).first().waitFor()
    await page.getByRole('searchbox').fill('alex 127')
    await report.axe(page, 'sessions')
    await page.goto(at('/homologation'))
    await page.getByRole('heading', { name: 'Residual risks' }).waitFor()
    await report.axe(page, 'homologation')
    await page.goto(at('/settings/people'))
    await page.getByRole('button', { name: 'New password: Robin Petit' }).click()
    await report.axe(page, 'another password')
    await page.getByRole('dialog').getByRole('button', { name: 'New password' }).click()
    await reader.waitForURL(/\/sign-in/, { timeout: 15_000 })
    await signIn(reader, 'robin', 'bocal-lundi-girafe-tournevis')
    await reader.getByRole('heading', { name: 'Choose another password' }).waitFor()
    await report.axe(reader, 'renewal')
    await reader.getByLabel('Password', { exact: true }).fill('marmite-hamac-falaise-igloo')
    await reader.getByLabel('Password, once more', { exact: true }).fill('marmite-hamac-falaise-igloo')
    await reader.getByRole('button', { name: 'Save my password' }).click()
    await reader.locator('.headline').waitFor()

    // What is taken away ends at once, streams included.
    await page.goto(at('/settings/people'))
    await page.getByRole('button', { name: 'Suspend: Robin Petit' }).click()
    await report.axe(page, 'suspend')
    await page.getByRole('dialog').getByRole('button', { name: 'Suspend' }).click()
    await page.getByRole('row', { name: /Robin Petit.*Suspended/ }).waitFor()
    await reader.waitForURL(/\/sign-in/, { timeout: 15_000 })
    await reader.context().close()
  })

  await report.test('the node, the ledger and its verification', async () => {
    await page.goto(at('/settings/node'))
    await page.getByRole('cell', { name: 'eth1' }).waitFor()
    await page.getByText('landlock').waitFor()
    await report.axe(page, 'node')
    await page.goto(at('/settings/ledger'))
    await page.getByRole('cell', { name: 'Exported events' }).first().waitFor()
    await page.getByRole('button', { name: 'Verify the whole ledger' }).click()
    await page.getByText(/Intact: \d+ entries verified/).waitFor()
    await report.axe(page, 'ledger')
  })

  await report.test('one changes the password and ends the other sessions', async () => {
    await page.goto(at('/settings'))
    await page.getByRole('heading', { name: 'Your sessions' }).waitFor()
    await settled(page)
    await report.axe(page, 'settings')
    await page.getByLabel('Current password').fill(password)
    await page.getByLabel('New password', { exact: true }).fill('short')
    await page.getByLabel('New password again').fill('short')
    await page.getByRole('button', { name: 'Change the password' }).click()
    await page.getByText('The password is too short').waitFor()
    await page.getByLabel('New password', { exact: true }).fill(password + '-x')
    await page.getByLabel('New password again').fill(password + '-x')
    await page.getByRole('button', { name: 'Change the password' }).click()
    await page.getByText('The password is changed.').waitFor()
    state = await page.context().storageState()
  })

  await report.test('the language and the theme are kept', async () => {
    await page.goto(at('/settings'))
    await page.getByRole('button', { name: 'Dark' }).click()
    await page.getByRole('button', { name: 'Français' }).click()
    await page.getByRole('heading', { name: 'Réglages' }).waitFor()
    await page.goto(at('/now'))
    await page.getByText('Une chose n’est pas protégée en ce moment.').waitFor()
    equal(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme]), ['fr', 'dark'], 'kept')
    await page.goto(at('/settings'))
    await page.getByRole('button', { name: 'English' }).click()
    await page.getByRole('heading', { name: 'Settings' }).waitFor()
    await page.getByRole('button', { name: 'As the system' }).click()
  })

  const looks = [
    ['French, dark', { locale: 'fr-FR', colorScheme: 'dark' }],
    ['English, dark, phone', { ...phone, colorScheme: 'dark' }],
    ['French, light, phone', { ...phone, locale: 'fr-FR' }],
    ['a narrow window', { viewport: { width: 1024, height: 700 } }],
    ['little motion, high zoom', { reducedMotion: 'reduce', viewport: { width: 720, height: 450 }, deviceScaleFactor: 2 }],
  ]
  for (const [name, options] of looks) {
    await report.test(`every page holds in ${name}`, async () => {
      const there = await visitor(browser, { ...options, storageState: state }, faults)
      if (options.locale === 'fr-FR') await there.context().clearCookies({ name: '__Host-bulwark-lang' })
      for (const path of ['/now', '/traffic', '/traffic?view=peers', '/traffic?q=kind:dicom', '/settings', '/settings/people', '/settings/sessions', '/settings/trusted', '/settings/node', '/settings/ledger']) {
        await there.goto(at(path))
        await there.locator('h1').first().waitFor()
        await settled(there)
        if (path.endsWith('dicom')) {
          await rows(there).first().click()
          await there.locator('.panel dl').waitFor()
        }
        await there.waitForTimeout(150)
        const wide = await there.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        check(wide <= 0, `${path} is ${wide} px too wide`)
        await report.axe(there, `${path}, ${name}`)
      }
      await there.context().close()
    })
  }

  await report.test('no page threw, or broke the policy of its own scripts and styles', async () => equal(faults, [], 'faults'))
}
