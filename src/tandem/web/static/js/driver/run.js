// Today's run: what is next stands large with its one tap, the rest in order below.
import { h, icon, money } from './dom.js';
import { isAboard, isEnded, next } from './machine.js';
import { badge, bar, facts, guides, place, warnings } from './parts.js';
import { scanLabels } from './scan.js';
import { mainTap, TAPS } from './steps.js';

const TOGETHER = ['accepted', 'at_pickup', 'picked_up'];
const UNDER_WAY = ['arrived', 'arriving', 'en_route'];

export function runView(state, actions) {
  const day = state.day;
  if (!day) return [bar(state, { title: 'Today' }), h('main.view', {}, warnings(state), ...skeletons(state))];
  const open = state.stops.filter((stop) => !isEnded(stop.status)).sort(inOrder);
  const ended = state.stops.filter((stop) => isEnded(stop.status));
  const title = `Hello ${day.driver.name.split(' ')[0]}`;
  return [bar(state, { title }), h('main.view', {},
    warnings(state),
    day.shift ? null : offDuty(actions),
    summary(day, open),
    groupTap(open, actions),
    scanTap(state, open, actions),
    open.length ? current(open[0], actions) : nothing(day),
    open.length > 1 ? h('h2', {}, 'After that') : null,
    open.length > 1 ? h('ol.stops', {}, open.slice(1).map(row)) : null,
    ended.length ? h('h2', {}, 'Done') : null,
    ended.length ? h('ul.stops', {}, ended.map(row)) : null)];
}

/** Under way first, nearest to its end; then as planned. */
function inOrder(a, b) {
  const rank = (stop) => (UNDER_WAY.includes(stop.status) ? UNDER_WAY.indexOf(stop.status) : UNDER_WAY.length);
  return rank(a) - rank(b) || a.stop_seq - b.stop_seq;
}

function skeletons(state) {
  if (!state.isOnline) return [h('p.nothing', {}, 'No signal, and no run is kept on this phone yet. It comes by itself as soon as there is a network.')];
  return [1, 2, 3].map(() => h('p.skeleton'));
}

function offDuty(actions) {
  return h('section.sheet-card', {},
    h('h2', {}, 'You are off duty'),
    h('p', {}, 'Your position is told to dispatch, and to the buyer who is next, only while a shift runs.'),
    h('button.tap.is-main', { type: 'button', id: 'shift', onclick: () => actions.shift(true) }, icon('player-play'), 'Begin my shift'));
}

function summary(day, open) {
  const cash = open.reduce((sum, stop) => sum + stop.cod_minor, 0);
  const words = [open.length ? (open.length === 1 ? '1 stop left' : `${open.length} stops left`) : null, day.vehicle?.plate, cash ? `${money(cash, open[0].currency)} to collect` : null];
  return h('p.summary', {}, words.filter(Boolean).join(' · '));
}

/** Several stops wait for the same tap at the hub: one tap for all. */
function groupTap(open, actions) {
  for (const wanted of TOGETHER) {
    const same = open.filter((stop) => next(stop) === wanted && !isAboard(stop.status));
    if (same.length < 2) continue;
    const [name, words] = TAPS[wanted];
    const label = { accepted: `Accept all ${same.length}`, at_pickup: `${words} (${same.length} stops)`, picked_up: `Picked up all ${same.length}` }[wanted];
    return h('button.tap.is-strong', { type: 'button', id: 'group', onclick: () => actions.tellAll(same, wanted) }, icon(name), label);
  }
  return null;
}

/** At the hub: which parcels are really in the vehicle. */
function scanTap(state, open, actions) {
  if (!open.some((stop) => next(stop) === 'picked_up')) return null;
  return h('button.tap', { type: 'button', id: 'scan-labels', onclick: () => scanLabels((number) => pickUp(state, number, actions)) }, icon('barcode'), 'Scan the labels');
}

function pickUp(state, number, actions) {
  const stop = state.stops.find((each) => each.shipment_number === number);
  if (!stop) return `${number} is not on your run.`;
  if (next(stop) !== 'picked_up') return `${number} is ${stop.isAhead || isAboard(stop.status) ? 'picked up already' : 'not to be picked up yet'}.`;
  actions.tell(stop, 'picked_up');
  return `${number} for ${stop.ship_to.name} is picked up.`;
}

function current(stop, actions) {
  const isAtDoor = stop.status === 'arrived';
  return h('section.sheet-card', { 'aria-label': `Next: ${stop.order_number}` },
    h('div.top-line', {}, h('a.order-number', { href: `#stop/${stop.delivery_id}` }, stop.order_number), badge(stop)),
    place(stop), facts(stop), guides(stop),
    isAtDoor ? h('a.tap.is-main', { href: `#stop/${stop.delivery_id}` }, icon('check'), 'Hand over') : mainTap(stop, actions));
}

function row(stop) {
  const to = stop.ship_to;
  return h('li', {}, h('a.stop-row', { href: `#stop/${stop.delivery_id}` },
    h('span.stop-number', { 'aria-hidden': true }, isEnded(stop.status) ? icon(stop.status === 'delivered' ? 'check' : 'x') : String(stop.stop_seq || '•')),
    h('span.stop-text', {}, h('b', {}, to.name), h('span', {}, `${to.line1}, ${to.postal_code}`)),
    badge(stop)));
}

function nothing(day) {
  return h('p.nothing', {}, icon('circle-check'), day.shift ? 'Nothing to deliver at the moment. New stops appear here by themselves.' : 'No stops wait for you.');
}
