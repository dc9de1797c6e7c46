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

// Signs in with a passkey, where the browser knows what that is.
const passkey = document.getElementById('passkey');
if (passkey && window.PublicKeyCredential) {
	const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
	const text = (buffer) => buffer && btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
	const ask = (body) => fetch('/sign-in/passkey', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
	const [button] = passkey.getElementsByTagName('button');
	const say = (words) => { passkey.lastElementChild.textContent = words; button.disabled = false; };
	passkey.hidden = false;
	button.addEventListener('click', async () => {
		say('');
		button.disabled = true;
		try {
			const asked = await ask({});
			if (!asked.ok) return say(passkey.dataset.failed);
			const { ceremony, options } = await asked.json();
			const key = await navigator.credentials.get({ publicKey: { ...options, challenge: bytes(options.challenge) } });
			const { clientDataJSON, authenticatorData, signature, userHandle } = key.response;
			const answer = { id: key.id, rawId: text(key.rawId), type: key.type, clientExtensionResults: key.getClientExtensionResults(),
				response: { clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature), userHandle: text(userHandle) } };
			const opened = await ask({ ceremony, answer, next: passkey.dataset.next });
			if (!opened.ok) return say(passkey.dataset.unknown);
			location.assign((await opened.json()).next);
		} catch { // it was not shown, or the network is gone
			say(passkey.dataset.failed);
		}
	});
}
