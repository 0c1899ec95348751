// A board: a card is dragged, moved with Alt and the arrow keys, or by its "Move to…". It stands
// there at once; the server decides where it stays, and the board comes back as it is then.
import { say } from './said.js';
import { toast } from './toasts.js';

let dragged = null;
let focused = '';
let moved = null;
let next = null;

const cards = (column) => [...column.querySelectorAll('[data-card]')];
const columns = () => [...document.querySelectorAll('[data-stage]')];

/** One move at a time: a later one waits for the answer, which brings the card's new version. */
function place(card, column, after) {
  if (moved) {
    next = [card.id, column.dataset.stage, after?.id];
    return;
  }
  const form = document.getElementById('place-form');
  form.elements.card_id.value = card.dataset.card;
  form.elements.version.value = card.dataset.version;
  form.elements.stage_id.value = column.dataset.stage;
  form.elements.after_id.value = after?.dataset.card ?? '';
  focused = card.id;
  moved = { card, parent: card.parentElement, before: card.nextElementSibling };
  if (after) after.after(card);
  else column.querySelector('.board-cards').prepend(card);
  card.querySelector('a').focus();
  form.requestSubmit();
}

/** The card keeps the focus, and says where it stands now. */
function tellWhere(card) {
  if (!card) return;
  const link = card.querySelector('a');
  const column = card.closest('[data-stage]');
  const all = cards(column);
  link.focus();
  say(`${link.textContent}: ${column.querySelector('h2').textContent}, ${all.indexOf(card) + 1} of ${all.length}`);
}

/** Nothing came back: the card stands where it stood. */
function takeBack() {
  moved?.parent.insertBefore(moved.card, moved.before);
  moved = next = null;
  toast('There is no connection; the card is where it was.');
}

/** What a finger or a screen reader moves it by: the other columns as a list of buttons. */
function askWhereTo(card) {
  const dialog = document.createElement('dialog');
  dialog.className = 'dialog board-where';
  const title = document.createElement('h2');
  title.textContent = `Move “${card.querySelector('a').textContent}” to`;
  dialog.setAttribute('aria-label', title.textContent);
  const body = document.createElement('div');
  body.className = 'dialog-body';
  body.append(title);
  for (const column of columns().filter((one) => !one.contains(card))) {
    const goal = document.createElement('button');
    goal.type = 'button';
    goal.className = 'btn';
    goal.textContent = column.querySelector('h2').textContent;
    goal.addEventListener('click', () => {
      dialog.close();
      place(card, column, cards(column).at(-1));
    });
    body.append(goal);
  }
  const stay = document.createElement('button');
  stay.type = 'button';
  stay.className = 'btn btn-quiet';
  stay.dataset.close = '';
  stay.textContent = 'Cancel';
  body.append(stay);
  dialog.append(body);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** The card above this height, the dragged one left out. */
function above(column, y) {
  const others = cards(column).filter((card) => card !== dragged);
  return others.findLast((card) => {
    const box = card.getBoundingClientRect();
    return y > box.top + box.height / 2;
  });
}

document.addEventListener('click', (event) => {
  const card = event.target.closest('[data-move]')?.closest('[data-card]');
  if (card) askWhereTo(card);
});

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

/** The card that has the keys, also while the answer to its last move takes its place. */
function held(event) {
  const isNowhere = event.target === document.body;
  const from = isNowhere && focused ? document.getElementById(focused) : event.target;
  return from?.closest?.('[data-card][draggable]');
}

document.addEventListener('keydown', (event) => {
  const card = held(event);
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

document.addEventListener('htmx:error', takeBack);
document.addEventListener('htmx:after:swap', (event) => {
  if (event.detail.ctx?.isLive) return;
  moved = null;
  tellWhere(document.getElementById(focused));
  focused = '';
  if (!next) return;
  const [card, stage, after] = next;
  next = null;
  const [stood, goal] = [document.getElementById(card), columns().find((one) => one.dataset.stage === stage)];
  if (stood && goal) place(stood, goal, document.getElementById(after));
});
