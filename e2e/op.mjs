// A certified OpenID provider (npm oidc-provider) for the tests: any name and password are good on its pages.
import { Provider } from 'oidc-provider'

const [port, back, ended, bye] = process.argv.slice(2)
const op = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'bulwark', client_secret: 'a-secret-of-the-tests-alone', redirect_uris: [back], post_logout_redirect_uris: [bye],
    backchannel_logout_uri: ended, backchannel_logout_session_required: true, grant_types: ['authorization_code'], response_types: ['code'] }],
  claims: { openid: ['sub', 'preferred_username', 'name'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id, name: `Dr ${id}` }) }),
  features: { backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  pkce: { required: () => true },
  cookies: { keys: ['of the tests alone'] },
})
op.listen(Number(port), '127.0.0.1', () => console.log('ready'))
