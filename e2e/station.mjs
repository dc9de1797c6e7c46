// A workstation of a ward, in a real browser: two nurses, their badges, and nothing of the one for the other.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, equal } from './harness.mjs'
import { enrol, firstAdministrator, password, signIn, visitor } from './people.mjs'
import { build } from './server.mjs'

export async function run(browser, server, report) {
  const faults = [], dir = mkdtempSync(join(tmpdir(), 'bulwark-device-'))
  const admin = await visitor(browser, {}, faults)
  const who = (p) => p.evaluate(async () => { const r = await fetch('/api/me'); return r.ok ? (await r.json()).login : '' })
  const badges = { alex: '04A2245B6C7D80', nina: '04A2245B6C7D81' }
  let desk
  /** What a reader types. */
  const tap = async (login) => {
    await desk.waitForLoadState()
    await desk.keyboard.type(badges[login])
    await desk.keyboard.press('Enter')
  }

  await report.need('a workstation of a ward waits for badges', async () => {
    await firstAdministrator(admin, server.setup)
    const code = await admin.evaluate(async () => {
      const r = await fetch('/api/trusted/codes', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'WARD-3', kind: 'shared', unit: 'urgences' }) })
      return (await r.json()).code
    })
    const enrolled = (...more) => spawnSync(build('./cmd/bulwark'), ['trust', 'enrol', '--server', server.url, '--code', code, '--dir', dir, ...more], { encoding: 'utf8' })
    const pin = /--pin ([0-9a-f]{64})/.exec(enrolled().stderr)?.[1]
    const passphrase = /password (\S+)/.exec(enrolled('--pin', pin).stdout)?.[1]
    check(passphrase, 'the device did not enrol')
    desk = await visitor(browser, { clientCertificates: [{ origin: server.url, pfxPath: join(dir, 'device.p12'), passphrase }] }, faults)
    await desk.goto(`${server.url}/`)
    await desk.getByRole('heading', { name: 'Show your badge' }).waitFor()
    await report.axe(desk, 'station: waiting')
    // Each shows their badge once, at their own desk.
    await admin.goto(`${server.url}/settings`)
    await admin.getByLabel('Show it to the reader').fill(badges.alex)
    await admin.getByRole('button', { name: 'Keep this badge' }).click()
    await admin.getByRole('button', { name: 'I lost it' }).waitFor()
    await admin.reload()
    await admin.getByRole('button', { name: 'I lost it' }).waitFor()
    await report.axe(admin, 'station: one’s badge')
    const made = await admin.evaluate(async () => {
      const r = await fetch('/api/people', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login: 'nina', name: 'Nina Petit', duties: ['reader'] }) })
      return (await r.json()).link.url
    })
    const nina = await visitor(browser, {}, faults)
    await nina.goto(made)
    await nina.getByLabel('Password', { exact: true }).fill(password)
    await nina.getByLabel('Password, once more', { exact: true }).fill(password)
    await nina.locator('form button[type=submit]').click()
    await enrol(nina, 'nina')
    await nina.waitForURL(/\/now/)
    equal(await nina.evaluate(async (number) => (await fetch('/api/me/badge', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ number }) })).status, badges.nina), 204, 'her badge')
    await nina.context().close()
  })

  await report.test('a shift is begun once, and then a tap is enough', async () => {
    await tap('nina')
    await desk.getByRole('heading', { name: 'Begin your shift' }).waitFor()
    await report.axe(desk, 'station: a shift')
    await desk.getByRole('link', { name: 'Without a badge' }).click()
    await signIn(desk, 'nina')
    await desk.waitForURL(/\/now/)
    await desk.getByRole('button', { name: 'Lock', exact: true }).waitFor()
    await tap('nina') // in the middle of her work: it locks
    await desk.getByRole('heading', { name: 'Show your badge' }).waitFor()
    equal(await who(desk), '', 'after the second tap')
    const began = Date.now()
    await tap('nina')
    await desk.waitForURL(/\/now/)
    await desk.getByRole('button', { name: 'Lock', exact: true }).waitFor()
    console.log(`      from the tap to the page: ${Date.now() - began} ms`)
    equal(await who(desk), 'nina', 'after the third tap')
    await desk.goto(`${server.url}/settings`)
    await desk.getByRole('button', { name: 'Lock', exact: true }).click()
    await desk.getByRole('heading', { name: 'Show your badge' }).waitFor()
    await tap('nina')
    await desk.waitForURL(/\/settings$/) // where she was
    await desk.goto(`${server.url}/now`)
  })

  await report.test('who comes after sees nothing of who was there before', async () => {
    await desk.goto(`${server.url}/settings`)
    await desk.getByRole('heading', { name: 'Nina Petit' }).waitFor()
    await tap('alex') // she did not lock
    await desk.getByRole('heading', { name: 'Begin your shift' }).waitFor()
    equal(await who(desk), '', 'after the colleague’s tap')
    await desk.goBack()
    await desk.waitForLoadState()
    await desk.waitForTimeout(1000)
    check(!(await desk.content()).includes('Nina Petit'), 'the page before is still there')
    equal(await who(desk), '', 'by the back button')
    await desk.goto(`${server.url}/sign-in?here=1`)
    await signIn(desk, 'alex')
    await desk.waitForURL((u) => !u.pathname.startsWith('/sign-in'))
    await desk.getByRole('button', { name: 'Lock', exact: true }).waitFor()
    equal(await who(desk), 'alex', 'the colleague')
    await Promise.all([desk.waitForResponse((r) => r.url().endsWith('/api/me') && r.ok()), tap('nina')])
    await desk.getByRole('button', { name: 'Lock', exact: true }).waitFor()
    equal(await who(desk), 'nina', 'after changing over')
  })

  await report.test('a badge that is lost opens nothing', async () => {
    await desk.goto(`${server.url}/settings`)
    await desk.getByRole('button', { name: 'I lost it' }).click()
    await desk.getByRole('button', { name: 'Lock', exact: true }).click()
    await desk.getByRole('heading', { name: 'Show your badge' }).waitFor()
    await tap('nina')
    await desk.getByRole('heading', { name: 'Begin your shift' }).waitFor()
    equal(await who(desk), '', 'after a tap')
  })
  await report.test('an administrator gives a badge to somebody else, replaces it and takes it away', async () => {
    const id = await admin.evaluate(async () => (await (await fetch('/api/people?q=nina')).json()).people[0].id)
    await admin.goto(`${server.url}/people/${id}`)
    const field = (name) => admin.getByLabel(name)
    await field('Put the badge on the reader').focus()
    await admin.keyboard.type(badges.nina) // as a reader does
    await admin.keyboard.press('Enter')
    await admin.getByText('The badge is theirs.', { exact: true }).waitFor()
    await report.axe(admin, 'station: somebody’s badge')
    await field('Another badge, in place of this one').fill('04A2245B6C7D99')
    await admin.getByRole('button', { name: 'Replace the badge' }).click()
    await admin.getByText('the one before opens nothing any more').waitFor()
    await field('Another badge, in place of this one').fill(badges.alex)
    await admin.getByRole('button', { name: 'Replace the badge' }).click()
    await admin.getByText('somebody else’s').waitFor()
    await admin.screenshot({ path: process.env.BADGE_PICTURE || join(dir, 'badge.png'), fullPage: true })
    await admin.getByRole('button', { name: 'Take the badge away: Nina Petit' }).click()
    await field('Put the badge on the reader').waitFor()
  })
  rmSync(dir, { recursive: true, force: true })
  equal(faults, [], 'faults of the pages')
  for (const p of [admin, desk]) await p?.context().close()
}
