// Type-ahead: a text field with data-suggest asks its address and offers what comes back. Arrow
// keys choose, Enter takes; a scanner's Enter takes the best match even before the list is there.
// Taking one fires `suggest:chosen` with the suggestion.
const WAIT_MS = 120;
let count = 0;

export function suggest(field) {
  const list = document.createElement('ul');
  const id = `suggestions-${++count}`;
  list.className = 'options';
  list.id = id;
  list.role = 'listbox';
  list.hidden = true;
  field.parentElement.append(list);
  Object.assign(field, { role: 'combobox', ariaAutoComplete: 'list', ariaExpanded: 'false' });
  field.setAttribute('aria-controls', id);

  let found = [];
  let foundFor = '';
  let chosen = null; // by an arrow key: it stays chosen while the list grows shorter
  let timer;
  let turn = 0;

  async function ask() {
    const text = field.value.trim();
    const mine = ++turn;
    if (!text) {
      close();
      return;
    }
    const answer = await fetch(`${field.dataset.suggest}?q=${encodeURIComponent(text)}`);
    if (!answer.ok || mine !== turn) return;
    found = await answer.json();
    foundFor = text;
    show();
  }

  function show() {
    list.replaceChildren(...found.map(line));
    if (!found.length) {
      const nothing = document.createElement('li');
      nothing.className = 'nothing';
      nothing.textContent = field.dataset.nothing ?? 'Nothing found';
      list.append(nothing);
    }
    list.hidden = document.activeElement !== field;
    field.ariaExpanded = String(!list.hidden);
    const at = found.findIndex((one) => chosen && JSON.stringify(one) === JSON.stringify(chosen));
    if (at < 0) chosen = null;
    // A free text field chooses nothing by itself: Enter on a new name must stay a new name.
    mark(chosen || field.dataset.nothing ? at : 0);
  }

  function line(one, at) {
    const item = document.createElement('li');
    item.role = 'option';
    item.id = `${id}-${at}`;
    const title = document.createElement('span');
    title.textContent = one.title;
    const detail = document.createElement('small');
    detail.textContent = one.detail;
    item.append(title, detail);
    item.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      take(one);
    });
    return item;
  }

  function options() {
    return [...list.querySelectorAll('[role=option]')];
  }

  function marked() {
    return options().findIndex((one) => one.ariaSelected === 'true');
  }

  function mark(at) {
    options().forEach((one, place) => { one.ariaSelected = String(place === at); });
    field.setAttribute('aria-activedescendant', at < 0 ? '' : `${id}-${at}`);
    options()[at]?.scrollIntoView({ block: 'nearest' });
  }

  function choose(at) {
    chosen = found[at];
    mark(at);
  }

  function close() {
    turn += 1;
    chosen = null;
    list.hidden = true;
    field.ariaExpanded = 'false';
  }

  function take(one) {
    close();
    field.value = field.dataset.keeps === undefined ? one.value : '';
    foundFor = '';
    field.dispatchEvent(new CustomEvent('suggest:chosen', { bubbles: true, detail: one }));
  }

  async function enter() {
    clearTimeout(timer);
    if (foundFor !== field.value.trim()) await ask();
    const at = marked();
    if (found.length && (at >= 0 || !field.dataset.nothing)) take(found[Math.max(at, 0)]);
    else if (field.dataset.nothing) {
      close();
      field.dispatchEvent(new CustomEvent('suggest:none', { bubbles: true }));
    }
  }

  field.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
  field.addEventListener('blur', close);
  field.addEventListener('keydown', (event) => {
    const all = options();
    if (event.key === 'ArrowDown' && all.length) choose((marked() + 1) % all.length);
    else if (event.key === 'ArrowUp' && all.length) choose((marked() - 1 + all.length) % all.length);
    else if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey && field.value.trim()) enter();
    else if (event.key === 'Escape' && !list.hidden) close();
    else return;
    event.preventDefault();
  });
  // Whoever types faster than the page loads has been typing already.
  if (document.activeElement === field && field.value.trim()) ask();
}

for (const field of document.querySelectorAll('[data-suggest]')) suggest(field);
