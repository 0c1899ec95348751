// Keyboard: `g o` goes to orders, j/k walk the rows, x selects, e edits, / searches, ? explains.
import { current, focusRow, rows, toggle } from './rows.js';

const WAIT_MS = 900;
let typed = '';
let typedAt = 0;

function isTyping(target) {
  return target.closest('input:not([type=checkbox]), textarea, select, [contenteditable], dialog[open]');
}

function walk(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(current());
  focusRow(all[Math.min(Math.max(at + step, 0), all.length - 1)]);
}

const ACTIONS = {
  j: () => walk(1),
  k: () => walk(-1),
  x: () => current() && toggle(current()),
  e: () => {
    const href = current()?.dataset.edit ?? document.querySelector('[data-edit-page]')?.href;
    if (href) location.assign(href);
  },
  c: () => top.location.assign('/orders/new'),
  '/': () => document.querySelector('[data-search]')?.focus(),
  '?': () => document.getElementById('help').showModal(),
};

function chosen(keys) {
  return [...document.querySelectorAll('[data-keys]')].find((one) => one.dataset.keys === keys);
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key.length !== 1) return;
  typed = event.timeStamp - typedAt < WAIT_MS && typed === 'g' ? `g ${event.key}` : event.key;
  typedAt = event.timeStamp;
  const target = chosen(typed);
  if (target) target.click();
  else if (ACTIONS[typed]) ACTIONS[typed]();
  else return;
  event.preventDefault();
});

// The help lists what this very page knows.
const list = document.querySelector('[data-help-keys]');
for (const target of document.querySelectorAll('[data-keys]')) {
  const line = document.createElement('div');
  const name = document.createElement('dt');
  name.textContent = (target.querySelector('span') ?? target).textContent.trim();
  const keys = document.createElement('dd');
  for (const key of target.dataset.keys.split(' ')) {
    const shown = document.createElement('kbd');
    shown.textContent = key;
    keys.append(shown, ' ');
  }
  line.append(name, keys);
  list?.append(line);
}
