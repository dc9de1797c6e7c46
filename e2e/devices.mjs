// The inventory of the bundled capture, as people use it.
import { check, equal, until } from './harness.mjs'
import { settled, visitor } from './people.mjs'

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const listed = (page) => page.locator('a[data-device]')

export async function devices(page, browser, at, report, faults) {
  /** The device that is found by words, as the node tells it. */
  const find = (words) => page.evaluate(async (q) => (await (await fetch(`/api/devices?q=${encodeURIComponent(q)}`)).json()).devices[0], words)
  const open = async (words) => {
    const d = await find(words)
    await page.goto(at(`/devices/${d.id}`))
    await page.getByRole('heading', { level: 1, name: d.name, exact: true }).waitFor()
    return d
  }

  await report.test('Now says how many devices there are, and leads to them', async () => {
    await page.goto(at('/now'))
    const card = page.getByRole('region', { name: /^\d+ devices$/ })
    await card.getByRole('heading', { name: 'Criticality' }).waitFor()
    await settled(page)
    await report.axe(page, 'demo: now with devices')
    await card.getByRole('link', { name: /^\d+ devices$/ }).click()
    await page.waitForURL(/\/devices$/)
  })

  await report.test('devices are found by words, narrowed by facets, and walked by keys', async () => {
    await listed(page).first().waitFor()
    await report.axe(page, 'devices')
    const all = await listed(page).count()
    await page.getByLabel('Name, address, maker, serial number, ward …').fill('helvia')
    await page.waitForURL(/q=helvia/)
    await until(async () => (await listed(page).count()) === 1, 'one device of the maker')
    await page.getByRole('row', { name: /Helvia Medical Spira 64/ }).waitFor()
    await page.getByLabel('Name, address, maker, serial number, ward …').fill('')
    await until(async () => (await listed(page).count()) === all, 'all again')
    await page.getByRole('region', { name: 'Maker' }).getByRole('button', { name: /^Nordlys Imaging/ }).click()
    await page.waitForURL(/vendor=Nordlys/)
    await until(async () => (await listed(page).count()) === 1, 'one device of the other maker')
    await page.goto(at('/devices?sort=name'))
    await listed(page).first().waitFor()
    await settled(page)
    const names = await listed(page).allTextContents()
    equal(names, [...names].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)), 'the order by name')
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: names[1], exact: true }).waitFor()
  })

  await report.test('a device shows its evidence, whom it works with, and what stops if it stops', async () => {
    await open('PACS dicom 10.20.2.10')
    const evidence = page.getByRole('region', { name: 'Evidence' })
    await evidence.getByRole('row', { name: /^AE title PACS DICOM/ }).first().waitFor()
    await page.getByRole('region', { name: 'Who it works with' }).getByRole('row', { name: /Serves DICOM.*ctroom1/ }).waitFor()
    const depends = page.getByRole('region', { name: 'What stops if this stops' })
    await depends.getByRole('row', { name: /mrroom1.*DICOM/ }).waitFor()
    await depends.getByRole('img', { name: 'Layers of who depends on it, by class' }).waitFor()
    await page.getByRole('button', { name: 'Table: Rhythm of the day' }).click()
    await page.getByRole('cell', { name: '07:00' }).waitFor()
    await settled(page)
    await report.axe(page, 'device')
    await depends.getByRole('link', { name: 'mrroom1' }).click()
    await page.getByRole('heading', { level: 1, name: 'mrroom1' }).waitFor()
    const traffic = new URL(await page.getByRole('link', { name: 'Its traffic' }).getAttribute('href'), at('/'))
    check(traffic.searchParams.get('q').includes('ip:10.20.3.12'), traffic.href)
  })

  await report.test('two people who write at once lose nothing', async () => {
    const d = await open('mrroom1')
    const said = page.getByRole('region', { name: 'What people say of it' })
    await said.getByLabel('Owner').fill('Biomed team')
    await page.evaluate(async ([id, word]) => fetch(`/api/devices/${id}`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ ...word, tier: 1, ward: 'MRI', rev: word.rev }) }), [d.id, d.word])
    await said.getByRole('button', { name: 'Save' }).click()
    await said.getByText('has changed this device while you were writing').waitFor()
    await said.getByText(/Ward: – → MRI/).waitFor()
    await report.axe(page, 'device, changed by another')
    await said.getByRole('button', { name: 'Take over their changes, keep what I wrote' }).click()
    equal([await said.getByLabel('Owner').inputValue(), await said.getByLabel('Ward').inputValue(), await said.getByLabel('Criticality').inputValue()], ['Biomed team', 'MRI', '1'], 'what stands in the form')
    await said.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Kept.').waitFor()
    const now = await find('mrroom1')
    equal([now.word.owner, now.word.ward, now.word.tier, now.word.rev], ['Biomed team', 'MRI', 1, d.word.rev + 2], 'what was kept')
    await page.getByText(/Criticality 1 clinical-essential: confirmed by /).waitFor()
  })

  await report.test('a table shows what it would change, by line, before it does', async () => {
    await page.goto(at('/devices'))
    await listed(page).first().waitFor()
    await page.getByRole('button', { name: 'Import' }).click()
    const dialog = page.getByRole('dialog', { name: 'Import a table of equipment' })
    const file = (text) => dialog.getByLabel('File').setInputFiles({ name: 'gmao.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
    await file('hostname;"service\nctroom1')
    await dialog.getByText('This file cannot be imported. Nothing was changed.').waitFor()
    await file('Nom réseau;Service;Criticité;Prix\nctroom1;Radiology;0;100000\nnobody;Attic;3;1\nuscart1;Radiology;7;1\n')
    await dialog.getByRole('row', { name: /^2 ctroom1 found by host name .*criticality – → 0.*ward – → Radiology/ }).waitFor()
    await dialog.getByRole('row', { name: /^3 – Left out:/ }).waitFor()
    await dialog.getByRole('row', { name: /^4 uscart1 .*Left out: criticality “7”/ }).waitFor()
    await dialog.getByText('Columns that are not taken over: Prix.').waitFor()
    await report.axe(page, 'devices, import')
    check(!(await find('ctroom1')).word.ward, 'the preview has changed something')
    await dialog.getByRole('button', { name: 'Change 1 device' }).click()
    await page.getByText('1 device was changed.').waitFor()
    await page.getByRole('region', { name: 'Ward' }).getByRole('button', { name: /^Radiology/ }).click()
    await page.getByRole('row', { name: /^ctroom1 .*0 ?life-critical.*Radiology/ }).waitFor()
  })

  await report.test('an address is split off, and two devices become one again', async () => {
    const d = await open('VIEWER1')
    check(d.addresses.length > 1, `it has ${d.addresses.length} addresses`)
    const gone = d.addresses.find((a) => a.address !== '10.20.4.11').address
    await page.getByLabel(`Choose ${gone}`).check()
    await page.getByRole('button', { name: 'Split this address off…' }).click()
    const split = page.getByRole('dialog', { name: `Split ${d.name}` })
    await split.getByText(`${gone} and what was seen there become a device of their own.`).waitFor()
    await report.axe(page, 'device, split')
    await split.getByRole('button', { name: 'Split off' }).click()
    await page.waitForURL((u) => u.pathname !== `/devices/${d.id}`)
    const other = Number(new URL(page.url()).pathname.split('/').pop())
    await page.getByRole('region', { name: 'Addresses' }).getByText(gone).waitFor()
    await page.getByRole('button', { name: 'Merge…' }).click()
    const merge = page.getByRole('dialog', { name: /^Merge / })
    await merge.getByLabel('The other device').fill('VIEWER1 10.20.4.11')
    await merge.getByRole('radio', { name: /VIEWER1/ }).check()
    await merge.getByText(/VIEWER1 become one device/).waitFor()
    await report.axe(page, 'device, merge')
    await merge.getByRole('button', { name: 'Merge', exact: true }).click()
    await page.waitForURL((u) => u.pathname === `/devices/${Math.min(d.id, other)}`)
    await page.getByRole('region', { name: 'Addresses' }).getByText('10.20.4.11', { exact: true }).waitFor()
    await page.getByRole('region', { name: 'Addresses' }).getByText(gone).waitFor()
  })

  await report.test('the map says the same in its table, and is moved by keys', async () => {
    await page.goto(at('/map?by=network'))
    const side = page.getByRole('complementary', { name: 'Table' })
    await side.getByRole('button', { name: '10.20.2.0/24' }).click()
    await page.waitForURL(/group=/)
    await side.getByRole('button', { name: 'PACS' }).click()
    await page.waitForURL(/device=\d+/)
    await side.getByRole('row', { name: /ctroom1 serves DICOM/ }).waitFor()
    await report.axe(page, 'map')
    const canvas = page.getByRole('application', { name: /^Who talks to whom: \d+ groups/ })
    await canvas.focus()
    const seen = () => canvas.evaluate((c) => c.toDataURL().length)
    await page.waitForTimeout(400) // the view flies to the device
    const before = await seen()
    for (const k of ['+', '+', 'ArrowRight']) await page.keyboard.press(k)
    await until(async () => (await seen()) !== before, 'the picture moves')
    await page.keyboard.press('Escape')
    await page.waitForURL((u) => !u.searchParams.has('device'))
    await side.getByRole('heading', { name: '10.20.2.0/24' }).waitFor()
  })

  await report.test('devices and map stand in French, in the dark and on a phone', async () => {
    const { id } = await find('PACS dicom 10.20.2.10')
    for (const [name, options] of [['phone', phone], ['dark', { colorScheme: 'dark' }]]) {
      const other = await visitor(browser, { ...options, storageState: await page.context().storageState() }, faults)
      await other.context().addCookies([{ name: '__Host-bulwark-lang', value: 'fr', domain: new URL(at('/')).hostname, path: '/', secure: true }])
      for (const [path, heading] of [['/devices', 'Appareils'], [`/devices/${id}`, 'Ce qui s’arrête si ceci s’arrête'], ['/map', 'Carte']]) {
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
