// Passkeys, in a real browser with an authenticator that the browser makes up: what holds, and what must not.
import { check } from './harness.mjs'
import { enrol, firstAdministrator, password, settled, signIn, visitor } from './people.mjs'

/** An authenticator at a page, whose holder can be recognised. */
export async function authenticator(page, options = {}) {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, ...options },
  })
  return { authenticatorId, ask: (what, more = {}) => cdp.send(`WebAuthn.${what}`, { authenticatorId, ...more }) }
}

export async function run(browser, server, report) {
  const faults = []
  const page = await visitor(browser, {}, faults)
  const at = (path) => server.url + path
  const key = await authenticator(page)
  const rows = () => page.locator('ul.keys li')

  /** Forgets the session; first it leaves the page, which would ask for the next by itself. */
  const leave = async () => {
    await page.goto('about:blank')
    await page.context().clearCookies()
  }
  const show = async () => {
    await leave()
    await page.goto(at('/sign-in?next=%2Fsettings'))
    await page.getByRole('button', { name: 'Use a passkey' }).click()
  }
  const refused = async (what, why) => {
    await show()
    await page.getByText('This passkey opens nothing here.').waitFor().catch(() => { throw new Error(`${what}: ${why}`) })
    check(new URL(page.url()).pathname === '/sign-in', what)
  }

  await report.need('a passkey is made with a name, and is listed', async () => {
    await firstAdministrator(page, server.setup)
    await page.goto(at('/settings'))
    await page.getByText('You have none yet.').waitFor()
    await page.getByLabel('Name of the new passkey').fill('Ward PC 3')
    await page.keyboard.press('Enter')
    await page.getByText('The passkey is added.').waitFor()
    await page.getByRole('listitem').filter({ hasText: 'Ward PC 3' }).getByText('never used').waitFor()
    await settled(page)
    await report.axe(page, 'passkeys')
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/passkeys.png`, fullPage: true })
  })

  await report.test('the same device is not asked for a second one', async () => {
    await page.getByLabel('Name of the new passkey').fill('again')
    await page.getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByText('There already is a passkey of yours on this device.').waitFor()
  })

  await report.test('it signs in, without a login and without a password', async () => {
    await show()
    await page.waitForURL(/\/settings/)
    await page.getByRole('listitem').filter({ hasText: 'Ward PC 3' }).getByText('last used').waitFor()
    check((await rows().count()) === 1, 'one passkey')
    const { methods } = await page.evaluate(async () => (await fetch('/api/me')).json())
    check(methods.join() === 'hwk,user,mfa', `methods ${methods}`)
  })

  await report.test('the sign-in page says both ways, by keyboard, in French, in the dark and on a phone', async () => {
    const other = await visitor(browser, { viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'fr-FR' }, faults)
    await other.goto(at('/sign-in'))
    await other.getByRole('button', { name: 'Utiliser une clé d’accès' }).waitFor()
    await report.axe(other, 'sign-in with a passkey, French, dark, phone')
    if (process.env.SHOTS) await other.screenshot({ path: `${process.env.SHOTS}/sign-in-passkey.png`, fullPage: true })
    await other.context().close()
  })

  await report.test('an answer that is sent again opens nothing', async () => {
    await leave()
    await page.goto(at('/sign-in'))
    const sent = page.waitForRequest((r) => r.url().endsWith('/sign-in/passkey') && (r.postData() ?? '').includes('ceremony'))
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    const body = (await sent).postData()
    await page.waitForURL(/\/now$/)
    await leave()
    await page.goto(at('/sign-in'))
    const status = await page.evaluate(async (body) => (await fetch('/sign-in/passkey', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).status, body)
    check(status === 422, `a replayed answer: ${status}`)
    check((await page.context().cookies()).every((c) => c.name !== '__Host-bulwark'), 'a session was opened')
  })

  for (const [name, bits] of [['a wrong signature', { isBogusSignature: true }], ['an answer without recognising its holder', { isBadUV: true }], ['an answer without anybody there', { isBadUP: true }]]) {
    await report.test(`${name} opens nothing`, async () => {
      await key.ask('setResponseOverrideBits', bits)
      await refused(name, 'it was not refused')
      await key.ask('setResponseOverrideBits', { isBogusSignature: false, isBadUV: false, isBadUP: false })
    })
  }

  await report.test('a holder who is not recognised shows nothing', async () => {
    await key.ask('setUserVerified', { isUserVerified: false })
    await show()
    await page.getByText('No passkey was shown.').waitFor()
    await key.ask('setUserVerified', { isUserVerified: true })
  })

  await report.test('a passkey that was copied opens nothing any more, on either device', async () => {
    const { credentials: [copy] } = await key.ask('getCredentials')
    await show()
    await page.waitForURL(/\/settings/)
    await key.ask('clearCredentials')
    await key.ask('addCredential', { credential: copy }) // the counter of before
    await refused('a copy', 'it was not noticed')
    await key.ask('clearCredentials')
    await key.ask('addCredential', { credential: { ...copy, signCount: copy.signCount + 50 } })
    await refused('the original after its copy was seen', 'it was let in')
  })

  await report.test('it is removed and opens nothing then', async () => {
    await leave()
    await page.goto(at('/sign-in?next=%2Fsettings'))
    await signIn(page, 'alex')
    await page.getByRole('button', { name: 'Remove the passkey Ward PC 3' }).click()
    await page.getByText('The passkey is removed.').waitFor()
    await page.getByText('You have none yet.').waitFor()
    await refused('a passkey that was removed', 'it opens')
  })

  await report.test('no page with passkeys threw, or broke its policy', () => check(faults.length === 0, faults.join('\n')))
  await page.context().close()
}
