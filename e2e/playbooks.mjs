// Playbooks of the program itself: read, switched, run by hand, tried against the past, and written by the hospital.
import { readFileSync } from 'node:fs'
import { check, equal, until } from './harness.mjs'
import { settled, visitor } from './people.mjs'

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const mine = 'form: 1\nid: ours\ntitle: {en: Our own, fr: Le nôtre}\nwhen:\n  severity: high\nsteps:\n  - {id: call, do: tell, title: {en: Wake us, fr: Nous réveiller}}\n  - {id: look, do: task, title: {en: Look at the archive, fr: Regarder les archives}}\n'
const foreign = JSON.stringify({ type: 'playbook', spec_version: 'cacao-2.0', id: 'playbook--1', name: 'Of others', created_by: 'identity--1', created: '2026-01-01T00:00:00Z', modified: '2026-01-01T00:00:00Z', workflow_start: 'start--1',
  workflow: { 'start--1': { type: 'start', on_completion: 'if--2' }, 'if--2': { type: 'if-condition' } } }, null, 2)

export async function playbooks(page, browser, at, report, faults) {
  const region = (name) => page.getByRole('region', { name, exact: true })

  await report.test('the shipped playbooks say what they do in plain words, and who says yes', async () => {
    await page.goto(at('/playbooks'))
    const list = region('Playbooks').getByRole('link')
    await list.first().waitFor()
    check((await list.count()) >= 7, `${await list.count()} playbooks`)
    check((await list.allTextContents()).every((x) => x.includes('Notes only')), 'one acts as shipped')
    await report.axe(page, 'demo: playbooks')
    await page.getByRole('link', { name: /^Ransomware/ }).click()
    await page.waitForURL(/\/playbooks\/ransomware$/)
    const steps = region('Steps')
    await steps.getByText('Isolate: devices from which it comes, at most 10, for 4').waitFor()
    await steps.getByText('security says yes').first().waitFor()
    await region('It begins for an incident when all of this holds').getByText('Its severity is High, or graver.').waitFor()
    await settled(page)
    await report.axe(page, 'demo: a playbook')
  })

  await report.test('a playbook is switched off and on, with the reason', async () => {
    for (const [button, hint] of [['Switch off', 'It is off'], ['Switch on', 'It is on']]) {
      await region('On or off').getByLabel('Reason to switch it').fill('a test')
      await region('On or off').getByRole('button', { name: button }).click()
      await region('On or off').getByText(hint).waitFor()
    }
    await page.getByText(/switched on by Alex Moreau/).waitFor()
  })

  await report.test('a playbook is tried against the past before it may act', async () => {
    const mode = region('Note or act')
    await mode.getByText('First try this text against the past.').waitFor()
    await mode.getByRole('button', { name: 'Try it against the past' }).click()
    await mode.getByText(/By Alex Moreau.*Days: 30/).waitFor()
    await report.axe(page, 'demo: a back-test')
    await mode.getByLabel('Reason to change the mode').fill('it would have harmed nobody')
    await mode.getByRole('button', { name: 'Make it active' }).click()
    await mode.getByText('Its acts are done, as far as the clinical interlock allows.').waitFor()
    await mode.getByLabel('Reason to change the mode').fill('enough')
    await mode.getByRole('button', { name: 'Note only' }).click()
    await mode.getByText('Its acts are noted only.').waitFor()
  })

  await report.test('what is written wrong is said at its line, and what is right is kept', async () => {
    await page.goto(at('/playbooks'))
    await page.getByRole('button', { name: 'Write or import one' }).click()
    const text = page.getByRole('textbox', { name: 'Text of the playbook' })
    await text.fill(mine.replace('high', 'hgh'))
    await page.getByRole('button', { name: 'Line 5' }).waitFor()
    await page.getByText('when.severity: "hgh" is none of').waitFor()
    await report.axe(page, 'demo: a playbook that is wrong')
    check(await page.getByRole('button', { name: 'Keep it' }).isDisabled(), 'what is wrong may be kept')
    await page.getByRole('button', { name: 'Line 5' }).click()
    equal(await text.evaluate((e) => e.value.slice(e.selectionStart, e.selectionEnd)), '  severity: hgh', 'what is chosen')
    await text.fill(foreign)
    await page.getByText('is of type "if-condition"').waitFor()
    const line = foreign.split('\n').findIndex((l) => l.includes('"if--2": {')) + 1
    await page.getByRole('button', { name: `Line ${line}` }).waitFor()
    await text.fill(mine)
    await page.getByText('It can be used.').waitFor()
    await page.getByLabel('Reason for this text').fill('our own way')
    await page.getByRole('button', { name: 'Keep it' }).click()
    await page.waitForURL(/\/playbooks\/ours$/)
    await page.getByRole('heading', { name: 'Our own' }).waitFor()
  })

  await report.test('it is run by hand, and its task is done', async () => {
    await region('Run it by hand').getByLabel('On which incident').selectOption({ index: 1 })
    await region('Run it by hand').getByRole('button', { name: 'Run', exact: true }).click()
    const runs = region('Last runs')
    await runs.getByText(/running, Alex Moreau/).waitFor()
    await runs.getByLabel('Note: Look at the archive').fill('nothing odd')
    await runs.getByRole('button', { name: 'It is done: Look at the archive' }).click()
    await runs.getByText(/Done by Alex Moreau.*“nothing odd”/).waitFor()
    await report.axe(page, 'demo: a run')
    await runs.getByLabel('Reason to cancel').fill('it was a test')
    await runs.getByRole('button', { name: 'Cancel and take back' }).click()
    await runs.getByText(/cancelled, Alex Moreau/).waitFor()
  })

  await report.test('a playbook leaves as CACAO, comes back, and is removed', async () => {
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export as CACAO 2.0' }).click()])
    const path = await file.path()
    equal(JSON.parse(readFileSync(path, 'utf8')).spec_version, 'cacao-2.0', 'what was exported')
    await page.goto(at('/playbooks'))
    await page.getByRole('button', { name: 'Write or import one' }).click()
    await page.getByLabel('From a file').setInputFiles(path)
    await page.getByText('This CACAO can be run here, as follows.').waitFor()
    await region('Steps').getByText('Look at the archive').waitFor()
    await report.axe(page, 'demo: an import')
    await page.getByLabel('Reason for this text').fill('back again')
    await page.getByRole('button', { name: 'Keep it' }).click()
    await page.waitForURL(/\/playbooks\/ours$/)
    await page.getByRole('button', { name: 'Edit' }).click()
    await page.getByLabel('Reason for this text').fill('enough')
    await page.getByRole('button', { name: 'Remove your own' }).click()
    await page.getByText('There is no such playbook.').waitFor()
  })

  await report.test('playbooks stand in French, in the dark and on a phone', async () => {
    for (const [name, options] of [['phone', phone], ['dark', { colorScheme: 'dark' }]]) {
      const other = await visitor(browser, { ...options, storageState: await page.context().storageState() }, faults)
      await other.context().addCookies([{ name: '__Host-bulwark-lang', value: 'fr', domain: new URL(at('/')).hostname, path: '/', secure: true }])
      for (const [where, heading] of [['/playbooks', 'Scénarios'], ['/playbooks/ransomware', 'Noter ou agir']]) {
        await other.goto(at(where))
        await other.getByRole('heading', { name: heading, exact: true }).waitFor()
        await settled(other)
        await until(() => other.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: ${where} is no wider than the window`)
        await report.axe(other, `${name}: ${where}`)
        if (process.env.SHOTS) await other.screenshot({ path: `${process.env.SHOTS}/book${where.replaceAll('/', '-')}-${name}.png`, fullPage: true })
      }
      await other.context().close()
    }
  })
}
