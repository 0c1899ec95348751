// Rows of a list: a click opens one beside the list or alone.
import { mayPeek, peek } from './drawer.js';
import { toggleOf } from './selection.js';

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
  if (box) toggleOf(box, !box.checked);
}

document.addEventListener('click', (event) => {
  const row = event.target.closest('tr[data-href]');
  if (!row || event.target.closest('a, button, input, label, summary')) return;
  if (String(getSelection())) return;
  if (event.metaKey || event.ctrlKey) open(row.dataset.href);
  else if (mayPeek(row)) peek(row);
  else top.location.assign(row.dataset.href);
});

// The list's address changes without a new page; what would be saved as a view follows it.
document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-dialog="save-view"]')) return;
  const asked = new URLSearchParams(location.search);
  asked.delete('cursor');
  document.querySelector('[data-current-query]').value = asked.toString();
});
