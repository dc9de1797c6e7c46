// The shell around the rooms: what is loaded when, and the way from room to room on a phone.
import { check, equal, until } from './harness.mjs'
import { firstAdministrator, settled, visitor } from './people.mjs'

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const words = {
  en: { nav: 'Rooms', more: 'More', close: ['Now', 'Incidents', 'Response', 'Findings'], far: ['Traffic', 'Devices', 'Map', 'Dependencies', 'Sources', 'Detections', 'Access', 'People', 'Settings'], commands: 'Commands', out: /^Sign out/ },
  fr: { nav: 'Pièces', more: 'Plus', close: ['Maintenant', 'Incidents', 'Réponse', 'Constats'], far: ['Trafic', 'Appareils', 'Carte', 'Dépendances', 'Sources', 'Détections', 'Accès', 'Personnes', 'Réglages'], commands: 'Commandes', out: /^Se déconnecter/ },
}

/** Returns the files that the first page loads, by their path in dist. */
export async function run(browser, server, report) {
  const faults = []
  const page = await visitor(browser, {}, faults)
  const at = (path) => server.url + path
  let loaded = []
  await report.need('somebody is there to walk about', () => firstAdministrator(page, server.setup))
  const storageState = await page.context().storageState()
  const another = (options) => visitor(browser, { ...options, storageState }, faults)

  await report.need('the first page loads nothing of the other rooms', async () => {
    const there = await another({})
    await there.addInitScript(() => { globalThis.requestIdleCallback = () => 0 }) // a browser that is never idle
    const asked = new Set()
    there.on('response', (r) => {
      const { pathname } = new URL(r.url())
      if (!pathname.startsWith('/api/')) asked.add(pathname === '/now' ? 'index.html' : pathname.slice(1))
    })
    await there.goto(at('/now'))
    await there.locator('.headline').waitFor()
    await settled(there)
    await there.waitForTimeout(3000) // what is fetched when nothing is to be done would have begun by now
    loaded = [...asked]
    check(loaded.some((f) => /assets\/Now-.*\.js/.test(f)), `loaded ${loaded}`)
    equal(loaded.filter((f) => /assets\/(Traffic|Settings|inventory|detection)/.test(f)), [], 'files of other rooms')
    await there.context().close()
  })

  await report.test('the other rooms are fetched while nothing is to be done', async () => {
    const there = await another({})
    await there.goto(at('/now'))
    await until(() => there.evaluate(() => ['Traffic', 'Settings', 'inventory', 'detection'].every((n) => performance.getEntriesByType('resource').some((e) => e.name.includes(`/assets/${n}-`) && e.name.endsWith('.js')))), 'every room is fetched')
    await there.context().setOffline(true)
    await there.getByRole('link', { name: 'Settings' }).click()
    await there.getByRole('navigation', { name: 'Settings' }).or(there.getByRole('heading', { name: 'Settings' })).first().waitFor()
    await there.context().close()
  })

  await report.test('a room that comes late shows its shape, and one that does not come says so', async () => {
    const there = await another({ reducedMotion: 'reduce' }) // what breathes for ever is never at rest
    await there.addInitScript(() => { globalThis.requestIdleCallback = () => 0 })
    let give
    const held = new Promise((f) => { give = f })
    await there.route('**/assets/Traffic-*.js', async (r) => { await held; await r.continue() })
    await there.goto(at('/now'))
    await there.locator('.headline').waitFor()
    await there.getByRole('link', { name: 'Traffic' }).first().click()
    await there.locator('main > .skeleton').waitFor()
    await there.getByRole('heading', { name: 'Traffic', level: 1 }).waitFor()
    await report.axe(there, 'a room that comes late')
    give()
    await there.getByRole('button', { name: 'Who talks to whom' }).waitFor()
    await there.route('**/assets/Settings-*.js', (r) => r.abort())
    await there.getByRole('link', { name: 'Settings' }).click()
    await there.getByText('This could not be loaded.').waitFor()
    await report.axe(there, 'a room that does not come')
    await there.unroute('**/assets/Settings-*.js')
    await there.getByRole('button', { name: 'Try again' }).click()
    await there.getByRole('heading', { name: 'Settings' }).first().waitFor()
    await there.context().close()
  })

  await report.test('a phone that lies has every room and the way out in reach', async () => {
    await page.setViewportSize({ width: 844, height: 390 })
    await page.goto(at('/now'))
    await page.locator('.headline').waitFor()
    await settled(page)
    const out = await page.getByRole('button', { name: 'Sign out' }).boundingBox()
    check(out && out.y + out.height <= 390, `the way out stands at ${JSON.stringify(out)}`)
    await report.axe(page, 'a low window')
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/low.png` })
  })

  for (const [language, colorScheme] of [['en', 'light'], ['en', 'dark'], ['fr', 'light'], ['fr', 'dark']]) {
    await report.test(`a phone reaches every room and the way out: ${language}, ${colorScheme}`, async () => {
      const say = words[language]
      const there = await another({ ...phone, colorScheme })
      await there.context().addCookies([{ name: '__Host-bulwark-lang', value: language, domain: new URL(at('/')).hostname, path: '/', secure: true }])
      await there.goto(at('/now'))
      await there.locator('.headline').waitFor()
      const rail = there.getByRole('navigation', { name: say.nav })
      const more = rail.getByRole('button', { name: say.more })
      const sheet = there.getByRole('dialog', { name: say.more })
      const inside = async (what, name) => {
        const b = await what.boundingBox()
        check(b && b.x >= 0 && b.y >= 0 && b.x + b.width <= 390.5 && b.y + b.height <= 844.5 && b.width >= 44 && b.height >= 44, `${name} stands at ${JSON.stringify(b)}`)
      }
      equal(await rail.getByRole('link').allTextContents(), say.close, 'the rail')
      for (const name of say.close) await inside(rail.getByRole('link', { name }), name)
      await inside(more, say.more)
      check(await rail.evaluate((e) => e.scrollWidth <= e.clientWidth && [...e.querySelectorAll('.word')].every((w) => w.scrollWidth <= w.clientWidth)), 'the rail is too narrow for its words')

      await more.tap()
      await sheet.waitFor()
      equal(await sheet.getByRole('link').allTextContents(), say.far, 'the sheet')
      for (const name of say.far) await inside(sheet.getByRole('link', { name }), name)
      await inside(sheet.getByRole('button', { name: say.out }), 'the way out')
      await report.axe(there, `the sheet, ${language}, ${colorScheme}`)
      if (process.env.SHOTS) await there.screenshot({ path: `${process.env.SHOTS}/sheet-${language}-${colorScheme}.png` })
      await sheet.getByRole('link', { name: say.far.at(-1) }).tap()
      await there.waitForURL(/\/settings$/)
      await sheet.waitFor({ state: 'hidden' })
      await there.getByRole('heading', { name: say.far.at(-1) }).first().waitFor()
      await report.axe(there, `a room behind the sheet, ${language}, ${colorScheme}`)
      if (process.env.SHOTS) await there.screenshot({ path: `${process.env.SHOTS}/far-${language}-${colorScheme}.png` })
      await rail.getByRole('link', { name: say.close[1] }).tap()
      await there.waitForURL(/\/incidents$/)
      equal(await rail.locator('[aria-current=page]').textContent(), say.close[1], 'where we are')
      if (process.env.SHOTS) { await settled(there); await there.screenshot({ path: `${process.env.SHOTS}/near-${language}-${colorScheme}.png` }) }

      await more.focus()
      await there.keyboard.press('Enter')
      await sheet.waitFor()
      await there.keyboard.press('Escape')
      await sheet.waitFor({ state: 'hidden' })
      equal(await there.evaluate(() => document.activeElement.textContent.trim()), say.more, 'where the keyboard is after the sheet')
      await there.keyboard.press('Enter')
      await sheet.getByRole('link', { name: say.far[0] }).focus()
      await there.keyboard.press('Enter')
      await there.waitForURL(/\/traffic$/)
      await more.tap()
      equal(await sheet.locator('[aria-current=page]').textContent(), say.far[0], 'where we are, in the sheet')
      await sheet.getByRole('button', { name: say.commands }).tap()
      await there.getByRole('combobox', { name: /./ }).last().waitFor()
      await there.keyboard.press('Escape')
      if (language === 'fr' && colorScheme === 'dark') { // the last of them ends the session
        await more.tap()
        await sheet.getByRole('button', { name: say.out }).tap()
        await there.waitForURL(/\/sign-in/)
      }
      await there.context().close()
    })
  }

  await report.test('nothing threw or broke its policy on the way', async () => check(faults.length === 0, faults.join('\n')))
  await page.context().close()
  return loaded
}
