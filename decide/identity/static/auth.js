// Lets people look at the password they type, and brings the list of faults under the eyes of a screen reader.
for (const input of document.querySelectorAll('input[type=password]')) {
	const button = document.createElement('button');
	button.type = 'button';
	button.className = 'show';
	button.setAttribute('aria-controls', input.id);
	const name = () => {
		const hidden = input.type === 'password';
		button.textContent = hidden ? input.dataset.show : input.dataset.hide;
		button.setAttribute('aria-label', `${button.textContent}: ${input.labels[0].textContent}`);
	};
	button.addEventListener('click', () => {
		input.type = input.type === 'password' ? 'text' : 'password';
		name();
	});
	input.form.addEventListener('submit', () => { input.type = 'password'; });
	name();
	input.after(button);
	input.parentElement.classList.add('with-show');
}
document.getElementById('faults')?.focus();

// The way to paper.
const print = document.getElementById('print');
if (print) {
	print.parentElement.hidden = false;
	print.addEventListener('click', () => window.print());
}

// Passkeys, where the browser knows what they are.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
const text = (buffer) => buffer && btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
const post = (path, body) => fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
const many = (list) => (list ?? []).map((c) => ({ ...c, id: bytes(c.id) }));
const block = (id) => window.PublicKeyCredential && document.getElementById(id);

/** Does something at each click, one at a time; where it says nothing, the page is left. */
function onClick(div, what) {
	const button = div.querySelector('button');
	div.hidden = false;
	button.addEventListener('click', async () => {
		const say = (words) => { div.querySelector('.fault').textContent = words; };
		say('');
		button.disabled = true;
		try {
			say(await what() ?? '');
		} catch { // none was shown, or the network is gone
			say(div.dataset.failed);
		}
		button.disabled = false;
	});
}

const passkey = block('passkey');
if (passkey) onClick(passkey, async () => {
	const { next, at, failed, unknown } = passkey.dataset;
	const asked = await post(at, at.endsWith('/prove') ? { passkey: true } : {});
	if (!asked.ok) return failed;
	const { ceremony, options } = await asked.json();
	const key = await navigator.credentials.get({ publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: many(options.allowCredentials) } });
	const { clientDataJSON, authenticatorData, signature, userHandle } = key.response;
	const answer = { id: key.id, rawId: text(key.rawId), type: key.type, clientExtensionResults: key.getClientExtensionResults(),
		response: { clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature), userHandle: text(userHandle) } };
	const opened = await post(at, at.endsWith('/prove') ? { ceremony, answer } : { ceremony, answer, next });
	if (!opened.ok) return unknown;
	location.assign(opened.status === 204 ? next || '/' : (await opened.json()).next);
});

const added = block('new-passkey');
if (added) onClick(added, async () => {
	const asked = await post('/api/me/passkeys', {});
	if (!asked.ok) return (await asked.json()).error === 'passkey-name' ? added.dataset.address : added.dataset.failed;
	const { ceremony, options } = await asked.json();
	const key = await navigator.credentials.create({ publicKey: { ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) },
		excludeCredentials: many(options.excludeCredentials) } });
	const r = key.response;
	const answer = { id: key.id, rawId: text(key.rawId), type: key.type, clientExtensionResults: key.getClientExtensionResults(),
		response: { clientDataJSON: text(r.clientDataJSON), attestationObject: text(r.attestationObject), transports: r.getTransports?.() ?? [] } };
	const kept = await post('/api/me/passkeys', { ceremony, answer, label: document.getElementById('label').value });
	if (!kept.ok) return (await kept.json()).error === 'passkey-model' ? added.dataset.model : added.dataset.failed;
	added.querySelector('form').submit();
});

// What comes back from a provider goes on by itself.
document.querySelector('form[data-send]')?.requestSubmit();
