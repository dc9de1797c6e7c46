// What people have in front of them, and how they come in.
import { createHmac } from 'node:crypto'

export const password = 'tournevis-girafe-lundi-bocal'
const desk = { viewport: { width: 1440, height: 900 }, locale: 'en-GB', timezoneId: 'Europe/Paris', ignoreHTTPSErrors: true }

export const rows = (page) => page.locator('button[id^=event-]')
export const settled = (page) => page.waitForFunction(() => !document.querySelector('.skeleton, [aria-busy=true]'))

/** Opens a browser's window; what its pages throw, and what breaks their own policy, goes to faults. */
export async function visitor(browser, options, faults) {
  const context = await browser.newContext({ ...desk, ...options })
  context.setDefaultTimeout(20_000)
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const page = await context.newPage()
  page.on('pageerror', (e) => faults.push(`thrown: ${e.message}`))
  page.on('console', (m) => { if (/Content Security Policy|Refused to/.test(m.text())) faults.push(m.text()) })
  return page
}

/** The apps of people that show codes (RFC 6238), by console and login: their key and the number of the last code that was shown. */
const apps = new Map()
const who = (page, login) => `${login} ${new URL(page.url()).origin}`

/** A code of somebody's app that was not shown before: three are good within half a minute, then it waits for the next. */
export async function code(page, login) {
  const app = apps.get(who(page, login))
  const step = (time) => Math.floor(time / 30_000)
  app.last = Math.max(app.last + 1, step(Date.now() + 8_000) - 1) // the oldest is not good any more where its time ends on the way
  while (app.last > step(Date.now()) + 1) await new Promise((r) => setTimeout(r, 500))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(app.last))
  const mac = createHmac('sha1', app.key).update(counter).digest()
  return String((mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** The bytes of a key as it is typed (RFC 4648, base 32). */
function bytesOf(typed) {
  const bits = [...typed.replace(/ /g, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('')
  return Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))
}

/** Types who the first administrator is on the set-up page. */
export async function chooseFirst(page, setup) {
  await page.goto(setup)
  await page.getByLabel('Your name').fill('Alex Moreau')
  await page.getByLabel('Login').fill('alex')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByLabel('Password, once more', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Create my account' }).click()
}

const english = { app: 'Use an app that shows codes', confirm: 'Confirm', codes: 'Your codes on paper', on: 'I have kept them: go on' }
export const french = { app: 'Utiliser une application qui affiche des codes', confirm: 'Confirmer', codes: 'Vos codes sur papier', on: 'Je les ai gardés : continuer' }

/** Adds an app to the account of whoever has just chosen a password, and goes on from the codes on paper. Answers with those. */
export async function enrol(page, login, say = english) {
  await page.waitForURL(/\/factors/)
  await page.getByRole('link', { name: say.app }).click()
  apps.set(who(page, login), { key: bytesOf(await page.locator('#typed').textContent()), last: 0 })
  await page.getByLabel('Code', { exact: true }).fill(await code(page, login))
  await page.getByRole('button', { name: say.confirm }).click()
  await page.getByRole('heading', { name: say.codes }).waitFor()
  const paper = await page.locator('.codes code').allTextContents()
  await page.getByRole('link', { name: say.on }).click()
  return paper
}

/** Types login, password and a code on the sign-in page. */
export async function signIn(page, login, secret = password) {
  await page.getByLabel('Login').fill(login)
  await page.getByLabel('Password', { exact: true }).fill(secret)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(/\/sign-in\/second/)
  await page.getByLabel('Code', { exact: true }).fill(await code(page, login))
  await page.getByRole('button', { name: 'Confirm' }).click()
}

/** Follows the set-up link. */
export async function firstAdministrator(page, setup) {
  await chooseFirst(page, setup)
  await enrol(page, 'alex')
  await page.waitForURL(/\/now$/)
}
