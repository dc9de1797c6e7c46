// Passkeys as the browser asks for them, and as they go over the wire.

type Descriptor = { type: 'public-key'; id: string }
/** What the node asks the browser for a new passkey. */
export interface AskedNew { ceremony: string; options: Omit<PublicKeyCredentialCreationOptions, 'challenge' | 'user' | 'excludeCredentials'> & { challenge: string; user: { id: string; name: string; displayName: string }; excludeCredentials?: Descriptor[] } }
/** What the node asks the browser for a passkey that is there. */
export interface AskedOne { ceremony: string; options: Omit<PublicKeyCredentialRequestOptions, 'challenge' | 'allowCredentials'> & { challenge: string; allowCredentials?: Descriptor[] } }

/** Whether this browser knows passkeys. */
export const knowsPasskeys = 'PublicKeyCredential' in window

const bytes = (text: string) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
const text = (b: ArrayBuffer) => btoa(String.fromCharCode(...new Uint8Array(b))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')
const all = (list: Descriptor[] = []) => list.map((c) => ({ ...c, id: bytes(c.id) }))

/** Has the browser make a passkey; the answer is what the node wants back. */
export async function makePasskey({ options }: AskedNew) {
  const key = await navigator.credentials.create({ publicKey: { ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) }, excludeCredentials: all(options.excludeCredentials) } }) as PublicKeyCredential
  const r = key.response as AuthenticatorAttestationResponse
  return { id: key.id, rawId: text(key.rawId), type: key.type, clientExtensionResults: key.getClientExtensionResults(),
    response: { clientDataJSON: text(r.clientDataJSON), attestationObject: text(r.attestationObject), transports: r.getTransports?.() ?? [] } }
}

/** Has the browser show a passkey. */
export async function showPasskey({ options }: AskedOne) {
  const key = await navigator.credentials.get({ publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: all(options.allowCredentials) } }) as PublicKeyCredential
  const r = key.response as AuthenticatorAssertionResponse
  return { id: key.id, rawId: text(key.rawId), type: key.type, clientExtensionResults: key.getClientExtensionResults(),
    response: { clientDataJSON: text(r.clientDataJSON), authenticatorData: text(r.authenticatorData), signature: text(r.signature), userHandle: r.userHandle ? text(r.userHandle) : undefined } }
}
