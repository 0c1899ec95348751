// My tasks: d ticks off the row that has the focus; afterwards the next one has it.
import { current, focusRow, rows } from './rows.js';

const KEPT = 'tandem.tasks.place';

document.addEventListener('keydown', (event) => {
  if (event.key !== 'd' || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest('input, textarea, select, dialog[open]')) return;
  const row = current();
  const form = row?.querySelector('form[data-done]');
  if (!form) return;
  event.preventDefault();
  sessionStorage.setItem(KEPT, rows().indexOf(row));
  form.requestSubmit();
});

const kept = sessionStorage.getItem(KEPT);
if (kept !== null) {
  sessionStorage.removeItem(KEPT);
  const all = rows();
  const next = all[Math.min(Number(kept), all.length - 1)];
  if (next) focusRow(next);
}
