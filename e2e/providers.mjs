// People whom a certified OpenID provider of another (npm oidc-provider) signs in, in a real browser.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { check, equal } from './harness.mjs'
import { chooseFirst, code, enrol, visitor } from './people.mjs'

/** The provider, which knows the console at that address. */
async function provider(server) {
  const at = `${server.url}/sign-in/with/hospital`
  const child = spawn(process.execPath, [join(dirname(fileURLToPath(import.meta.url)), 'op.mjs'), server.op, `${at}/back`, `${at}/ended`, `${server.url}/signed-out`],
    { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' } }) // the console of the tests signed its certificate itself
  const ended = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), ended.then(() => { throw new Error('the provider does not start') })])
  child.stdout.resume()
  return { stop: async () => { child.kill(); await ended } }
}

/** Signs in on the provider's own pages, and agrees. */
async function thereAs(page, login) {
  await page.getByPlaceholder('Enter any login').fill(login)
  await page.getByPlaceholder('and password').fill('whatever')
  await page.getByRole('button', { name: 'Sign-in' }).click()
  const agree = page.getByRole('button', { name: 'Continue' })
  await agree.or(page.getByRole('heading', { name: 'Bulwark' })).or(page.locator('main, nav').first()).first().waitFor()
  if (await agree.isVisible()) await agree.click()
}
const open = (page) => page.evaluate(async () => (await fetch('/api/me')).status)

export async function run(browser, server, report) {
  const faults = []
  const op = await provider(server)
  const page = await visitor(browser, {}, faults)
  const here = (path) => page.waitForURL((u) => u.origin === server.url && u.pathname.startsWith(path))
  const withHospital = () => page.getByRole('link', { name: 'Sign in with The hospital' }).click()

  await report.need('somebody joins their account at a certified provider', async () => {
    await chooseFirst(page, server.setup)
    await enrol(page, 'alex')
    await here('/now')
    await page.goto(`${server.url}/settings`)
    await page.getByRole('link', { name: /^Join.*The hospital/ }).click()
    await thereAs(page, 'moreau')
    await here('/settings')
    await page.getByRole('button', { name: /^Remove.*The hospital/ }).waitFor()
    await report.axe(page, 'providers: settings')
  })

  await report.test('signing out leads to the provider and back', async () => {
    await page.getByRole('button', { name: /Sign out/ }).click()
    await page.waitForURL((u) => u.pathname === '/sign-in' && u.origin === server.url) // this session was not the provider's
    await report.axe(page, 'providers: sign-in')
    await withHospital()
    await here('/sign-in/second') // the provider knows them still; it is one factor
    equal(await open(page), 401, 'before the second step')
    await page.getByLabel('Code', { exact: true }).fill(await code(page, 'alex'))
    await page.getByRole('button', { name: 'Confirm' }).click()
    await here('/now')
    await page.getByRole('button', { name: /Sign out/ }).click()
    await page.getByRole('button', { name: 'Yes, sign me out' }).click()
    await here('/signed-out')
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
    await report.axe(page, 'providers: signed out')
  })

  await report.test('who signs out at the provider is signed out here within a second', async () => {
    await page.goto(`${server.url}/sign-in`)
    await withHospital()
    await page.waitForURL((u) => u.origin !== server.url)
    await thereAs(page, 'moreau')
    await here('/sign-in/second')
    await page.getByLabel('Code', { exact: true }).fill(await code(page, 'alex'))
    await page.getByRole('button', { name: 'Confirm' }).click()
    await here('/now')
    const there = await page.context().newPage()
    await there.goto(`http://127.0.0.1:${server.op}/session/end`)
    await there.getByRole('button', { name: 'Yes, sign me out' }).click()
    await there.waitForLoadState()
    await there.close()
    await page.waitForFunction(async () => (await fetch('/api/me')).status === 401, undefined, { timeout: 10_000 })
  })

  await report.test('an account that nobody joined is refused, with every other way to sign in', async () => {
    const other = await visitor(browser, { locale: 'fr-FR' }, faults)
    await other.goto(`${server.url}/sign-in`)
    await other.getByRole('link', { name: 'Se connecter avec The hospital' }).click()
    await thereAs(other, 'nobody')
    await other.getByText('Personne ici n’est lié à votre compte The hospital').waitFor()
    check(await other.getByLabel('Mot de passe', { exact: true }).isVisible(), 'the password is not offered')
    equal(await open(other), 401, 'session')
    await report.axe(other, 'providers: a stranger')
    await other.context().close()
  })

  await report.test('without the provider people sign in with what they have here', async () => {
    await op.stop()
    const other = await visitor(browser, {}, faults)
    await other.waitForTimeout(11_000) // until it is asked again
    await other.goto(`${server.url}/sign-in/with/hospital`)
    await other.getByText('The hospital does not answer. Sign in with a passkey or your password.').waitFor()
    await other.getByLabel('Login').fill('alex')
    await report.axe(other, 'providers: away')
    await other.context().close()
  })
  await op.stop()
  equal(faults, [], 'faults of the pages')
  await page.context().close()
}
