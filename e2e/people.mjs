// What people have in front of them, and how they come in.
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

/** Follows the set-up link. */
export async function firstAdministrator(page, setup) {
  await page.goto(setup)
  await page.getByLabel('Your name').fill('Alex Moreau')
  await page.getByLabel('Login').fill('alex')
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByLabel('Password, once more', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Create my account' }).click()
  await page.waitForURL(/\/now$/)
}
