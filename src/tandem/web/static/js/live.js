// What others do appears without a reload. One stream serves all tabs of this browser: the tab that
// holds the lock listens and tells the others. A part of the page names what it follows:
// <div id="list" data-live="orders. inventory."> for topics that begin so, with data-live-key for
// one record; it is asked again and morphed in place, quietly.
const AGAIN_MS = 250;
const channel = new BroadcastChannel('tandem-live');
let timer;

function follows(part, told) {
  const isTopic = part.dataset.live.split(' ').some((start) => told.topic.startsWith(start));
  return isTopic && (!part.dataset.liveKey || part.dataset.liveKey === told.key);
}

function hear(told) {
  document.dispatchEvent(new CustomEvent('tandem:told', { detail: told }));
  for (const part of document.querySelectorAll('[data-live]')) {
    if (follows(part, told)) part.dataset.isStale = 'true';
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, AGAIN_MS);
}

/** Not while somebody types, chooses or has a dialog open there: their work comes first. */
function isBusy(part) {
  const at = document.activeElement;
  return part.contains(at) && at.matches('input:not([type=checkbox]), textarea, select')
    || document.querySelector('dialog[open], details.menu[open]');
}

function refresh() {
  for (const part of document.querySelectorAll('[data-is-stale]')) {
    if (document.hidden || isBusy(part)) {
      timer = setTimeout(refresh, AGAIN_MS * 4);
      continue;
    }
    delete part.dataset.isStale;
    const known = new Set([...part.querySelectorAll('tr[id]')].map((row) => row.id));
    htmx.ajax('GET', location.href, { target: `#${part.id}`, select: `#${part.id}`, swap: 'outerMorph' })
      .then(() => greet(part.id, known));
  }
}

function greet(id, known) {
  for (const row of document.querySelectorAll(`#${id} tr[id]`)) {
    if (!known.has(row.id)) row.classList.add('is-new');
  }
}

channel.addEventListener('message', (event) => hear(event.data));

function listen() {
  return new Promise(() => {
    const source = new EventSource('/console/stream');
    source.addEventListener('open', () => { document.documentElement.dataset.live = 'on'; });
    source.addEventListener('error', () => { document.documentElement.dataset.live = 'off'; });
    source.addEventListener('message', (event) => {
      const told = JSON.parse(event.data);
      channel.postMessage(told);
      hear(told);
    });
    addEventListener('pagehide', () => source.close());
  });
}

if (document.querySelector('[data-live]')) {
  if (navigator.locks) navigator.locks.request('tandem-live', listen);
  else listen();
}
