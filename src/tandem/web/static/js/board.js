// The deals' board: a card is dragged, or moved with Alt and the arrow keys. The server decides
// where it stands; the board comes back as it is then.
let dragged = null;
let focused = '';

const cards = (column) => [...column.querySelectorAll('[data-card]')];
const columns = () => [...document.querySelectorAll('[data-stage]')];

function place(card, column, after) {
  const form = document.getElementById('place-form');
  form.elements.card_id.value = card.dataset.card;
  form.elements.version.value = card.dataset.version;
  form.elements.stage_id.value = column.dataset.stage;
  form.elements.after_id.value = after?.dataset.card ?? '';
  focused = card.id;
  form.requestSubmit();
}

/** The card above this height, the dragged one left out. */
function above(column, y) {
  const others = cards(column).filter((card) => card !== dragged);
  return others.findLast((card) => {
    const box = card.getBoundingClientRect();
    return y > box.top + box.height / 2;
  });
}

document.addEventListener('dragstart', (event) => {
  dragged = event.target.closest?.('[data-card]');
  if (!dragged) return;
  event.dataTransfer.effectAllowed = 'move';
  event.dataTransfer.setData('text/plain', dragged.dataset.card);
  dragged.classList.add('is-dragged');
});

document.addEventListener('dragover', (event) => {
  const column = event.target.closest?.('[data-stage]');
  if (!dragged || !column) return;
  event.preventDefault();
  for (const each of columns()) each.classList.toggle('is-over', each === column);
});

document.addEventListener('drop', (event) => {
  const column = event.target.closest?.('[data-stage]');
  if (!dragged || !column) return;
  event.preventDefault();
  place(dragged, column, above(column, event.clientY));
});

document.addEventListener('dragend', () => {
  dragged?.classList.remove('is-dragged');
  dragged = null;
  for (const each of columns()) each.classList.remove('is-over');
});

document.addEventListener('keydown', (event) => {
  const card = event.target.closest?.('[data-card][draggable]');
  if (!card || !event.altKey || !event.key.startsWith('Arrow')) return;
  event.preventDefault();
  const column = card.closest('[data-stage]');
  const here = cards(column);
  const at = here.indexOf(card);
  const side = columns()[columns().indexOf(column) + (event.key === 'ArrowRight' ? 1 : -1)];
  if (event.key === 'ArrowUp' && at > 0) place(card, column, here[at - 2]);
  if (event.key === 'ArrowDown' && at < here.length - 1) place(card, column, here[at + 1]);
  if (/Left|Right/.test(event.key) && side) place(card, side, cards(side).at(-1));
});

document.addEventListener('htmx:after:swap', () => {
  if (focused) document.getElementById(focused)?.querySelector('a')?.focus();
  focused = '';
});
