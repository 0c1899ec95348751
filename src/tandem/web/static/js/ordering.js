// A list that is put in order: an item is dragged, moved with Alt and the arrow keys, or by its two
// buttons. The new order is sent at once; the server answers with the list as it is then.
const KEPT = 'tandem.ordering.focus';
let dragged = null;

const listOf = (item) => item.closest('[data-orderly]');
const items = (list) => [...list.querySelectorAll(':scope > [data-item]')];

function send(list, moved) {
  const form = document.getElementById(list.dataset.orderly);
  form.elements.ids.value = items(list).map((item) => item.dataset.item).join(',');
  sessionStorage.setItem(KEPT, moved.dataset.item);
  form.requestSubmit();
}

function move(item, by) {
  const list = listOf(item);
  const all = items(list);
  const at = all.indexOf(item) + by;
  if (at < 0 || at >= all.length) return;
  if (by < 0) all[at].before(item);
  else all[at].after(item);
  send(list, item);
}

document.addEventListener('click', (event) => {
  const button = event.target.closest?.('[data-move]');
  if (button) move(button.closest('[data-item]'), Number(button.dataset.move));
});

document.addEventListener('keydown', (event) => {
  const item = event.target.closest?.('[data-item][draggable]');
  if (!item || !event.altKey || !/^Arrow(Up|Down)$/.test(event.key)) return;
  event.preventDefault();
  move(item, event.key === 'ArrowUp' ? -1 : 1);
});

document.addEventListener('dragstart', (event) => {
  dragged = event.target.closest?.('[data-item][draggable]') ?? null;
  if (!dragged) return;
  event.dataTransfer.effectAllowed = 'move';
  event.dataTransfer.setData('text/plain', dragged.dataset.item);
  dragged.classList.add('is-dragged');
});

document.addEventListener('dragover', (event) => {
  const over = event.target.closest?.('[data-item]');
  if (!dragged || !over || listOf(over) !== listOf(dragged)) return;
  event.preventDefault();
  if (over === dragged) return;
  const box = over.getBoundingClientRect();
  if (event.clientY < box.top + box.height / 2) over.before(dragged);
  else over.after(dragged);
});

document.addEventListener('drop', (event) => {
  if (!dragged || !listOf(event.target)) return;
  event.preventDefault();
  send(listOf(dragged), dragged);
});

document.addEventListener('dragend', () => {
  dragged?.classList.remove('is-dragged');
  dragged = null;
});

const kept = sessionStorage.getItem(KEPT);
if (kept) {
  sessionStorage.removeItem(KEPT);
  document.querySelector(`[data-item="${CSS.escape(kept)}"] a`)?.focus();
}
