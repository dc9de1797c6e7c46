// Logs: a machine that is connected by the wizard, its lines in Sources and Search, and the rules that see them.
import { connect } from 'node:net'
import { check, equal, until } from './harness.mjs'
import { firstAdministrator, rows, settled, visitor } from './people.mjs'

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

const rule = `title: A badge is refused on the robot
id: 0b1f2c3d-0000-4000-8000-00000000e2e1
logsource: {product: linux, service: sshd}
detection:
  failed: {event.outcome: failure}
  condition: failed
level: low
`

export async function run(browser, server, report) {
  const faults = []
  const page = await visitor(browser, {}, faults)
  const at = (path) => server.url + path
  const ask = (path) => page.evaluate(async (p) => (await fetch(p)).json(), path)
  const panel = page.getByRole('region', { name: 'Source', exact: true })
  let port = 0
  /** Sends lines as a machine does that speaks syslog over TCP. */
  const say = (host, app, ...lines) => new Promise((done, failed) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(lines.map((x) => `<86>1 ${new Date().toISOString()} ${host} ${app} 7 - - ${x}\n`).join('')))
    socket.on('error', failed)
    socket.on('close', done)
  })

  await report.need('somebody is there who looks after logs', async () => {
    await firstAdministrator(page, server.setup)
    await page.evaluate(async () => {
      const me = await (await fetch('/api/me')).json()
      await fetch(`/api/people/${me.id}/duties`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ duties: ['administrator', 'analyst'] }) })
    })
    const intakes = (await ask('/api/logs/intakes')).items
    port = Number(/:(\d+)$/.exec(intakes.find((i) => i.name === 'syslog').listens.find((d) => d.way === 'tcp').address)[1])
    check(port > 0, `syslog listens at ${JSON.stringify(intakes)}`)
  })

  await report.test('where nothing sends logs, the page says how', async () => {
    await page.goto(at('/now'))
    await page.locator('.headline').waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('l')
    await page.waitForURL(/\/sources$/)
    await page.getByText('Nothing sends its logs yet.').waitFor()
    await report.axe(page, 'sources, none yet')
  })

  await report.need('a product is chosen, its lines are filled in, and the first line is told when it arrives', async () => {
    await page.goto(at('/sources?view=add'))
    await page.getByLabel('Product or maker').fill('rsys')
    await report.axe(page, 'sources, products')
    await page.getByRole('button', { name: 'Linux: rsyslog' }).click()
    await page.getByRole('radio', { name: 'TCP' }).check()
    await page.getByLabel('Address of this server, as the product reaches it').fill('bulwark.chu.example')
    await page.getByText(`target="bulwark.chu.example" port="${port}" protocol="tcp"`).waitFor()
    await page.getByRole('button', { name: 'Copy: /etc/rsyslog.d/60-bulwark.conf' }).click()
    check((await page.evaluate(() => navigator.clipboard.readText())).includes('target="bulwark.chu.example"'), 'what was copied')
    await page.getByRole('button', { name: 'Wait for the first line' }).click()
    await page.getByText('Waiting for the first line …').waitFor()
    await report.axe(page, 'sources, waiting')
    await say('srv-dpi', 'sshd', 'Failed password for root from 203.0.113.9 port 40001 ssh2')
    await page.getByText('srv-dpi: 1 line, 100 % understood as sshd.').waitFor()
    await report.axe(page, 'sources, arrived')
    await page.getByRole('link', { name: 'Show the source' }).click()
    await panel.getByRole('heading', { name: 'srv-dpi' }).waitFor()
  })

  await report.test('a source says how it does, and is given a name and a silence', async () => {
    await say('robot', 'doord', ...Array.from({ length: 5 }, (_, i) => `PORTE ${i} ouverte par Mme Durand`))
    await page.goto(at('/sources'))
    await page.getByRole('row', { name: /^robot.*Never understood.*0 %/ }).waitFor()
    await page.getByRole('row', { name: /^srv-dpi.*New.*sshd.*100 %/ }).waitFor()
    await settled(page)
    await report.axe(page, 'sources')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await panel.getByRole('heading', { name: 'robot' }).waitFor() // what needs a look stands first
    await panel.getByLabel('Name', { exact: true }).fill('The pharmacy robot')
    await panel.getByLabel(/^Warn after so much silence/).fill('90')
    await panel.getByRole('button', { name: 'Save' }).click()
    await page.getByText('It is saved.').waitFor()
    await panel.getByText('a warning stands after 1 h 30 min without a line').waitFor()
    await panel.getByRole('heading', { name: 'The pharmacy robot' }).waitFor()
    await panel.getByLabel(/^Mute/).check()
    await panel.getByRole('button', { name: 'Save' }).click()
    await panel.getByText('nobody is warned: it is muted').waitFor()
  })

  await report.test('a line that nobody understands is opened for a reason, which the ledger has', async () => {
    await until(async () => {
      await page.goto(at('/sources?q=robot'))
      await page.locator('a[data-source]').first().click()
      return panel.getByRole('button', { name: 'Open the whole line' }).first().waitFor({ timeout: 2000 }).then(() => true, () => false)
    }, 'its lines can be found')
    await settled(page)
    await report.axe(page, 'source')
    await panel.getByRole('button', { name: 'Open the whole line' }).first().click()
    const dialog = page.getByRole('dialog', { name: 'Open this line?' })
    await dialog.getByLabel('Reason').fill('a format is written for it')
    await report.axe(page, 'source, opening a line')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'The whole line' }).getByText(/PORTE \d ouverte par Mme Durand/).waitFor()
    await report.axe(page, 'source, a whole line')
    await page.keyboard.press('Escape')
    check(JSON.stringify(await ask('/api/ledger')).includes('logs.open'), 'the ledger does not say that it was opened')
  })

  await report.test('a token is shown once, and opens nothing once it is revoked', async () => {
    await page.goto(at('/sources?view=tokens'))
    await page.getByLabel('Name of the sender').fill('winlogbeat')
    await page.getByRole('button', { name: 'Make a token' }).click()
    await page.getByText(/^bwl_/).waitFor()
    await report.axe(page, 'tokens')
    await page.reload()
    await page.getByRole('row', { name: /^winlogbeat/ }).waitFor()
    equal(await page.getByText(/^bwl_/).count(), 0, 'tokens shown again')
    await page.getByRole('button', { name: 'Revoke: winlogbeat' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.getByText('There is no token.').waitFor()
    await page.goto(at('/sources?view=doors'))
    await page.getByRole('heading', { name: 'syslog' }).waitFor()
    await report.axe(page, 'ways in')
  })

  await report.test('events of logs are searched, with further attributes as columns, and lead on', async () => {
    await until(async () => {
      await page.goto(at('/traffic?q=kind:log%20srv-dpi'))
      return rows(page).first().waitFor({ timeout: 2000 }).then(() => true, () => false)
    }, 'the event of the line')
    check(/srv-dpi: Failed password for root/.test(await rows(page).first().textContent()), await rows(page).first().textContent())
    await page.getByLabel('Another attribute').fill('source.ip')
    await page.keyboard.press('Enter')
    await page.waitForURL(/columns=field\.source\.ip/)
    await page.getByRole('region', { name: 'source.ip' }).getByRole('button', { name: /^203\.0\.113\.9/ }).waitFor()
    check(/203\.0\.113\.9/.test(await rows(page).first().textContent()), 'the column is not there')
    await rows(page).first().click()
    const event = page.getByRole('region', { name: 'Event' })
    await event.getByRole('link', { name: 'Rules that see it' }).waitFor()
    await settled(page)
    await report.axe(page, 'an event of a log')
    await event.getByRole('link', { name: 'Its source' }).click()
    await panel.getByRole('heading', { name: 'srv-dpi' }).waitFor()
    await panel.getByRole('link', { name: /rules are asked about its events/ }).click()
    await page.getByRole('link', { name: 'Many failed sign-ons over SSH from one address' }).or(page.locator('a[data-rule]')).first().waitFor()
    await page.getByText('asked about events of srv-dpi').waitFor()
  })

  await report.test('rules about logs say their state, and what each asks for', async () => {
    await page.goto(at('/detections'))
    await page.getByRole('group', { name: 'Rules about' }).getByRole('button', { name: 'Logs' }).click()
    await page.waitForURL(/about=logs/)
    await page.locator('a[data-rule]').first().waitFor()
    await settled(page)
    await report.axe(page, 'log rules')
    await page.getByRole('region', { name: 'State' }).getByRole('button', { name: /^Blind/ }).click()
    await page.waitForURL(/state=blind/)
    await page.goto(at('/detections?about=logs&rule=5f0f2a40-6f0e-4f5c-9a2c-0d2c4a7b1301'))
    const about = page.getByRole('region', { name: 'Rule', exact: true })
    await about.getByRole('heading', { name: 'What it asks for' }).waitFor()
    await about.getByText(/^Asked of the events of windows/).waitFor()
    await settled(page)
    await report.axe(page, 'a log rule')
    await page.goto(at('/detections?view=coverage&as=table'))
    await page.getByRole('columnheader', { name: 'Log rules' }).waitFor()
    await page.getByRole('link', { name: /^Log rules, T1490/ }).first().waitFor()
    await report.axe(page, 'coverage over both')
    await page.goto(at('/detections?view=sources'))
    await page.getByRole('heading', { name: 'Log rules' }).first().waitFor()
    await report.axe(page, 'sources of both')
  })

  await report.test('a Sigma rule is written, tried on what is kept, saved, switched off and on, and removed', async () => {
    await page.goto(at('/detections?about=logs&view=try'))
    const area = page.getByRole('textbox', { name: 'Rules', exact: true })
    await area.fill(rule.replace('condition: failed', 'condition: failled'))
    await page.getByRole('button', { name: 'Line 6, column 14' }).waitFor()
    await page.locator('mark').waitFor()
    await report.axe(page, 'log bench, a fault')
    await area.fill(rule)
    await page.getByText('1 rule can be used.').waitFor()
    await page.getByText('event.outcome is “failure”').waitFor()
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    const results = page.getByRole('region', { name: 'What matches' })
    await results.getByText('1 rule matched.').waitFor()
    await results.getByText(/srv-dpi/).first().waitFor()
    await report.axe(page, 'log bench, results')
    await page.getByRole('button', { name: 'Save as own rule' }).click()
    const dialog = page.getByRole('dialog', { name: 'Save as own rule' })
    await dialog.getByLabel(/^Name of the file/).fill('robot')
    await report.axe(page, 'log bench, saving')
    await page.keyboard.press('Enter')
    await page.waitForURL(/source=own/)
    await page.getByRole('link', { name: 'A badge is refused on the robot' }).click()
    const about = page.getByRole('region', { name: 'Rule', exact: true })
    await about.getByText('Written here, as robot.yml').waitFor()
    await about.getByRole('button', { name: 'Switch off' }).click()
    await page.getByRole('dialog', { name: 'Switch this rule off?' }).getByLabel('Reason').fill('the robot is serviced')
    await page.keyboard.press('Enter')
    await about.getByText(/^Switched off by .*the robot is serviced/).waitFor()
    const id = '0b1f2c3d-0000-4000-8000-00000000e2e1'
    equal((await ask(`/api/logrules/${id}`)).state, 'disabled', 'its state')
    await about.getByRole('button', { name: 'Switch on' }).click()
    await page.getByRole('dialog', { name: 'Switch this rule on?' }).getByLabel('Reason').fill('it is back')
    await page.keyboard.press('Enter')
    await about.getByText(/^Switched on by .*it is back/).waitFor()
    await say('srv-dpi', 'sshd', 'Failed password for root from 203.0.113.9 port 40002 ssh2')
    await until(async () => (await ask(`/api/logrules/${id}`)).fired > 0, 'it matches what comes')
    await until(async () => (await ask('/api/findings')).total > 0, 'there is a finding')
    await page.goto(at(`/findings?rule=${id}`))
    await page.locator('a[data-finding]').first().click()
    await page.getByRole('heading', { name: 'Evidence' }).waitFor()
    await page.getByRole('button', { name: 'srv-dpi' }).first().waitFor()
    await settled(page)
    await report.axe(page, 'a finding of a log rule')
    const shown = page.getByRole('link', { name: 'Show the event' })
    const { search } = new URL(await shown.getAttribute('href'), server.url)
    await until(async () => (await ask(`/api/search${search}`)).events?.length > 0, 'the event of the finding is kept', 20) // searching is behind the stream
    await shown.click()
    await page.getByRole('region', { name: 'Event' }).getByRole('link', { name: 'Its source' }).waitFor()
    await page.goto(at(`/detections?about=logs&rule=${id}`))
    await about.getByRole('button', { name: 'Remove the file' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove the file' }).click()
    await page.getByText('The file is removed.').waitFor()
  })

  await report.test('a finding of a rule that comes with Bulwark has its title in French', async () => {
    await say('srv-dpi', 'sshd', ...Array.from({ length: 12 }, (_, i) => `Failed password for root from 203.0.113.9 port ${41000 + i} ssh2`))
    await until(async () => (await ask('/api/findings')).items.some((f) => f.rule.startsWith('5f0f2a40')), 'a finding of a correlation')
    const french = await visitor(browser, { storageState: await page.context().storageState() }, faults)
    await french.context().addCookies([{ name: '__Host-bulwark-lang', value: 'fr', domain: new URL(at('/')).hostname, path: '/', secure: true }])
    await french.goto(at('/findings'))
    await french.getByText('De nombreuses connexions SSH échouent depuis une adresse').first().waitFor()
    await french.locator('a[data-finding]', { hasText: 'De nombreuses connexions SSH' }).first().click()
    await french.getByRole('heading', { name: 'Preuves' }).waitFor()
    await french.getByRole('link', { name: 'Montrer l’événement' }).first().waitFor()
    await report.axe(french, 'a finding of a log rule, in French')
    await french.context().close()
  })

  await report.test('logs stand in French, in the dark and on a phone', async () => {
    const id = (await ask('/api/logs/sources')).items.find((s) => s.host === 'robot').id
    for (const [name, options] of [['phone', phone], ['dark', { colorScheme: 'dark' }]]) {
      const other = await visitor(browser, { ...options, storageState: await page.context().storageState() }, faults)
      await other.context().addCookies([{ name: '__Host-bulwark-lang', value: 'fr', domain: new URL(at('/')).hostname, path: '/', secure: true }])
      for (const [path, heading] of [['/sources', 'Sources de journaux'], [`/sources?source=${id}`, 'Lignes qu’aucun format ne comprend'], ['/sources?view=add', 'Qui envoie ses journaux ?'], ['/sources?view=add&product=windows', 'Étape 1'], ['/sources?view=doors', 'syslog'], ['/sources?view=tokens', 'Sources de journaux'],
        ['/detections?about=logs', 'Détections'], ['/detections?about=logs&rule=5f0f2a40-6f0e-4f5c-9a2c-0d2c4a7b1301', 'Ce qu’elle demande'], ['/detections?about=logs&view=try', 'Ce qui correspond']]) {
        await other.goto(at(path))
        await other.getByRole('heading', { name: heading, exact: true }).first().waitFor()
        await settled(other)
        check(await other.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: ${path} is wider than the window`)
        await report.axe(other, `${name}: ${path}`)
      }
      await other.context().close()
    }
  })

  await report.test('no page about logs threw, or broke its policy', async () => check(faults.length === 0, faults.join('\n')))
  await page.context().close()
}
