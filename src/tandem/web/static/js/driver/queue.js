// What the driver tapped, kept first and told afterwards: in order, each once, with the phone's time.
// The server knows every entry by its client id, so telling it twice tells it once.
import { call, Refused, Unreachable } from './api.js';
import { uuid } from './dom.js';
import * as keep from './keep.js';
import { isBeyond } from './machine.js';

const BATCH = 100;
const AGAIN_MS = [2_000, 5_000, 15_000, 30_000];

let listener = () => {};
let running = null;
let failed = 0;
let timer = 0;

export function onChange(told) {
  listener = told;
}

export async function tellStatus(stop, status, more = {}) {
  const event = { delivery_id: stop.delivery_id, client_event_id: uuid(), status, at: new Date().toISOString(), seen_version: stop.version, ...more };
  await keep.add('queue', { kind: 'status', delivery_id: stop.delivery_id, number: stop.order_number, event });
  await listener();
  return flush();
}

export async function tellPicture(stop, picture, blob, more = {}) {
  const entry = { kind: 'picture', delivery_id: stop.delivery_id, number: stop.order_number, picture, blob, at: new Date().toISOString(), client_event_id: uuid(), ...more };
  await keep.add('queue', entry);
  await listener();
  return flush();
}

/** Send what waits. Resolves when all is told, or when it has to wait: true for all. */
export function flush() {
  clearTimeout(timer);
  running ??= run().finally(() => { running = null; });
  return running;
}

async function run() {
  try {
    for (;;) {
      const waiting = await keep.list('queue', BATCH);
      if (!waiting.length) break;
      await send(waiting);
      await listener();
    }
    failed = 0;
    return true;
  } catch (reason) {
    if (reason instanceof Refused && reason.status === 401) {
      // Signed in again while this was on its way: the new token is tried at once.
      const token = await keep.get('token');
      if (token && token !== reason.token) return run();
      await listener({ isSignedOut: true, token: reason.token });
    }
    else if (reason instanceof Unreachable) again();
    else throw reason;
    return false;
  }
}

function again() {
  timer = setTimeout(flush, AGAIN_MS[Math.min(failed, AGAIN_MS.length - 1)]);
  failed += 1;
}

async function send(waiting) {
  if (waiting[0].kind === 'picture') return sendPicture(waiting[0]);
  const until = waiting.findIndex((entry) => entry.kind !== 'status');
  return sendEvents(until < 0 ? waiting : waiting.slice(0, until));
}

async function sendEvents(entries) {
  let answer;
  try {
    answer = await call('POST', '/v1/driver/events', { events: entries.map((entry) => entry.event), sent_at: new Date().toISOString() });
  } catch (reason) {
    if (!(reason instanceof Refused) || reason.status === 401) throw reason;
    // One entry that the server cannot read must not hold up the others.
    if (entries.length > 1) return sendEvents(entries.slice(0, 1));
    return giveUp(entries[0], reason.message);
  }
  const results = new Map(answer.results.map((result) => [result.client_event_id, result]));
  for (const entry of entries) {
    const result = results.get(entry.event.client_event_id);
    const isLost = ['conflict', 'refused'].includes(result?.outcome) && !isBeyond(result.status, entry.event.status);
    if (isLost) await giveUp(entry, result.problem?.detail ?? 'It did not fit the delivery as it stands.');
    else await keep.remove('queue', [entry.id]);
  }
  return null;
}

async function sendPicture(entry) {
  const form = new FormData();
  form.append('file', entry.blob, `${entry.picture}.${entry.blob.type === 'image/png' ? 'png' : 'jpg'}`);
  for (const [name, value] of Object.entries({
    kind: entry.picture, at: entry.at, sent_at: new Date().toISOString(), client_event_id: entry.client_event_id,
    lat: entry.lat, lon: entry.lon, recipient_name: entry.recipient_name,
  })) if (value !== undefined && value !== null && value !== '') form.append(name, value);
  try {
    await call('POST', `/v1/driver/deliveries/${entry.delivery_id}/proofs`, form);
  } catch (reason) {
    if (!(reason instanceof Refused) || reason.status === 401) throw reason;
    return giveUp(entry, reason.message);
  }
  return keep.remove('queue', [entry.id]);
}

/** Refused for good: off the queue, and in front of the driver until it is read. */
async function giveUp(entry, why) {
  const { id, ...rest } = entry;
  await keep.add('troubles', { ...rest, why });
  await keep.remove('queue', [id]);
}

addEventListener('online', () => {
  failed = 0;
  flush();
});
