// Containments where there is no network to act on: what an act would stop can be seen, and automation be frozen.
import { check } from './harness.mjs'
import { settled, visitor } from './people.mjs'

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

export async function response(page, browser, at, report, faults) {
  const call = (path, method = 'GET', body = undefined) => page.evaluate(async ({ path, method, body }) => {
    const r = await fetch(path, { method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) })
    return r.status === 204 ? undefined : { status: r.status, ...(await r.json()) }
  }, { path, method, body })
  const whom = async () => {
    const all = (await call('/api/devices?limit=200&sort=tier')).devices
    return all.find((d) => /workstation/.test(d.class.name)) ?? all.find((d) => d.tier.tier === 3)
  }
  const device = await whom()

  await report.test('Response says that nothing was contained, and what the enforcement points do', async () => {
    await page.goto(at('/response'))
    await page.getByText('Nothing was ever contained.').waitFor()
    await page.getByText('Shadow mode: automation only notes what it would do.').waitFor()
    const points = page.getByRole('region', { name: 'Enforcement points' })
    await points.getByText('There is no enforcement point.').waitFor() // for a capture
    await settled(page)
    await report.axe(page, 'demo: response, empty')
  })

  await report.test('automation is frozen for a reason, loudly, and unfrozen', async () => {
    await page.goto(at('/response'))
    await page.getByRole('button', { name: 'Freeze automation' }).click()
    const dialog = page.getByRole('dialog')
    check(await dialog.getByRole('button', { name: 'Freeze automation' }).isDisabled(), 'it is frozen without a reason')
    await dialog.getByLabel('Reason').fill('works in the data centre')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Automation is frozen.' }).waitFor()
    await page.getByText('“works in the data centre”').waitFor()
    await report.axe(page, 'demo: frozen')
    await page.getByRole('button', { name: 'Unfreeze' }).click()
    await dialog.getByLabel('Reason').fill('done')
    await dialog.getByRole('button', { name: 'Unfreeze' }).click()
    await page.getByRole('heading', { name: 'Shadow mode: automation only notes what it would do.' }).waitFor()
  })

  await report.test('what an act would stop is seen before it can be asked for', async () => {
    await page.goto(at('/response'))
    await page.getByRole('link', { name: 'Contain …' }).click()
    await page.waitForURL(/\/response\/ask$/)
    await page.getByRole('combobox', { name: 'Find a device' }).fill(device.name)
    await page.getByRole('option', { name: device.name }).first().click()
    check(!(await page.getByRole('button', { name: 'Ask for it' }).count()), 'it can be asked for unseen')
    await page.getByRole('button', { name: 'See what it would stop' }).click()
    const seen = page.getByRole('region', { name: 'What it would stop' })
    await seen.getByRole('heading', { name: 'Devices that lose conversations' }).waitFor()
    await seen.getByText('A person must say yes.', { exact: true }).waitFor()
    await settled(page)
    await report.axe(page, 'demo: what it would stop')
    await page.getByRole('combobox', { name: /^Act/ }).selectOption('ban')
    await seen.waitFor({ state: 'hidden' }) // what was seen is of another act
    await page.getByRole('button', { name: 'See what it would stop' }).click()
    await page.getByText('a device of the hospital is not banned').waitFor()
    await report.axe(page, 'demo: refused')
  })

  await report.test('without an enforcement point nothing is asked for', async () => {
    await page.goto(at(`/response/ask?act=isolate&target=device:${device.id}`))
    await page.getByRole('button', { name: 'See what it would stop' }).click()
    const seen = page.getByRole('region', { name: 'What it would stop' })
    await seen.getByLabel('Reason').fill('ransomware on a share')
    await seen.getByRole('button', { name: 'Ask for it' }).click()
    await page.getByText('no enforcement point here does "isolate"').waitFor()
  })

  await report.test('Response stands in French, in the dark and on a phone', async () => {
    for (const [name, options] of [['phone', phone], ['dark', { colorScheme: 'dark' }]]) {
      const other = await visitor(browser, { ...options, storageState: await page.context().storageState() }, faults)
      await other.context().addCookies([{ name: '__Host-bulwark-lang', value: 'fr', domain: new URL(at('/')).hostname, path: '/', secure: true }])
      for (const path of ['/response?state=all', '/response/ask']) {
        await other.goto(at(path))
        await other.getByRole('heading', { level: 1 }).waitFor()
        await settled(other)
        check(await other.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: ${path} is wider than the window`)
        await report.axe(other, `${name}: ${path}`)
      }
      await other.context().close()
    }
  })
}
