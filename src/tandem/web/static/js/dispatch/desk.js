// The dispatch desk: a panel that changes in place beside a map that goes on. The panel names what
// the map draws (data-scene); positions come by event stream while the page is looked at.
import { LiveMap } from '../map/live.js';
import { startPlayback } from './playback.js';

const AGAIN_MS = 400;
const POLL_MS = 30_000;
const NARROW = matchMedia('(width < 760px)');

const panel = () => document.getElementById('panel');
const region = document.getElementById('desk-map');
const map = new LiveMap(region.querySelector('[data-live-map]'), { onPick: pick, follows: false });
let address = '';
let source = null;
let timer = 0;
let playing = null;

function pick(kind, id) {
  go(kind === 'vehicle' ? `/dispatch/drivers/${id}` : `/dispatch/deliveries/${id}`);
}

/** As if a link of the panel had been followed. */
function go(href) {
  const link = document.createElement('a');
  link.href = href;
  link.hidden = true;
  panel().append(link);
  htmx.process(link);
  link.click();
}

const isMapSeen = () => !NARROW.matches || region.classList.contains('is-open');

async function draw(isNew) {
  if (!address || !isMapSeen()) return;
  const asked = address;
  const answer = await fetch(asked, { headers: { accept: 'application/json' } }).catch(() => null);
  if (!answer?.ok || asked !== address) return;
  const scene = await answer.json();
  await map.draw(scene);
  if (!isNew) return;
  if (scene.focus?.length) map.view.fit(scene.focus);
  else map.showAll();
}

/** The panel shows something else, or the same anew. */
async function follow() {
  const wanted = panel().dataset.scene;
  const player = panel().querySelector('[data-playback]');
  if (playing && playing.element !== player) {
    playing.stop();
    playing = null;
  }
  if (player) {
    address = '';
    if (!playing) {
      playing = startPlayback(player, map);
      // A day played back is looked at on the map, on a phone as well.
      showMap(true);
    }
    return;
  }
  const isNew = wanted !== address;
  address = wanted;
  await draw(isNew);
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(() => draw(false), AGAIN_MS);
}

function listen() {
  if (source || document.hidden) return;
  source = new EventSource('/v1/deliveries/stream');
  source.addEventListener('open', () => { document.documentElement.dataset.vehicles = 'on'; });
  source.addEventListener('error', () => { document.documentElement.dataset.vehicles = 'off'; });
  source.addEventListener('vehicles', soon);
  source.addEventListener('delivery', soon);
  source.addEventListener('positions', (event) => {
    for (const seen of JSON.parse(event.data)) {
      if (map.gliders.has(seen.driver_id)) {
        map.move({ id: seen.driver_id, lat: seen.lat, lon: seen.lon, heading: seen.heading, at: seen.heard_at, is_stale: false });
      } else if (address) {
        soon();
      }
    }
  });
}

function hang() {
  source?.close();
  source = null;
}

function showMap(isOpen) {
  region.classList.toggle('is-open', isOpen);
  for (const button of document.querySelectorAll('[data-map-toggle]')) button.setAttribute('aria-expanded', String(isOpen));
  if (isOpen) draw(true);
}

document.addEventListener('click', (event) => {
  if (event.target.closest('[data-map-toggle]')) showMap(!region.classList.contains('is-open'));
});

document.addEventListener('change', (event) => {
  if (event.target.matches('[data-submit-on-change]') && event.target.value) event.target.form.requestSubmit();
});

// A dialog's form changes the panel: the dialog has done its work, unless it comes back refused.
document.addEventListener('htmx:before:request', () => {
  for (const dialog of panel().querySelectorAll('dialog[open]')) dialog.close();
});
document.addEventListener('htmx:after:swap', () => {
  const refused = panel().querySelector('dialog[data-reopen]:not([open])');
  refused?.showModal();
  panel().querySelector('[autofocus]')?.focus();
  for (const button of panel().querySelectorAll('[data-map-toggle]')) {
    button.setAttribute('aria-expanded', String(region.classList.contains('is-open')));
  }
  follow();
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) hang();
  else {
    listen();
    soon();
  }
});
addEventListener('pagehide', hang);
addEventListener('pageshow', listen);
NARROW.addEventListener('change', () => draw(true));
setInterval(() => !document.hidden && draw(false), POLL_MS);

listen();
follow();
