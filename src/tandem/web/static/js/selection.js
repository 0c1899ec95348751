// What is selected in a list: one by one, a range with Shift, the page, or all that match. It
// outlives a refresh of the list and its pages, and is said aloud.
const selected = new Set();
let whole = null;
let last = null;

const boxes = () => [...document.querySelectorAll('[data-select]')];
const bar = () => document.querySelector('[data-bulk]');

export function toggleOf(box, isOn) {
  whole = null;
  if (isOn) selected.add(box.value);
  else selected.delete(box.value);
  last = box.value;
  show();
}

function toggleTo(box) {
  const all = boxes();
  const from = all.findIndex((one) => one.value === last);
  const to = all.indexOf(box);
  const [first, end] = [Math.min(from, to), Math.max(from, to)];
  for (const one of all.slice(from < 0 ? to : first, end + 1)) {
    if (box.checked) selected.add(one.value);
    else selected.delete(one.value);
  }
  toggleOf(box, box.checked);
}

function said(many, aloud = '') {
  if (!whole) return `${selected.size.toLocaleString()}${aloud} selected`;
  return `All ${whole.count.toLocaleString()} ${many} that match are selected`;
}

function show() {
  const all = boxes();
  for (const box of all) {
    box.checked = whole !== null || selected.has(box.value);
    box.closest('tr').classList.toggle('is-selected', box.checked);
  }
  const on = all.filter((box) => box.checked).length;
  const head = document.querySelector('[data-select-all]');
  if (head) {
    head.checked = on > 0 && on === all.length;
    head.indeterminate = on > 0 && on < all.length;
  }
  const place = bar();
  if (place) tell(place, on > 0 && on === all.length);
}

function tell(place, isWholePage) {
  const text = said(place.dataset.many);
  place.hidden = !whole && selected.size === 0;
  place.querySelector('[data-bulk-count]').textContent = text;
  const aloud = document.querySelector('[data-bulk-said]');
  const heard = place.hidden ? '' : said(place.dataset.many, ` ${place.dataset.many}`);
  if (aloud && aloud.textContent !== heard) aloud.textContent = heard;
  const more = place.querySelector('[data-bulk-whole]');
  if (more) more.hidden = whole !== null || !isWholePage || !document.querySelector('.pager a');
  const query = location.search.slice(1);
  fill('ids', whole ? '' : [...selected].join(' '));
  fill('is-whole', whole ? 'true' : '');
  fill('matching', whole ? whole.query : '');
  fill('back', query);
}

function fill(name, value) {
  for (const field of document.querySelectorAll(`[data-bulk-${name}]`)) field.value = value;
}

function clear() {
  selected.clear();
  whole = null;
  show();
}

async function selectWhole(place) {
  const query = new URLSearchParams(location.search);
  query.delete('cursor');
  const answer = await fetch(`${place.dataset.matching}?${query}`, { headers: { accept: 'application/json' } });
  if (!answer.ok) return;
  const { count, is_more: isMore } = await answer.json();
  if (isMore) {
    const aloud = `More than ${count.toLocaleString()} match: narrow them down first.`;
    place.querySelector('[data-bulk-count]').textContent = aloud;
    document.querySelector('[data-bulk-said]').textContent = aloud;
    return;
  }
  whole = { query: query.toString(), count };
  show();
}

document.addEventListener('click', (event) => {
  const box = event.target.closest('[data-select]');
  if (box && event.shiftKey) toggleTo(box);
  else if (box) toggleOf(box, box.checked);
  if (event.target.closest('[data-bulk-clear]')) clear();
  if (event.target.closest('[data-bulk-whole]')) selectWhole(bar());
});

document.addEventListener('change', (event) => {
  if (!event.target.matches('[data-select-all]')) return;
  whole = null;
  for (const box of boxes()) {
    if (event.target.checked) selected.add(box.value);
    else selected.delete(box.value);
  }
  show();
});

document.addEventListener('submit', () => fill('back', location.search.slice(1)), { capture: true });

// All that match what the list showed is not what it shows now.
document.addEventListener('htmx:after:swap', () => {
  const query = new URLSearchParams(location.search);
  query.delete('cursor');
  if (whole && whole.query !== query.toString()) whole = null;
  show();
});
