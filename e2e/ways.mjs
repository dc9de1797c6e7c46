// The other ways to sign in: a SAML provider of lasso, and codes by text message, in a real browser.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createGateway } from 'node:http'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { check, equal, until } from './harness.mjs'
import { chooseFirst, enrol, password, visitor } from './people.mjs'

const python = '/usr/bin/python3' // Debian's, which has python3-lasso
const script = join(dirname(fileURLToPath(import.meta.url)), '../decide/identity/testdata/saml_idp.py')
export const hasLasso = () => spawnSync(python, ['-c', 'import lasso'], { stdio: 'ignore' }).status === 0

const listening = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)))

/** A SAML provider and a gateway of text messages. */
export async function outside() {
  const dir = mkdtempSync(join(tmpdir(), 'bulwark-ways-')), at = (name) => join(dir, name)
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', at('idp.key'), '-out', at('idp.crt')], { stdio: 'ignore' })
  const said = []
  const gateway = await listening(createGateway((q, r) => { let body = ''; q.on('data', (b) => { body += b }); q.on('end', () => { said.push(JSON.parse(body)); r.end() }) }))
  const here = { who: 'alex' }
  const idp = await listening(createServer({ key: readFileSync(at('idp.key')), cert: readFileSync(at('idp.crt')) }, (q, r) => {
    if (!q.url.startsWith('/sso?')) return r.writeHead(404).end()
    const query = q.url.slice(q.url.indexOf('?') + 1)
    const [to, answer] = execFileSync(python, [script, dir, query, here.who, new Date().toISOString().replace(/\.\d+Z/, 'Z')], { encoding: 'utf8' }).trim().split('\n')
    r.setHeader('Content-Type', 'text/html')
    r.end(`<!doctype html><title>Provider</title><form method="post" action="${to}"><input type="hidden" name="SAMLResponse" value="${answer}"><button>Go on</button></form>`)
  }))
  const cert = readFileSync(at('idp.crt'), 'utf8').replace(/-----.*?-----|\s/g, '')
  writeFileSync(at('idp.xml'), `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.hospital.example/metadata"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${cert}</X509Certificate></X509Data></KeyInfo></KeyDescriptor><NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://127.0.0.1:${idp.address().port}/sso"/></IDPSSODescriptor></EntityDescriptor>`)
  return { metadata: at('idp.xml'), sms: `http://127.0.0.1:${gateway.address().port}/`, said, here,
    knows: (text) => writeFileSync(at('sp.xml'), text), stop: () => { idp.close(); gateway.close(); rmSync(dir, { recursive: true, force: true }) } }
}

export async function run(browser, server, report) {
  const faults = [], { ways } = server
  const page = await visitor(browser, {}, faults)
  const at = (path) => server.url + path
  const shot = async (name, p = page) => { if (process.env.SHOTS) await p.screenshot({ path: `${process.env.SHOTS}/ways-${name}.png`, fullPage: true }) }

  await report.need('codes of somebody go to a number that an administrator says', async () => {
    await chooseFirst(page, server.setup)
    await enrol(page, 'alex')
    await page.waitForURL(/\/now$/)
    await page.goto(at('/people'))
    await page.getByRole('button', { name: 'Invite a person' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Robin Petit')
    await page.getByRole('dialog').getByLabel('Login').fill('robin')
    await page.getByLabel('Reader').check()
    await page.getByRole('button', { name: 'Make the invitation' }).click()
    const invitation = await page.getByRole('textbox', { name: 'The link for Robin Petit' }).inputValue()
    await page.getByRole('button', { name: 'Done' }).click()
    const robin = await visitor(browser, {}, faults)
    await robin.goto(invitation)
    await robin.getByLabel('Password', { exact: true }).fill(password)
    await robin.getByLabel('Password, once more', { exact: true }).fill(password)
    await robin.getByRole('button', { name: 'Save my password' }).click()
    await robin.waitForURL(/\/factors/)
    await report.axe(robin, 'ways: second factors')
    await shot('factors', robin)
    await robin.context().close()
    await page.getByRole('link', { name: 'Robin Petit' }).click()
    await page.getByRole('heading', { name: 'Robin Petit' }).waitFor()
    await page.getByLabel(/Number or address/).fill('+33 6 12 34 56 78')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText(/Codes by message, .*weak/).waitFor()
    await shot('person')
    await report.axe(page, 'ways: one person')
  })

  await report.test('a code that was sent lets in once', async () => {
    const robin = await visitor(browser, { viewport: { width: 390, height: 844 } }, faults)
    await robin.goto(at('/sign-in'))
    await report.axe(robin, 'ways: sign-in')
    await shot('sign-in', robin)
    await robin.getByLabel('Login').fill('robin')
    await robin.getByLabel('Password', { exact: true }).fill(password)
    await robin.getByRole('button', { name: 'Sign in', exact: true }).click()
    await robin.waitForURL(/\/sign-in\/second/)
    await report.axe(robin, 'ways: before a code is sent')
    await shot('before', robin)
    await robin.getByRole('button', { name: 'Send the code' }).click()
    await until(async () => ways.said.length > 0, 'a message')
    await report.axe(robin, 'ways: a code was sent')
    await shot('sent', robin)
    const [message] = ways.said
    equal(message.to, '+33612345678', 'to')
    await robin.getByLabel('Code', { exact: true }).fill(/\d[\d ]{6,}\d/.exec(message.text)[0])
    await robin.getByRole('button', { name: 'Confirm' }).click()
    await robin.waitForURL((u) => !u.pathname.startsWith('/sign-in'))
    await shot('in', robin)
    await robin.context().close()
  })

  await report.test('a provider of lasso lets somebody in, with a second step', async () => {
    if (!hasLasso()) return console.log('      python3-lasso is not installed: no SAML provider is tried')
    const other = await visitor(browser, {}, faults)
    ways.knows(await other.request.get(at('/sign-in/with/idp/metadata')).then((r) => r.text()))
    await other.goto(at('/sign-in'))
    ways.here.who = 'robin'
    await other.getByRole('link', { name: 'Sign in with The old provider' }).click()
    await other.getByRole('button', { name: 'Go on' }).click()
    await other.waitForURL((u) => u.origin === server.url)
    await shot('saml', other)
    await other.waitForURL((u) => u.pathname !== '/sign-in/with/idp/answer')
    await other.getByRole('button').first().waitFor()
    await report.axe(other, 'ways: after the provider')
    await shot('after', other)
    check(/second|factors/.test(new URL(other.url()).pathname), `one factor was shown there, and the next page is ${other.url()}`)
    await other.context().close()
  })

  await report.test('whom nobody knows here is told so, with every other way', async () => {
    if (!hasLasso()) return
    const other = await visitor(browser, { locale: 'fr-FR' }, faults)
    await other.goto(at('/sign-in'))
    await shot('sign-in-fr', other)
    ways.here.who = 'nobody'
    await other.getByRole('link', { name: /The old provider/ }).click()
    await other.getByRole('button', { name: 'Go on' }).click()
    await other.getByRole('link', { name: /The old provider/ }).waitFor()
    await report.axe(other, 'ways: nobody')
    await shot('nobody', other)
    await other.context().close()
  })
}
