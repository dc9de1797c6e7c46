// The second step after the password, in a real browser: whoever has none adds one, and nothing else opens before.
import { check, equal } from './harness.mjs'
import { authenticator } from './passkeys.mjs'
import { chooseFirst, code, enrol, french, password, settled, visitor } from './people.mjs'

export async function run(browser, server, report) {
  const faults = []
  const page = await visitor(browser, {}, faults)
  const at = (path) => server.url + path
  const shot = async (page, name) => { if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true }) }
  const methods = (page) => page.evaluate(async () => (await (await fetch('/api/me')).json()).methods?.join() ?? '')
  let paper, invitation

  await report.need('the first administrator is asked for a passkey, and gets codes on paper', async () => {
    await authenticator(page)
    await chooseFirst(page, server.setup)
    await page.waitForURL(/\/factors$/)
    await page.getByRole('heading', { name: 'Protect your account' }).waitFor()
    await report.axe(page, 'protect')
    await shot(page, 'factors')
    await page.goto(at('/settings'))
    check(new URL(page.url()).pathname === '/factors', `a page before that: ${page.url()}`)
    equal(await page.evaluate(() => Promise.all(['/api/me', '/api/people', '/api/search'].map((p) => fetch(p).then((r) => r.status)))), [403, 403, 403], 'answers before that')
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByRole('heading', { name: 'Your codes on paper' }).waitFor()
    await report.axe(page, 'codes on paper')
    await shot(page, 'codes')
    paper = await page.locator('.codes code').allTextContents()
    equal(new Set(paper).size, 10, 'codes')
    await page.getByRole('link', { name: 'I have kept them: go on' }).click()
    await page.waitForURL(/\/settings/)
    equal(await methods(page), 'pwd,hwk,user,mfa', 'methods')
  })

  await report.test('the password alone no longer opens anything for whoever has a passkey', async () => {
    await page.goto('about:blank')
    await page.context().clearCookies()
    await page.goto(at('/sign-in?next=%2Fsettings'))
    await page.getByLabel('Login').fill('alex')
    await page.getByLabel('Password', { exact: true }).fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'One more step' }).waitFor()
    equal(await page.evaluate(async () => (await fetch('/api/me')).status), 401, 'the API after the password')
    await report.axe(page, 'second step')
    await shot(page, 'second')
    await page.getByLabel('Code', { exact: true }).fill('123456')
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByText('The code is not right').first().waitFor()
    await report.axe(page, 'second step, refused')
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.waitForURL(/\/settings/)
    equal(await methods(page), 'hwk,user,mfa', 'methods')
  })

  await report.test('a code on paper lets in once', async () => {
    for (const [what, opens] of [['first', true], ['second', false]]) {
      await page.goto('about:blank')
      await page.context().clearCookies()
      await page.goto(at('/sign-in?next=%2Fsettings'))
      await page.getByLabel('Login').fill('alex')
      await page.getByLabel('Password', { exact: true }).fill(password)
      await page.keyboard.press('Enter')
      await page.getByLabel('Code', { exact: true }).fill(paper[0])
      await page.keyboard.press('Enter')
      if (opens) await page.waitForURL(/\/settings/)
      else await page.getByText('The code is not right').first().waitFor()
      equal(await methods(page), opens ? 'pwd,otp,mfa' : '', `the ${what} time`)
    }
    await page.getByLabel('Code', { exact: true }).fill(paper[1])
    await page.keyboard.press('Enter')
    await page.getByRole('listitem').filter({ hasText: 'Codes on paper' }).getByText('8 left').waitFor()
    await settled(page)
    await report.axe(page, 'factors in the settings')
    await shot(page, 'factors-settings')
  })

  await report.test('what asks for a fresh proof gets it in a dialog, and goes on', async () => {
    let asked = 0
    await page.route('**/api/me/app', (r) => (asked++ ? r.fulfill({ status: 204 }) : r.fulfill({ status: 403, contentType: 'application/json', body: '{"error":"prove-again"}' })))
    await page.route('**/api/me/factors', (r) => r.fulfill({ contentType: 'application/json', body: JSON.stringify({ app: { created: new Date().toISOString() }, paper: 2, required: true }) }))
    await page.reload()
    await page.getByRole('button', { name: 'Remove the app' }).click()
    const dialog = page.getByRole('dialog', { name: 'Is it still you?' })
    await dialog.waitFor()
    await report.axe(page, 'proving it again')
    await shot(page, 'prove-dialog')
    await dialog.getByRole('button', { name: 'Use a passkey' }).click()
    await dialog.waitFor({ state: 'hidden' })
    equal(asked, 2, 'requests')
    equal(await methods(page), 'pwd,otp,mfa,hwk,user', 'methods')
    await page.unrouteAll()
    await page.goto(at('/prove?next=%2Fsettings'))
    check((await page.getByLabel('Code', { exact: true }).count()) === 0, 'a passkey could be replaced by a code')
    await report.axe(page, 'prove')
    await shot(page, 'prove')
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.waitForURL(/\/settings/)
  })

  await report.test('somebody is invited', async () => {
    invitation = await page.evaluate(async () => (await (await fetch('/api/people', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login: 'robin', name: 'Robin Petit', duties: ['reader'] }) })).json()).link.url)
  })

  await report.test('without script, in French, in the dark and on a phone, an app is added', async () => {
    const phone = await visitor(browser, { viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'fr-FR', javaScriptEnabled: false }, faults)
    await phone.goto(invitation)
    await phone.getByLabel('Mot de passe', { exact: true }).fill('bocal-lundi-girafe-tournevis')
    await phone.getByLabel('Mot de passe, encore une fois', { exact: true }).fill('bocal-lundi-girafe-tournevis')
    await phone.getByRole('button', { name: 'Enregistrer mon mot de passe' }).click()
    await phone.waitForURL(/\/factors/)
    check(!(await phone.getByRole('button', { name: 'Ajouter une clé d’accès' }).isVisible()), 'a button that does nothing is shown')
    await shot(phone, 'factors-fr-phone')
    const codes = await enrol(phone, 'robin', french)
    equal(codes.length, 10, 'codes')
    await phone.context().close()
    const other = await visitor(browser, { viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'fr-FR' }, faults)
    await other.goto(at('/sign-in'))
    await other.getByLabel('Identifiant').fill('robin')
    await other.getByLabel('Mot de passe', { exact: true }).fill('bocal-lundi-girafe-tournevis')
    await other.getByRole('button', { name: 'Se connecter' }).click()
    await report.axe(other, 'second step, French, dark, phone')
    await shot(other, 'second-fr-phone')
    await other.getByLabel('Code', { exact: true }).fill(await code(other, 'robin'))
    await other.getByRole('button', { name: 'Confirmer' }).click()
    await other.waitForURL(/\/now$/)
    await other.goto(at('/factors/app'))
    await report.axe(other, 'an app, French, dark, phone')
    await shot(other, 'app-fr-phone')
    await other.context().close()
  })

  await report.test('no page of the second step threw, or broke its policy', () => check(faults.length === 0, faults.join('\n')))
  await page.context().close()
}
