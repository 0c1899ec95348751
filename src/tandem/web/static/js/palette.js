// Ctrl/⌘-K: jump to any document by any of its ids, run an action, go back to something recent.
const dialog = document.getElementById('palette');
const RECENT_MAX = 8;
const WAIT_MS = 120;
let asked = 0;
let timer;

function recent() {
  try {
    return JSON.parse(localStorage.recent ?? '[]');
  } catch {
    return [];
  }
}

const named = document.querySelector('[data-recent]');
if (named) {
  const here = { title: named.dataset.recent, href: location.pathname, icon: 'clock', kind: 'Recent' };
  const others = recent().filter((one) => one.href !== here.href);
  localStorage.recent = JSON.stringify([here, ...others].slice(0, RECENT_MAX));
}

/** Everything on this page that leads somewhere or does something: its own actions first, then the
    way to the other pages, then what every page has. */
function actions(text) {
  const main = document.getElementById('main');
  const rank = (one) => (main?.contains(one) ? 0 : one.matches('#nav a') ? 1 : 2);
  const found = [];
  for (const one of [...document.querySelectorAll('#nav a, [data-action]')].sort((a, b) => rank(a) - rank(b))) {
    const title = one.dataset.action ?? `Go to ${one.querySelector('span').textContent}`;
    if (title.toLowerCase().includes(text) && !one.disabled) {
      found.push({ title, detail: one.dataset.keys ?? '', icon: one.dataset.action ? 'bolt' : 'arrow-right', run: () => one.click() });
    }
  }
  // The page's own button for it stands first, with what it needs; elsewhere there is this one.
  if (!found.some((one) => one.title === 'New order') && 'new order'.includes(text)) {
    found.unshift({ title: 'New order', icon: 'plus', href: '/orders/new', detail: 'c' });
  }
  return found;
}

function build() {
  dialog.innerHTML = `
    <input type="text" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list"
      aria-label="Find or do anything" placeholder="Order, SKU, AWB, payment id, customer, or an action" autocomplete="off" spellcheck="false">
    <ul id="palette-list" role="listbox" aria-label="Results"></ul>
    <footer><span><kbd>↑</kbd> <kbd>↓</kbd> choose</span><span><kbd>Enter</kbd> open</span><span><kbd>Esc</kbd> close</span></footer>`;
  dialog.querySelector('input').addEventListener('input', () => {
    clearTimeout(timer);
    show(local());
    timer = setTimeout(find, WAIT_MS);
  });
  dialog.querySelector('input').addEventListener('keydown', onKey);
  dialog.querySelector('ul').addEventListener('click', (event) => choose(event.target.closest('[role=option]')));
}

function typed() {
  return dialog.querySelector('input').value.trim();
}

function local() {
  const text = typed().toLowerCase();
  const seen = recent().filter((one) => one.title.toLowerCase().includes(text));
  return [
    ...seen.slice(0, text ? 4 : RECENT_MAX).map((one) => ({ ...one, group: 'Recent' })),
    ...actions(text).map((one) => ({ ...one, group: 'Actions' })),
  ];
}

async function find() {
  const text = typed();
  const turn = ++asked;
  if (!text) return;
  const answer = await fetch(`/console/find?q=${encodeURIComponent(text)}`, { headers: { accept: 'application/json' } });
  if (!answer.ok || turn !== asked) return;
  const hits = await answer.json();
  // What this page or the navigation offers already is not said twice.
  const near = local();
  const known = new Set(near.map((one) => one.title));
  show([...hits.filter((one) => !known.has(one.title)).map((one) => ({ ...one, group: one.kind })), ...near]);
}

let shown = [];

function show(items) {
  shown = items;
  const list = dialog.querySelector('ul');
  list.replaceChildren();
  let group = '';
  items.forEach((item, at) => {
    if (item.group !== group) {
      group = item.group;
      const head = document.createElement('li');
      head.className = 'group';
      head.role = 'presentation';
      head.textContent = group;
      list.append(head);
    }
    list.append(option(item, at));
  });
  if (!items.length) {
    const none = document.createElement('li');
    none.className = 'group';
    none.role = 'option';
    none.ariaDisabled = 'true';
    none.textContent = `Nothing is called “${typed()}”.`;
    list.append(none);
  }
  mark(0);
}

function option(item, at) {
  const line = document.createElement('li');
  line.role = 'option';
  line.id = `palette-${at}`;
  line.dataset.at = at;
  const title = document.createElement('span');
  title.textContent = item.title;
  line.append(title);
  if (item.detail) {
    const detail = document.createElement('small');
    detail.textContent = item.detail;
    line.append(detail);
  }
  return line;
}

function options() {
  return [...dialog.querySelectorAll('[role=option]:not([aria-disabled])')];
}

function mark(at) {
  options().forEach((one, place) => one.setAttribute('aria-selected', String(place === at)));
  const chosen = options()[at];
  dialog.querySelector('input').setAttribute('aria-activedescendant', chosen?.id ?? '');
  chosen?.scrollIntoView({ block: 'nearest' });
}

function onKey(event) {
  const all = options();
  const at = all.findIndex((one) => one.ariaSelected === 'true');
  if (event.key === 'ArrowDown') mark((at + 1) % all.length);
  else if (event.key === 'ArrowUp') mark((at - 1 + all.length) % all.length);
  else if (event.key === 'Enter') choose(all[at]);
  else return;
  event.preventDefault();
}

function choose(line) {
  if (!line) return;
  const item = shown[Number(line.dataset.at)];
  dialog.close();
  if (item.run) item.run();
  else location.assign(item.href);
}

export function openPalette() {
  if (!dialog.firstElementChild) build();
  dialog.querySelector('input').value = '';
  dialog.showModal();
  show(local());
}

document.addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    if (dialog.open) dialog.close();
    else openPalette();
  }
});
document.addEventListener('click', ({ target }) => target.closest('[data-palette-open]') && openPalette());
