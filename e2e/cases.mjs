// A case of the bundled capture: from its incident, with its clocks, drafts, evidence and who did what.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { check, equal, until } from './harness.mjs'
import { settled, visitor } from './people.mjs'

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

export async function cases(page, browser, at, report, faults) {
  const clocks = page.getByRole('region', { name: 'Until when to tell whom' })
  const clock = (name) => clocks.getByRole('listitem').filter({ has: page.locator('strong', { hasText: name }) })
  let path = ''

  await report.need('a case is opened from its incident, and somebody takes it', async () => {
    await page.goto(at('/cases'))
    await page.getByText('No case is open.').waitFor()
    await report.axe(page, 'demo: no case')
    await page.goto(at('/incidents/1'))
    await page.getByRole('button', { name: 'Open a case' }).click()
    await page.waitForURL(/\/cases\/\d+$/)
    path = new URL(page.url()).pathname
    await page.getByRole('button', { name: 'I take it' }).click()
    await until(async () => (await page.getByLabel('Owner').inputValue()).startsWith('person:'), 'the case has an owner')
    await page.getByRole('region', { name: 'Incidents' }).getByRole('link').first().waitFor()
    await settled(page)
    await report.axe(page, 'demo: a case')
    await page.getByRole('region', { name: 'Incidents' }).getByRole('link').first().click()
    await page.getByRole('link', { name: /^Case \d+$/ }).click()
    await page.waitForURL(at(path))
  })

  await report.test('the clocks run for a reason, count down, and stop when it is declared', async () => {
    await until(async () => (await clocks.getByText('Does not run').count()) === 5, 'five clocks do not run')
    await page.getByRole('button', { name: 'Start or stop clocks' }).click()
    await page.getByLabel('The incident is significant').check()
    await page.getByLabel('Personal data was lost').check()
    await clocks.getByLabel('Reason', { exact: true }).fill('the director said so')
    await report.axe(page, 'demo: facts')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await clock('NIS2 early warning').getByText(/^23\sh 5\d\smin left$/).waitFor()
    await clock('CNIL').getByText(/^2\sd 23\sh left$/).waitFor()
    await clock('CERT Santé').getByText(/^Without delay/).waitFor()
    await page.getByRole('region', { name: 'Notes' }).getByText('Clocks: the director said so').waitFor()
    await clock('NIS2 early warning').getByPlaceholder('Reference of the declaration').fill('ANSSI-2026-1')
    await clock('NIS2 early warning').getByRole('button', { name: 'It is declared' }).click()
    await clock('NIS2 early warning').getByText(/^Declared/).waitFor()
    await clock('NIS2 early warning').getByText('Reference: ANSSI-2026-1.').waitFor()
    await report.axe(page, 'demo: clocks')
  })

  await report.test('a draft is filled in, kept, and exported as a draft', async () => {
    await clock('CNIL').getByRole('button', { name: /^Draft/ }).click()
    const draft = page.locator('.draft')
    await draft.getByText('This is a draft.').waitFor()
    check((await draft.getByLabel('What happened').inputValue()).includes('PACS'), 'the story is not in the draft')
    await draft.getByLabel('Data protection officer').fill('Dominique Roy')
    await draft.getByRole('button', { name: 'Save the draft' }).click()
    await until(async () => draft.getByRole('button', { name: 'Export to print' }).isEnabled(), 'the draft is kept')
    await report.axe(page, 'demo: a draft')
    const [file] = await Promise.all([page.waitForEvent('download'), draft.getByRole('button', { name: 'Export to print' }).click()])
    const text = readFileSync(await file.path(), 'utf8')
    check(text.includes('Dominique Roy') && text.includes('Draft'), 'the file is not the draft')
    await clock('CNIL').getByRole('button', { name: /^Draft/ }).click()
    const [pdf] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Report as PDF' }).click()])
    equal(readFileSync(await pdf.path()).subarray(0, 5).toString(), '%PDF-', 'how the PDF begins')
    const [paper] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Report', exact: true }).click()])
    check(readFileSync(await paper.path(), 'utf8').includes('NIS2 early warning'), 'the report lacks what is to be declared')
  })

  await report.test('tasks, notes and evidence are kept, with hash and hands', async () => {
    const tasks = page.getByRole('region', { name: 'Tasks' })
    await tasks.getByLabel('What is to be done').fill('Call the maker of the PACS')
    await tasks.getByRole('button', { name: 'Add the task' }).click()
    await tasks.getByLabel('Call the maker of the PACS').check()
    await page.getByRole('region', { name: 'Who did what' }).getByText('Changed a task').nth(1).waitFor()
    await page.getByLabel('What is to be remembered').fill('They call back at eight.')
    await page.getByRole('button', { name: 'Add the note' }).click()
    await page.getByText('They call back at eight.').waitFor()

    const evidence = page.getByRole('region', { name: 'Evidence' })
    const body = Buffer.from('a file of logs\n')
    await evidence.getByLabel('File', { exact: true }).setInputFiles({ name: 'pacs.log', mimeType: 'text/plain', buffer: body })
    await evidence.getByLabel('What it shows').fill('who asked the archive')
    await evidence.getByRole('button', { name: 'Add', exact: true }).click()
    await evidence.getByRole('button', { name: createHash('sha256').update(body).digest('hex') }).waitFor()
    await evidence.getByText('who asked the archive').waitFor()
    const [file] = await Promise.all([page.waitForEvent('download'), evidence.getByRole('button', { name: 'Download: pacs.log' }).click()])
    equal(readFileSync(await file.path(), 'utf8'), body.toString(), 'what was kept')
    await page.reload()
    await evidence.getByText('Through whose hands it went').click()
    await evidence.getByText(/read, Alex Moreau/).waitFor()
    await evidence.getByLabel('Kind').selectOption('snapshot')
    await evidence.getByLabel('Number', { exact: true }).fill('1')
    await evidence.getByLabel('What it shows').fill('as it was at first')
    await evidence.getByRole('button', { name: 'Add', exact: true }).click()
    await evidence.getByText('as it was at first').waitFor()
    await evidence.getByText(/^Snapshot of an incident, with its packets,/).waitFor()
    await report.axe(page, 'demo: evidence')
  })

  await report.test('who changes what somebody else has changed meanwhile is told so', async () => {
    await page.goto(at(path))
    await page.getByRole('button', { name: 'Rename' }).click()
    const other = await page.evaluate(async (p) => {
      const c = await (await fetch(`/api${p}`)).json()
      return (await fetch(`/api${p}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ rev: c.rev, note: 'meanwhile' }) })).status
    }, path)
    equal(other, 200, 'the other change')
    await page.getByLabel('Title of the case').fill('The archive')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Somebody else has changed the case meanwhile.').or(page.getByRole('heading', { name: 'The archive' })).first().waitFor()
    await page.getByText('meanwhile', { exact: true }).waitFor()
  })

  await report.test('the list puts the clock that runs out first on top', async () => {
    await page.goto(at('/cases'))
    await page.getByLabel('A case of its own').fill('A lost badge')
    await page.getByRole('button', { name: 'Open a case' }).click()
    await page.waitForURL(/\/cases\/\d+$/)
    await page.getByRole('link', { name: 'All cases' }).click()
    const links = page.getByRole('region', { name: 'Cases' }).getByRole('link')
    await links.nth(1).waitFor()
    check((await links.first().textContent()).includes('CERT Santé'), 'the clock is not first')
    check((await links.nth(1).textContent()).includes('A lost badge'), 'the case without a clock is not after')
    await settled(page)
    await report.axe(page, 'demo: cases')
    await page.getByRole('button', { name: 'Mine' }).click()
    await until(async () => (await links.count()) === 1, 'only mine')
    await page.getByRole('button', { name: 'Closed' }).click()
    await page.getByText('No case is closed.').waitFor()
  })

  await report.test('cases stand in French, in the dark and on a phone', async () => {
    for (const [name, options] of [['phone', phone], ['dark', { colorScheme: 'dark' }]]) {
      const other = await visitor(browser, { ...options, storageState: await page.context().storageState() }, faults)
      await other.context().addCookies([{ name: '__Host-bulwark-lang', value: 'fr', domain: new URL(at('/')).hostname, path: '/', secure: true }])
      for (const [where, heading] of [['/cases', 'Dossiers'], [path, 'Qui prévenir, et jusqu’à quand']]) {
        await other.goto(at(where))
        await other.getByRole('heading', { name: heading, exact: true }).waitFor()
        await settled(other)
        check(await other.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: ${where} is wider than the window`)
        await report.axe(other, `${name}: ${where}`)
        if (process.env.SHOTS) await other.screenshot({ path: `${process.env.SHOTS}/case${where.replaceAll('/', '-')}-${name}.png`, fullPage: true })
      }
      await other.context().close()
    }
  })
}
