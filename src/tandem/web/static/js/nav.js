// The main navigation on a narrow screen opens and closes; menus close on Escape and elsewhere.
const button = document.querySelector('[data-toggle="nav"]');
const nav = document.getElementById('nav');

function show(isOpen) {
  nav.classList.toggle('is-open', isOpen);
  button.setAttribute('aria-expanded', String(isOpen));
}

button?.addEventListener('click', () => show(!nav.classList.contains('is-open')));

// The settings' own navigation, which a narrow screen shows on demand.
document.querySelector('[data-toggle="settings"]')?.addEventListener('click', ({ currentTarget }) => {
  const isOpen = currentTarget.parentElement.classList.toggle('is-open');
  currentTarget.setAttribute('aria-expanded', String(isOpen));
});

function closeMenus(except) {
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener('click', (event) => closeMenus(event.target.closest('details.menu')));
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  show(false);
  const open = document.querySelector('details.menu[open]');
  closeMenus();
  open?.querySelector('summary').focus();
});

/** On a narrow screen a row of tabs begins where one is, not where the row does. */
function showCurrent() {
  for (const row of document.querySelectorAll('.views')) {
    const current = row.querySelector('[aria-current]');
    if (!current || row.scrollWidth <= row.clientWidth) continue;
    const { left, width } = current.getBoundingClientRect();
    row.scrollLeft += left - row.getBoundingClientRect().left - (row.clientWidth - width) / 2;
  }
}

showCurrent();
document.addEventListener('htmx:after:swap', showCurrent);
