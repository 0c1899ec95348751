// Where the phone is: watched while a shift runs, kept at once, sent in batches. Moving it is kept
// every few seconds, standing every half minute, and coarser when the battery runs low.
import { call, Refused, Unreachable } from './api.js';
import * as keep from './keep.js';

const BATCH = 400;
const SEND_MS = 8_000;
const MOVING_MS = 3_000;
const STANDING_MS = 30_000;
const MOVED_M = 12;
const LOW_BATTERY = 0.15;

let watch = null;
let sender = 0;
let last = null;
let battery = null;
let listener = () => {};

/** off, starting, on, denied, unavailable; `accuracy` in metres. */
export const state = { status: 'off', accuracy: null, place: null, at: 0 };

export function onChange(told) {
  listener = told;
}

export async function start() {
  if (watch !== null) return;
  if (!window.isSecureContext || !navigator.geolocation) return change('unavailable');
  change('starting');
  battery ??= await navigator.getBattery?.().catch(() => null) ?? null;
  battery?.addEventListener('levelchange', restart, { once: true });
  watch = navigator.geolocation.watchPosition(take, refused, { enableHighAccuracy: !isLow(), maximumAge: 2_000, timeout: 30_000 });
  sender = setInterval(send, SEND_MS);
}

export function stop() {
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  watch = null;
  clearInterval(sender);
  change('off');
  return send();
}

const isLow = () => Boolean(battery && battery.level <= LOW_BATTERY && !battery.charging);

/** A new level may ask for coarser or finer positions. */
function restart() {
  if (watch === null) return;
  navigator.geolocation.clearWatch(watch);
  clearInterval(sender);
  watch = null;
  start();
}

function change(status) {
  state.status = status;
  listener();
}

function refused(reason) {
  if (reason.code === reason.PERMISSION_DENIED) change('denied');
}

async function take({ coords, timestamp }) {
  const { latitude: lat, longitude: lon, accuracy, speed, heading } = coords;
  state.place = { lat, lon };
  state.at = timestamp;
  const isNews = state.status !== 'on' || Math.abs((state.accuracy ?? 0) - accuracy) > 10;
  state.accuracy = accuracy;
  if (isNews) change('on');
  if (!isWorthIt(lat, lon, speed, timestamp)) return;
  last = { lat, lon, at: timestamp };
  await keep.add('pings', {
    at: new Date(timestamp).toISOString(), lat, lon, accuracy_m: accuracy,
    speed_mps: speed ?? undefined, heading: Number.isFinite(heading) ? heading : undefined,
    battery: battery ? Math.round(battery.level * 100) : undefined,
  });
}

function isWorthIt(lat, lon, speed, at) {
  if (!last) return true;
  const silent = at - last.at;
  const moved = Math.hypot((lat - last.lat) * 111_195, (lon - last.lon) * 111_195 * Math.cos((lat * Math.PI) / 180));
  const isMoving = moved >= MOVED_M || (speed ?? 0) > 1;
  return silent >= (isMoving ? MOVING_MS : STANDING_MS) * (isLow() ? 4 : 1);
}

let sending = null;

/** Everything that waits, oldest first; what cannot be sent stays. */
export function send() {
  sending ??= drain().catch((reason) => {
    if (!(reason instanceof Unreachable || reason instanceof Refused)) throw reason;
  }).finally(() => { sending = null; });
  return sending;
}

async function drain() {
  for (;;) {
    const held = await keep.list('pings', BATCH);
    if (!held.length) return;
    const pings = held.map(({ id, ...ping }) => ({ ...ping, seq: id }));
    await call('POST', '/v1/driver/pings', { pings, sent_at: new Date().toISOString() });
    await keep.removeUpTo('pings', held.at(-1).id);
  }
}

/** The place to say with a tap, if it is fresh enough to be true. */
export function here() {
  return state.place && Date.now() - state.at < 60_000 ? state.place : {};
}

addEventListener('online', send);
