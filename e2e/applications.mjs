// Applications of others that sign people in with Bulwark: a certified client (openid-client) and Apache's mod_auth_openidc, in a real browser.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, equal } from './harness.mjs'
import { chooseFirst, enrol, signIn, visitor } from './people.mjs'

const apacheModule = '/usr/lib/apache2/modules/mod_auth_openidc.so'
const listening = async (handler) => {
  const server = createServer(handler)
  await new Promise((up) => server.listen(0, '127.0.0.1', up))
  return server
}

/** An application made with openid-client: it pushes its request, redeems the code, asks who it is and refreshes once. */
async function viewer(issuer, app) {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0' // the console of the tests signed its certificate itself
  const client = await import('openid-client')
  const config = await client.discovery(new URL(issuer), app.id, app.secret)
  const kept = {}
  const begin = async () => {
    kept.verifier = client.randomPKCECodeVerifier()
    kept.state = client.randomState()
    kept.nonce = client.randomNonce()
    return client.buildAuthorizationUrlWithPAR(config, { redirect_uri: app.redirect, scope: 'openid profile', state: kept.state, nonce: kept.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(kept.verifier), code_challenge_method: 'S256' })
  }
  const end = async (url) => {
    const tokens = await client.authorizationCodeGrant(config, url, { pkceCodeVerifier: kept.verifier, expectedState: kept.state, expectedNonce: kept.nonce })
    const claims = tokens.claims()
    kept.tokens = await client.refreshTokenGrant(config, tokens.refresh_token)
    return { claims, who: await client.fetchUserInfo(config, kept.tokens.access_token, claims.sub) }
  }
  const again = () => client.refreshTokenGrant(config, kept.tokens.refresh_token).then(() => 'good', (e) => e.error)
  const leave = () => client.buildEndSessionUrl(config, { id_token_hint: kept.tokens.id_token, post_logout_redirect_uri: app.bye }).href
  return { begin, end, again, leave }
}

/** Apache with one page that only those see who come from Bulwark. */
async function apache(issuer, app, port) {
  const dir = mkdtempSync(join(tmpdir(), 'bulwark-apache-'))
  mkdirSync(join(dir, 'www'))
  writeFileSync(join(dir, 'www/index.html'), '<!doctype html><title>Ward</title><h1>The ward’s page</h1>')
  const modules = { mpm_event: 'mpm_event', authz_core: 'authz_core', authn_core: 'authn_core', authz_user: 'authz_user', headers: 'headers', dir: 'dir', mime: 'mime', auth_openidc: 'auth_openidc' }
  writeFileSync(join(dir, 'conf'), `ServerRoot ${dir}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${dir}/pid
ErrorLog ${dir}/error
TypesConfig /etc/mime.types
AddDefaultCharset utf-8
${Object.entries(modules).map(([m, f]) => `LoadModule ${m}_module /usr/lib/apache2/modules/mod_${f}.so`).join('\n')}
DocumentRoot ${dir}/www
OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCSSLValidateServer Off
OIDCClientID ${app.id}
OIDCClientSecret ${app.secret}
OIDCRedirectURI ${app.redirect}
OIDCCryptoPassphrase for-the-tests-alone
OIDCPKCEMethod S256
OIDCScope "openid profile"
OIDCRemoteUserClaim preferred_username
<Location />
  AuthType openid-connect
  Require valid-user
  Header always set X-Who "expr=%{REMOTE_USER}"
</Location>
`)
  if (process.getuid() === 0) spawn('chown', ['-R', 'www-data', dir])
  const child = spawn('/usr/sbin/apache2', ['-d', dir, '-f', join(dir, 'conf'), '-DFOREGROUND'], { stdio: 'ignore', env: { ...process.env, APACHE_RUN_USER: 'www-data' } })
  const ended = new Promise((done) => child.on('exit', done))
  return { stop: async () => { child.kill('SIGTERM'); await ended; rmSync(dir, { recursive: true, force: true }) } }
}

export async function run(browser, server, report) {
  const faults = []
  const page = await visitor(browser, {}, faults)
  const issuer = `${server.url}/oidc`
  let app, rp, seen
  const back = await listening(async (q, r) => {
    const url = new URL(q.url, `http://127.0.0.1:${back.address().port}`)
    r.setHeader('Content-Type', 'text/html; charset=utf-8')
    if (url.pathname === '/') return r.writeHead(302, { Location: (await rp.begin()).href }).end()
    if (url.pathname === '/back') {
      try { seen = await rp.end(url) } catch (e) { seen = { fault: `${e.error ?? e.message} ${e.error_description ?? ''}` } }
    }
    r.end(`<!doctype html><title>Viewer</title><h1>${url.pathname === '/bye' ? 'Goodbye' : 'Images'}</h1>`)
  })
  const at = `http://127.0.0.1:${back.address().port}`
  const register = (id, redirect, more = {}) => page.evaluate(async (v) => {
    const r = await fetch('/api/applications', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(v) })
    return { status: r.status, secret: (await r.json()).client_secret }
  }, { id, name: id, settings: { redirect_uris: [redirect], ...more } })

  await report.need('an application is registered, and its secret told once', async () => {
    await chooseFirst(page, server.setup)
    await enrol(page, 'alex')
    const made = await register('viewer', `${at}/back`, { post_logout_redirect_uris: [`${at}/bye`] })
    equal(made.status, 201, 'status')
    app = { id: 'viewer', secret: made.secret, redirect: `${at}/back`, bye: `${at}/bye` }
    rp = await viewer(issuer, app)
    const list = await page.evaluate(async () => (await (await fetch('/api/applications')).json()).applications)
    check(list.length === 1 && !JSON.stringify(list).includes(made.secret), 'the list holds the secret')
  })

  await report.test('somebody signs in to an application of another, made with a certified client', async () => {
    const other = await visitor(browser, {}, faults)
    await other.goto(`${server.url}/sign-in`) // so that the app's codes are found under the console's address
    await other.goto(at)
    await other.waitForURL(/\/sign-in/)
    await signIn(other, 'alex')
    await other.getByRole('heading', { name: 'Images' }).waitFor()
    equal(seen.fault, undefined, 'fault')
    equal([seen.claims.iss, seen.claims.aud, seen.who.preferred_username, seen.claims.acr], [issuer, 'viewer', 'alex', 'aal2'], 'what it learns')
    check(seen.claims.amr.includes('otp') && seen.who.groups.includes('administrator'), `methods and roles: ${JSON.stringify(seen)}`)
    seen = undefined
    await other.goto(at) // nobody is asked again
    await other.getByRole('heading', { name: 'Images' }).waitFor()
    equal(seen.fault, undefined, 'fault the second time')
    await other.evaluate((to) => { // posted by the application's page, from another site
      const url = new URL(to), form = document.body.appendChild(document.createElement('form'))
      form.method = 'POST'
      form.action = url.origin + url.pathname
      for (const [name, value] of url.searchParams) form.appendChild(Object.assign(document.createElement('input'), { type: 'hidden', name, value }))
      form.submit()
    }, rp.leave())
    await other.getByRole('heading', { name: 'Goodbye' }).waitFor()
    equal(await rp.again(), 'invalid_grant', 'a refresh after the sign-out')
    await other.goto(`${server.url}/settings`)
    check(new URL(other.url()).pathname === '/sign-in', 'the console is still open')
    await other.context().close()
  })

  if (existsSync(apacheModule)) {
    await report.test('a page of Apache lets in who comes from Bulwark, and nobody else', async () => {
      const spare = await listening(() => {})
      const port = spare.address().port
      await new Promise((done) => spare.close(done))
      const url = `http://127.0.0.1:${port}`
      const made = await register('ward', `${url}/callback`)
      const web = await apache(issuer, { id: 'ward', secret: made.secret, redirect: `${url}/callback` }, port)
      try {
        for (let n = 0; n < 50; n++) { if (await fetch(url, { redirect: 'manual' }).catch(() => 0)) break; await new Promise((r) => setTimeout(r, 100)) }
        const stranger = await visitor(browser, {}, faults)
        await stranger.goto(url)
        check(new URL(stranger.url()).pathname === '/sign-in', `a stranger is at ${stranger.url()}`)
        await stranger.context().close()
        const got = await page.goto(url)
        await page.getByRole('heading', { name: 'The ward’s page' }).waitFor()
        equal(got.headers()['x-who'], 'alex', 'who')
      } finally { await web.stop() }
    })
  } else console.log(`      ${apacheModule} is not here: Apache is not tested`)

  await report.test('no page threw, or broke its policy, on the way to applications', async () => equal(faults, [], 'faults'))
  back.close()
  await page.context().close()
}
