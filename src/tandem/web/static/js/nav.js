// The main navigation on a narrow screen opens and closes; Escape and a choice close it.
const button = document.querySelector('[data-toggle="nav"]');
const nav = document.getElementById('nav');

function show(isOpen) {
  nav.classList.toggle('is-open', isOpen);
  button.setAttribute('aria-expanded', String(isOpen));
}

button?.addEventListener('click', () => show(!nav.classList.contains('is-open')));
document.addEventListener('keydown', (event) => event.key === 'Escape' && show(false));
