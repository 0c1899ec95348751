// The driver's page. It draws from what the phone keeps, at once; the server is asked beside that.
//
// For tests: `window.tandemDriver.ready` resolves when the first view stands.
import { call, Refused, Unreachable } from './api.js';
import { paint, stayAwake } from './awake.js';
import { say } from './dom.js';
import * as keep from './keep.js';
import { project } from './machine.js';
import * as position from './position.js';
import * as queue from './queue.js';
import { failView } from './fail.js';
import { meView } from './me.js';
import { runView } from './run.js';
import { signInView } from './signin.js';
import { stopView } from './stop.js';
import { isTouched, whenLetGo } from './touch.js';
import { waitingView } from './waiting.js';

const ASK_MS = 20_000;
const VIEWS = { stop: stopView, fail: failView, waiting: waitingView, me: meView };
const app = document.getElementById('app');

export const state = {
  isSignedIn: false, isOnline: navigator.onLine, isSecure: window.isSecureContext, isReading: true,
  day: null, stops: [], queue: [], troubles: [], drafts: new Map(), problem: '', position: position.state,
};

/** What was typed for a stop and not told yet. */
state.draft = (id) => {
  if (!state.drafts.has(id)) state.drafts.set(id, { code: '', hasCash: false, problem: '' });
  return state.drafts.get(id);
};

let shown = '';

function route() {
  const [name, id] = location.hash.slice(1).split('/');
  return { name, id };
}

export function draw() {
  if (isTouched()) {
    whenLetGo(draw);
    return;
  }
  const { name, id } = route();
  const view = !state.isSignedIn ? signInView : VIEWS[name] ?? runView;
  const focused = document.activeElement?.id;
  const drawn = view(state, actions, id) ?? runView(state, actions);
  const isNew = shown !== location.hash + state.isSignedIn;
  shown = location.hash + state.isSignedIn;
  const scrolled = document.scrollingElement.scrollTop;
  app.replaceChildren(...[drawn].flat());
  if (isNew) {
    document.scrollingElement.scrollTop = 0;
    app.querySelector('h1')?.focus({ preventScroll: true });
  } else {
    document.scrollingElement.scrollTop = scrolled;
    if (focused) restore(document.getElementById(focused));
  }
}

function restore(field) {
  if (!field) return;
  field.focus({ preventScroll: true });
  if (field.matches('input[type=text], input[type=tel], textarea')) field.setSelectionRange(field.value.length, field.value.length);
}

/** Read what the phone keeps and show it. */
async function load() {
  const day = await keep.get('day');
  state.isSignedIn = Boolean(await keep.get('token'));
  state.queue = await keep.list('queue');
  state.troubles = await keep.list('troubles');
  state.day = day ?? null;
  state.stops = day ? project(day.stops, state.queue) : [];
  draw();
}

/** Ask for the day anew. */
async function ask() {
  if (!state.isSignedIn || document.hidden) return;
  try {
    const day = await call('GET', '/v1/driver/day');
    tellNews(day);
    await keep.set('day', day);
    if (day.vehicle) await keep.set('vehicle', day.vehicle.id);
    state.isOnline = true;
  } catch (reason) {
    if (reason instanceof Unreachable) state.isOnline = false;
    else if (reason instanceof Refused && [401, 403].includes(reason.status)) await signedOut(reason.message, reason.token);
    else throw reason;
  }
  state.isReading = false;
  await load();
  follow();
}

function tellNews(day) {
  if (!state.day) return;
  const known = new Set(state.day.stops.map((stop) => stop.delivery_id));
  const fresh = day.stops.filter((stop) => !known.has(stop.delivery_id));
  if (!fresh.length) return;
  navigator.vibrate?.([80, 60, 80]);
  say(fresh.length === 1 ? `A new stop: ${fresh[0].order_number}.` : `${fresh.length} new stops.`);
}

/** The shift decides whether the phone tells its place and keeps its screen on. */
async function follow() {
  const isOn = Boolean(state.isSignedIn && state.day?.shift);
  if (isOn) position.start();
  else if (position.state.status !== 'off') position.stop();
  stayAwake(isOn && (await keep.get('awake')) !== false);
}

/** An answer that was on its way while the driver signed in again says nothing about the new token. */
async function signedOut(why, token) {
  if ((await keep.get('token')) !== token) return;
  await keep.forget('token');
  state.problem = why;
}

export const actions = {
  draw, load,
  go: (hash) => { location.hash = hash; },
  tell: async (stop, status, more = {}) => {
    const sent = queue.tellStatus(stop, status, { ...position.here(), ...more });
    navigator.vibrate?.(30);
    await load();
    if (await sent) await ask();
  },
  tellAll: async (stops, status) => {
    for (const stop of stops) queue.tellStatus(stop, status, position.here());
    await load();
    if (await queue.flush()) await ask();
  },
  tellPicture: async (stop, picture, blob, more = {}) => {
    const sent = queue.tellPicture(stop, picture, blob, { ...position.here(), ...more });
    await load();
    if (await sent) await ask();
  },
  /** True: right. False: cannot be asked now. Throws Refused when it is wrong. */
  checkCode: async (stop, code) => {
    if (!(await queue.flush())) return false;
    try {
      await call('POST', `/v1/driver/deliveries/${stop.delivery_id}/door-code-checks`, { code, ...position.here() });
      return true;
    } catch (reason) {
      if (reason instanceof Unreachable) return false;
      throw reason;
    }
  },
  shift: async (isOn) => {
    try {
      if (isOn) await startShift();
      else await call('DELETE', '/v1/driver/shifts/current');
      state.problem = '';
    } catch (reason) {
      state.problem = reason instanceof Unreachable ? 'There is no signal. A shift begins and ends online.' : reason.message;
    }
    await ask();
  },
  signIn: async (token) => {
    await keep.set('token', token);
    state.problem = '';
    await load();
    await queue.flush();
    await ask();
  },
  signOut: async () => {
    await position.stop();
    for (const store of ['queue', 'pings', 'troubles']) await keep.clear(store);
    for (const key of ['token', 'day', 'vehicle']) await keep.forget(key);
    state.drafts.clear();
    location.hash = '';
    await load();
    stayAwake(false);
  },
  dismiss: async (ids) => {
    await keep.remove('troubles', ids);
    await load();
  },
  retry: async () => {
    if (await queue.flush()) await ask();
    await load();
  },
};

async function startShift() {
  const vehicle = await keep.get('vehicle');
  try {
    await call('POST', '/v1/driver/shifts', { vehicle_id: vehicle ?? null });
  } catch (reason) {
    const isTaken = reason instanceof Refused && ['vehicle_in_use', 'unknown_vehicle'].includes(reason.problem.code);
    if (!isTaken) throw reason;
    await call('POST', '/v1/driver/shifts', { vehicle_id: null });
  }
}

/** A link from dispatch ends in `#device=tdd_…`; the token does not stay in the address. */
function tokenOfLink() {
  const found = location.hash.match(/^#device=(tdd_[\w-]+)$/);
  if (found) history.replaceState(null, '', location.pathname);
  return found?.[1];
}

queue.onChange(async (told) => {
  if (told?.isSignedOut) await signedOut('This phone was signed out. What you tapped is kept: sign in again to send it.', told.token);
  await load();
});
position.onChange(draw);
addEventListener('hashchange', () => {
  const token = tokenOfLink();
  if (token) actions.signIn(token);
  else draw();
});
for (const name of ['online', 'offline']) {
  addEventListener(name, () => {
    state.isOnline = navigator.onLine;
    draw();
    if (navigator.onLine) ask();
  });
}
document.addEventListener('visibilitychange', ask);
setInterval(ask, ASK_MS);

paint();
if (navigator.serviceWorker) navigator.serviceWorker.register('/driver/worker.js', { scope: '/driver' }).catch(() => {});
navigator.storage?.persist?.();

async function begin() {
  const token = tokenOfLink();
  if (token) await keep.set('token', token);
  await load();
  await queue.flush();
  await ask();
}

window.tandemDriver = { ready: begin(), state };
