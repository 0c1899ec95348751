// The blocks of a letter: added from a menu, moved with buttons, Alt and the arrow keys or by
// dragging, doubled, removed and brought back. What they make is shown by words.js, as for a source.
const form = document.getElementById('words');
const said = document.querySelector('[data-blocks-said]');
const gone = new WeakMap();
let dragged = null;
let count = 0;

const blockOf = (element) => element.closest?.('[data-block]');
const inList = (list) => [...list.querySelectorAll(':scope > [data-block]')];
const changed = () => form.dispatchEvent(new Event('input', { bubbles: true }));

/** The same block under another name: of its fields, their labels and the lists inside it. */
function rename(block, from, to) {
  for (const element of [block, ...block.querySelectorAll('*')]) {
    for (const name of ['name', 'id', 'for', 'aria-describedby', 'data-block', 'data-blocks']) {
      const value = element.getAttribute(name);
      if (value === from || value?.startsWith(`${from}.`)) element.setAttribute(name, to + value.slice(from.length));
    }
  }
}

const fresh = (list) => `${list.dataset.blocks}.n${Date.now().toString(36)}${(count += 1)}`;

function tell(block, what) {
  const all = inList(block.parentElement);
  said.textContent = `${block.dataset.named} ${what}, ${all.indexOf(block) + 1} of ${all.length}`;
}

function open(block) {
  const details = block.querySelector('details');
  details.open = true;
  (details.querySelector('.block-body :is(input:not([type=hidden]), textarea, select)') ?? details.querySelector('summary')).focus();
}

function add(list, kind) {
  const block = document.querySelector(`template[data-kind="${kind}"]`).content.firstElementChild.cloneNode(true);
  rename(block, '__at__', fresh(list));
  list.append(block);
  open(block);
  tell(block, 'added');
  changed();
}

function double(block) {
  const copy = block.cloneNode(true);
  const typed = block.querySelectorAll('input, textarea, select');
  for (const [place, control] of copy.querySelectorAll('input, textarea, select').entries()) control.value = typed[place].value;
  rename(copy, block.dataset.block, fresh(block.parentElement));
  block.after(copy);
  open(copy);
  tell(copy, 'added');
  changed();
}

function move(block, by, focused) {
  const all = inList(block.parentElement);
  const to = all[all.indexOf(block) + by];
  if (!to) return;
  if (by < 0) to.before(block);
  else to.after(block);
  focused.focus();
  tell(block, 'moved');
  changed();
}

function remove(block) {
  const note = document.createElement('li');
  note.className = 'block-gone';
  const back = document.createElement('button');
  back.type = 'button';
  back.className = 'btn btn-small';
  back.dataset.back = '';
  back.textContent = 'Undo';
  note.append(`${block.dataset.named} removed`, back);
  gone.set(note, block);
  block.replaceWith(note);
  back.focus();
  said.textContent = note.firstChild.data;
  changed();
}

function bringBack(note) {
  const block = gone.get(note);
  note.replaceWith(block);
  block.querySelector('summary').focus();
  tell(block, 'is back');
  changed();
}

form.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  const block = blockOf(button);
  if ('add' in button.dataset) {
    const menu = button.closest('details');
    menu.open = false;
    add(menu.previousElementSibling, button.dataset.add);
  } else if ('back' in button.dataset) bringBack(button.closest('.block-gone'));
  else if ('up' in button.dataset) move(block, -1, button);
  else if ('down' in button.dataset) move(block, 1, button);
  else if ('double' in button.dataset) double(block);
  else if ('remove' in button.dataset) remove(block);
});

form.addEventListener('keydown', (event) => {
  const block = blockOf(event.target);
  if (!block || !event.altKey || !/^Arrow(Up|Down)$/.test(event.key) || event.target.matches('select')) return;
  event.preventDefault();
  move(block, event.key === 'ArrowUp' ? -1 : 1, event.target);
});

form.addEventListener('input', (event) => {
  if ('sums' in (event.target.dataset ?? {})) blockOf(event.target).querySelector('[data-sum]').textContent = event.target.value.slice(0, 80);
});

// Only its grip lifts a block: words in its fields can still be selected.
form.addEventListener('pointerdown', (event) => {
  const block = event.target.closest('[data-grip]') && blockOf(event.target);
  if (block) block.draggable = true;
});

form.addEventListener('dragstart', (event) => {
  dragged = event.target.matches?.('[data-block]') ? event.target : null;
  if (!dragged) return;
  event.dataTransfer.effectAllowed = 'move';
  event.dataTransfer.setData('text/plain', dragged.dataset.named);
  dragged.classList.add('is-dragged');
});

form.addEventListener('dragover', (event) => {
  if (!dragged) return;
  let over = blockOf(event.target);
  while (over && over.parentElement !== dragged.parentElement) over = blockOf(over.parentElement);
  if (!over) return;
  event.preventDefault();
  if (over === dragged) return;
  const box = over.getBoundingClientRect();
  if (event.clientY < box.top + box.height / 2) over.before(dragged);
  else over.after(dragged);
});

form.addEventListener('drop', (event) => dragged && event.preventDefault());

form.addEventListener('dragend', () => {
  if (!dragged) return;
  dragged.classList.remove('is-dragged');
  dragged.draggable = false;
  tell(dragged, 'moved');
  dragged = null;
  changed();
});

form.querySelector('.block [aria-invalid]')?.focus();
