// A record on top of its list (`/orders?status=…#/orders/<id>`): Space or a click on the row opens
// it, Enter opens its page, j and k go on to the next, Escape and the back button close it. The
// record is its own page in a frame (js/framed.js), so that all it can do, it can do here.
import { current, focusRow, rows } from './rows.js';

const ROOM_PX = 1000;
const FALLS_BACK = ['/new', '/edit', '/import'];
let drawer;
let opened = '';
let isOurs = false;

const isInside = self !== top;

function wanted() {
  const path = decodeURIComponent(location.hash.slice(1));
  return /^\/[a-z]/.test(path) && !path.startsWith('//') ? path : '';
}

function rowOf(path) {
  return rows().find((row) => row.dataset.href === path);
}

/** Is there room, and a list with this row? Else the record's page is the better place. */
export function mayPeek(row) {
  const path = row.dataset.href;
  return !isInside && innerWidth >= ROOM_PX && row.closest('#list') && !FALLS_BACK.some((end) => path.endsWith(end));
}

export function peek(row) {
  isOurs = true;
  location.hash = row.dataset.href;
}

function build() {
  drawer = document.createElement('dialog');
  drawer.className = 'drawer';
  drawer.setAttribute('aria-label', 'Record');
  drawer.innerHTML = `
    <div class="drawer-bar"><button class="icon-button" type="button" data-step="-1" title="Previous (k)" aria-label="Previous">‹</button>
      <button class="icon-button" type="button" data-step="1" title="Next (j)" aria-label="Next">›</button>
      <a class="btn btn-small" data-whole>Open its page <kbd aria-hidden="true">Enter</kbd></a>
      <button class="btn btn-small btn-quiet" type="button" data-shut>Close <kbd aria-hidden="true">Esc</kbd></button></div>
    <div class="drawer-wait" aria-hidden="true"><i class="skeleton"></i><i class="skeleton"></i><i class="skeleton"></i><i class="skeleton"></i></div>
    <iframe title="Record"></iframe>`;
  document.body.append(drawer);
  drawer.addEventListener('click', (event) => {
    const step = event.target.closest('[data-step]')?.dataset.step;
    if (step) walk(Number(step));
    if (event.target.closest('[data-shut]')) drawer.close();
  });
  drawer.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    onKey(event.key, event);
  });
  drawer.addEventListener('close', shut);
  drawer.querySelector('iframe').addEventListener('load', arrived);
}

function onKey(key, event) {
  if (key === 'j') walk(1);
  else if (key === 'k') walk(-1);
  else if (key === ' ' && !event.target.closest('button')) drawer.close();
  else return;
  event.preventDefault();
}

function walk(step) {
  const all = rows().filter((row) => row.closest('#list'));
  const next = all[all.indexOf(rowOf(opened)) + step];
  if (!next) return;
  history.replaceState(history.state, '', `#${next.dataset.href}`);
  follow();
}

/** What its frame shows now: the record, or where a form of it led, which gets the whole window. */
function arrived() {
  const frame = drawer.querySelector('iframe');
  const at = frame.contentWindow.location;
  if (!opened || at.href === 'about:blank') return;
  if (!at.pathname.startsWith(opened)) {
    top.location.assign(at.href);
    return;
  }
  drawer.classList.add('is-there');
  const name = frame.contentDocument.title.split(' · ')[0];
  drawer.setAttribute('aria-label', name);
  frame.title = name;
}

function follow() {
  const path = wanted();
  if (path === opened) return;
  opened = path;
  if (!path) {
    if (drawer?.open) drawer.close();
    return;
  }
  if (!drawer) build();
  for (const row of rows()) row.classList.toggle('is-peeked', row.dataset.href === path);
  drawer.classList.remove('is-there');
  drawer.querySelector('[data-whole]').href = path;
  drawer.querySelector('iframe').contentWindow.location.replace(path);
  if (!drawer.open) drawer.showModal();
  drawer.querySelector('[data-whole]').focus();
}

function shut() {
  const row = rowOf(opened);
  for (const one of document.querySelectorAll('.is-peeked')) one.classList.remove('is-peeked');
  const isOpenYet = wanted() !== '';
  const goesBack = isOpenYet && isOurs;
  opened = '';
  drawer.querySelector('iframe').contentWindow.location.replace('about:blank');
  if (goesBack) history.back();
  else if (isOpenYet) history.replaceState(history.state, '', location.pathname + location.search);
  isOurs = false;
  if (!row) return;
  focusRow(row);
  // Going back moves the focus to where the address before led.
  if (goesBack) addEventListener('hashchange', () => focusRow(row), { once: true });
}

if (!isInside && document.getElementById('list')) {
  addEventListener('hashchange', follow);
  addEventListener('tandem:drawer', ({ detail }) => {
    if (detail === 'Escape') drawer?.close();
    else walk(detail === 'j' ? 1 : -1);
  });
  document.addEventListener('keydown', (event) => {
    const row = current();
    if (event.key !== ' ' || !row || event.target.closest('button, input, summary, dialog') || !mayPeek(row)) return;
    event.preventDefault();
    peek(row);
  });
  if (wanted() && innerWidth >= ROOM_PX) follow();
  else if (wanted()) location.replace(wanted());
}
