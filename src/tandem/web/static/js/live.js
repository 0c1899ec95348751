// What others do appears without a reload. One stream serves all tabs of this browser: the tab that
// holds the lock listens and tells the others. A part of the page names what it follows:
// <div id="list" data-live="orders. inventory."> for topics that begin so, with data-live-key for
// one record; it is asked again (at data-live-from, where the page's own address is a form's) and
// morphed in place, quietly.
const AGAIN_MS = 250;
const channel = new BroadcastChannel('tandem-live');
let timer;

function follows(part, told) {
  const isTopic = part.dataset.live.split(' ').some((start) => told.topic.startsWith(start));
  return isTopic && (!part.dataset.liveKey || part.dataset.liveKey === told.key);
}

function hear(told) {
  document.dispatchEvent(new CustomEvent('tandem:told', { detail: told }));
  doubt((part) => follows(part, told));
}

function doubt(isStale) {
  for (const part of document.querySelectorAll('[data-live][id]')) {
    if (isStale(part)) part.dataset.isStale = 'true';
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, AGAIN_MS);
}

/** Not while somebody types, chooses or has a dialog open there: their work comes first. */
function isBusy(part) {
  const at = document.activeElement;
  return part.contains(at) && at.matches('input:not([type=checkbox]), textarea, select')
    || part.querySelector('.inline-form, .inline-conflict')
    || document.querySelector('dialog[open]:not(.drawer), details.menu[open]');
}

// Somebody went on meanwhile (a filter, a form): an answer from before must not cover theirs.
let steps = 0;
for (const step of ['htmx:before:request', 'htmx:finally:request']) {
  document.addEventListener(step, () => { steps += 1; });
}

let isAsking = false;

/** One question at a time: what becomes stale meanwhile is asked for afterwards. */
async function refresh() {
  const parts = [...document.querySelectorAll('[data-is-stale]')];
  const free = parts.filter((part) => !document.hidden && !isBusy(part));
  if (free.length < parts.length || isAsking) again();
  if (isAsking) return;
  isAsking = true;
  try {
    for (const part of free) await ask(part);
  } finally {
    isAsking = false;
  }
}

function again() {
  clearTimeout(timer);
  timer = setTimeout(refresh, AGAIN_MS * 4);
}

async function ask(part) {
  delete part.dataset.isStale;
  const known = new Set([...part.querySelectorAll('tr[id]')].map((row) => row.id));
  const from = part.dataset.liveFrom ?? location.href;
  const seen = steps;
  const answer = await fetch(from, { headers: { 'HX-Request': 'true' } }).catch(() => null);
  if (answer?.status >= 400) return;
  const text = await answer?.text();
  if (!text || isBusy(part) || seen !== steps) {
    part.dataset.isStale = 'true';
    again();
    return;
  }
  const options = { sourceElement: part, target: `#${part.id}`, select: `#${part.id}`, swap: 'outerMorph' };
  await htmx.swap({ ...options, text, isLive: true });
  greet(part.id, known);
}

function greet(id, known) {
  for (const row of document.querySelectorAll(`#${id} tr[id]`)) {
    if (!known.has(row.id)) row.classList.add('is-new');
  }
}

channel.addEventListener('message', ({ data }) => (data === 'open' ? doubt(() => true) : hear(data)));

function listen() {
  return new Promise(() => {
    const source = new EventSource('/console/stream');
    source.addEventListener('open', () => {
      document.documentElement.dataset.stream = 'on';
      channel.postMessage('open');
      // Between the page's making and this moment something may have happened unheard.
      doubt(() => true);
    });
    source.addEventListener('error', () => { document.documentElement.dataset.stream = 'off'; });
    source.addEventListener('message', (event) => {
      const told = JSON.parse(event.data);
      channel.postMessage(told);
      hear(told);
    });
    addEventListener('pagehide', () => source.close());
  });
}

// What was written here is asked for again at once, whatever the stream says and when.
document.addEventListener('tandem:saved', ({ detail }) => doubt((part) => part === detail));

if (document.querySelector('[data-live]')) {
  if (navigator.locks) {
    navigator.locks.request('tandem-live', listen);
    // Where another tab listens already, it is heard from here on, and not before.
    navigator.locks.query().then(({ held }) => held.length && doubt(() => true));
  } else listen();
}
