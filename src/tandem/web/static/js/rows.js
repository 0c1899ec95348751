// Rows of a list: a click opens it beside the list or alone, a checkbox selects, the selection outlives a refresh of the list.
import { mayPeek, peek } from './drawer.js';

const selected = new Set();

export function rows() {
  return [...document.querySelectorAll('tr[data-href]')];
}

export function focusRow(row) {
  row.querySelector('.row-link')?.focus();
  row.scrollIntoView({ block: 'nearest' });
}

export function current() {
  return document.activeElement?.closest?.('tr[data-href]');
}

export function toggle(row) {
  const box = row.querySelector('[data-select]');
  if (!box) return;
  box.checked = !box.checked;
  box.dispatchEvent(new Event('change', { bubbles: true }));
}

document.addEventListener('click', (event) => {
  const row = event.target.closest('tr[data-href]');
  if (!row || event.target.closest('a, button, input, label, summary')) return;
  if (String(getSelection())) return;
  if (event.metaKey || event.ctrlKey) open(row.dataset.href);
  else if (mayPeek(row)) peek(row);
  else top.location.assign(row.dataset.href);
});

function show() {
  const boxes = [...document.querySelectorAll('[data-select]')];
  for (const box of boxes) {
    box.checked = selected.has(box.value);
    box.closest('tr').classList.toggle('is-selected', box.checked);
  }
  const bar = document.querySelector('[data-bulk]');
  if (!bar) return;
  bar.hidden = selected.size === 0;
  bar.querySelector('[data-bulk-count]').textContent = `${selected.size} selected`;
  for (const field of bar.querySelectorAll('[name=ids]')) field.value = [...selected].join(' ');
}

document.addEventListener('change', (event) => {
  if (event.target.matches('[data-select]')) {
    if (event.target.checked) selected.add(event.target.value);
    else selected.delete(event.target.value);
    show();
  }
  if (event.target.matches('[data-select-all]')) {
    for (const box of document.querySelectorAll('[data-select]')) {
      if (event.target.checked) selected.add(box.value);
      else selected.delete(box.value);
    }
    show();
  }
});

document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-bulk-clear]')) return;
  selected.clear();
  show();
});

document.addEventListener('htmx:after:swap', show);

document.addEventListener('submit', ({ target }) => {
  if (target.closest('[data-bulk]') && target.elements.back) target.elements.back.value = location.search.slice(1);
});

// The list's address changes without a new page; what would be saved as a view follows it.
document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-dialog="save-view"]')) return;
  const asked = new URLSearchParams(location.search);
  asked.delete('cursor');
  document.querySelector('[data-current-query]').value = asked.toString();
});
