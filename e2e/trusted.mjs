// Devices that prove which they are: enrolled by the program's own command, and shown by a real browser.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, equal } from './harness.mjs'
import { enrol, firstAdministrator, password, signIn, visitor } from './people.mjs'
import { build } from './server.mjs'

export async function run(browser, server, report) {
  const faults = [], dir = mkdtempSync(join(tmpdir(), 'bulwark-device-'))
  const page = await visitor(browser, {}, faults)
  const bulwark = (...args) => spawnSync(build('./cmd/bulwark'), ['trust', ...args, '--dir', dir], { encoding: 'utf8' })
  const me = (p) => p.evaluate(async () => (await fetch('/api/me')).status)
  let device, p12

  await report.need('a device enrols with a code', async () => {
    await firstAdministrator(page, server.setup)
    await page.goto(`${server.url}/settings/trusted`)
    await page.getByText('No device is enrolled yet').waitFor()
    await page.getByRole('button', { name: 'Enrol a device' }).click()
    await page.getByLabel('Name', { exact: true }).fill('WARD-3')
    await page.getByLabel('Kind').selectOption('shared')
    await page.getByLabel('Unit').fill('Urgences')
    await report.axe(page, 'trusted: a new device')
    await page.getByRole('button', { name: 'Make the code' }).click()
    const command = await page.getByLabel('Command for the device').inputValue()
    const args = command.split(' ').slice(2)
    const first = bulwark(...args)
    const pin = /--pin ([0-9a-f]{64})/.exec(first.stderr)?.[1] // the console of the tests signed its certificate itself
    check(first.status === 1 && pin, `an unknown certificate: ${first.stderr}`)
    const made = bulwark(...args, '--pin', pin)
    equal(made.status, 0, made.stderr)
    p12 = /password (\S+)/.exec(made.stdout)?.[1]
    check(made.stdout.includes('This device is WARD-3') && p12, made.stdout)
    equal(bulwark(...args, '--pin', pin).status, 1, 'the code a second time')
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('cell', { name: 'WARD-3', exact: true }).waitFor()
    const said = bulwark('report')
    equal(said.status, 0, said.stderr)
    await page.reload()
    await page.getByText(/Reported/).waitFor()
    await report.axe(page, 'trusted: devices')
  })

  await report.test('a session that is opened on a device opens nothing elsewhere', async () => {
    device = await visitor(browser, { clientCertificates: [{ origin: server.url, pfxPath: join(dir, 'device.p12'), passphrase: p12 }] }, faults)
    await page.goto(`${server.url}/people`) // somebody else signs in there
    await page.getByRole('button', { name: 'Invite a person' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Nina Petit')
    await page.getByRole('textbox', { name: 'Login', exact: true }).fill('nina')
    await page.getByLabel(/Reader/).check()
    await page.getByRole('button', { name: 'Make the invitation' }).click()
    const link = await page.getByRole('textbox', { name: /The link for/ }).inputValue()
    await device.goto(link)
    await device.getByLabel('Password', { exact: true }).fill(password)
    await device.getByLabel('Password, once more', { exact: true }).fill(password)
    await device.locator('form button[type=submit]').click()
    await enrol(device, 'nina')
    await device.waitForURL(/\/now/)
    equal(await me(device), 200, 'there')
    await page.goto(`${server.url}/settings/trusted`)
    await page.getByRole('row', { name: /WARD-3/ }).getByRole('cell', { name: '1', exact: true }).waitFor()
    const thief = await visitor(browser, {}, faults)
    await thief.context().addCookies(await device.context().cookies())
    await thief.goto(`${server.url}/sign-in`)
    equal(await me(thief), 401, 'elsewhere')
    await thief.context().close()
    equal(await me(device), 401, 'there, after its cookie was seen elsewhere')
  })

  await report.test('a device that is revoked is cut off at once', async () => {
    await device.goto(`${server.url}/sign-in?here=1`)
    await signIn(device, 'nina')
    await device.waitForURL((u) => u.pathname === '/now')
    equal(await me(device), 200, 'there')
    await page.getByRole('button', { name: /^Revoke/ }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.getByText('Revoked: WARD-3.').waitFor()
    equal(await me(device), 401, 'after it was revoked')
    equal(bulwark('report').status, 1, 'a report after that')
  })
  rmSync(dir, { recursive: true, force: true })
  equal(faults, [], 'faults of the pages')
  for (const p of [page, device]) await p?.context().close()
}
