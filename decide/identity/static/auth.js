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
