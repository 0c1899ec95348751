// The buyer's tracking page. The server's page can be read as it is; this adds the map, the gliding
// vehicle and news as they happen: by event stream, and by asking when no stream gets through.
import { inWords } from './map/geo.js';
import { LiveMap } from './map/live.js';

const ASK_MS = 5_000;
const PATIENCE_MS = 8_000;
const REFRESH_MS_MIN = 1_200;

const data = document.getElementById('tracking');
const { token, now } = data.dataset;
const address = `/v1/public/track/${encodeURIComponent(token)}`;
const element = document.querySelector('[data-live-map]');
const map = element && new LiveMap(element);
map?.setServerNow(now);

let tracking = JSON.parse(data.textContent);
let asking = 0;
let refreshedAt = 0;
let waiting = 0;

function sceneOf(picture) {
  const door = picture.planned_location;
  const where = picture.vehicle_location;
  const minutes = picture.estimated_minutes;
  const far = picture.remaining_driving_distance_meters;
  const said = where ? ['The vehicle', far ? `is ${inWords(far)} from the door` : 'is on its way', minutes ? `about ${minutes} minutes away` : ''] : ['The vehicle is not shown yet'];
  return {
    vehicles: where ? [{ id: 'vehicle', label: picture.driver_first_name ?? '', kind: picture.vehicle_kind ?? 'scooter', lat: where.latitude, lon: where.longitude, heading: where.heading, at: where.at, is_stale: where.is_stale }] : [],
    stops: door ? [{ kind: 'door', label: 'Your door', lat: door.latitude, lon: door.longitude }] : [],
    route: where ? [[where.latitude, where.longitude], ...picture.route_polyline_points.map(({ latitude, longitude }) => [latitude, longitude])] : [],
    route_source: picture.route_source,
    text: `${said.filter(Boolean).join(', ')}.`,
  };
}

function mattersMore(one, other) {
  const shown = ({ status, sight, estimated_minutes: minutes, remaining_stop_count: stops, steps, warnings, driver_first_name: driver, planned_location: door, vehicle_location: vehicle, needs_code: code, other_parcels: parcels, expected_on: day }) =>
    JSON.stringify([status, sight, minutes, stops, steps.length, warnings, driver, Boolean(door ?? vehicle), code, parcels, day]);
  return shown(one) !== shown(other);
}

function take(picture) {
  const before = tracking;
  tracking = picture;
  if (map && picture.state !== 'CLOSED') map.draw(sceneOf(picture));
  if (mattersMore(before, picture)) refresh();
}

/** The words come from the server again: one place that knows how to say it. */
function refresh() {
  clearTimeout(waiting);
  const wait = Math.max(0, refreshedAt + REFRESH_MS_MIN - performance.now());
  waiting = setTimeout(async () => {
    refreshedAt = performance.now();
    const answer = await fetch(location.pathname, { headers: { accept: 'text/html' } }).catch(() => null);
    if (!answer) return;
    if (!answer.ok) {
      location.reload();
      return;
    }
    show(new DOMParser().parseFromString(await answer.text(), 'text/html'));
  }, wait);
}

function show(fresh) {
  if (Boolean(fresh.querySelector('[data-map-area]')) && !element) {
    location.reload();
    return;
  }
  if (!fresh.querySelector('[data-map-area]')) document.querySelector('[data-map-area]')?.remove();
  document.getElementById('main').className = fresh.getElementById('main').className;
  document.title = fresh.title;
  const sheet = document.getElementById('sheet');
  const isHelpOpen = sheet.querySelector('details')?.open;
  const headline = document.getElementById('headline');
  const said = fresh.getElementById('headline').textContent;
  const next = document.importNode(fresh.getElementById('sheet'), true);
  if (isHelpOpen) next.querySelector('details').open = true;
  // The live region itself must stay the same element to be read out.
  next.querySelector('#headline').replaceWith(headline);
  if (headline.textContent !== said) headline.textContent = said;
  if (sheet.contains(document.activeElement)) return sheet.replaceChildren(...next.childNodes);
  sheet.replaceWith(next);
}

function connection(text) {
  const line = document.querySelector('[data-connection]');
  line.textContent = text;
  line.hidden = !text;
}

async function ask() {
  const answer = await fetch(address, { headers: { accept: 'application/json' } }).catch(() => null);
  if (answer?.status === 410 || answer?.status === 404) location.reload();
  if (!answer?.ok) return connection('No connection at the moment. Trying again.');
  connection('');
  take(await answer.json());
}

function askAgainAndAgain() {
  if (asking) return;
  asking = setInterval(() => { if (!document.hidden) ask(); }, ASK_MS);
  ask();
}

function stopAsking() {
  clearInterval(asking);
  asking = 0;
}

function listen() {
  const stream = new EventSource(`${address}/stream`);
  let patience = setTimeout(askAgainAndAgain, PATIENCE_MS);
  stream.addEventListener('open', () => {
    clearTimeout(patience);
    patience = 0;
    connection('');
    if (tracking.shipment_number) stopAsking();
    document.documentElement.dataset.live = 'on';
  });
  stream.addEventListener('error', () => {
    document.documentElement.dataset.live = 'off';
    // The browser tries again by itself, and every try may fail: the first failure starts the clock.
    patience ||= setTimeout(askAgainAndAgain, PATIENCE_MS);
  });
  stream.addEventListener('tracking', (event) => take(JSON.parse(event.data)));
  stream.addEventListener('position', (event) => {
    const { latitude: lat, longitude: lon, heading, at, is_stale: isStale } = JSON.parse(event.data);
    if (map) map.move({ id: 'vehicle', lat, lon, heading, at, is_stale: isStale });
    // Nothing was known of any place when the page was made; now there is something to show.
    else refresh();
  });
  stream.addEventListener('gone', () => location.reload());
  addEventListener('pagehide', () => stream.close());
}

if (map && tracking.state !== 'CLOSED') map.draw(sceneOf(tracking));
if (tracking.state !== 'CLOSED' || tracking.status === 'delivered') listen();
// Before there is a parcel there is nothing to listen to.
if (!tracking.shipment_number) askAgainAndAgain();
