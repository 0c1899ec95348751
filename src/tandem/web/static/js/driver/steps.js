// The one big button: what comes next for a stop, in the driver's words.
import { h, icon } from './dom.js';
import { allowed, next } from './machine.js';

export const TAPS = {
  accepted: ['check', 'Accept'],
  at_pickup: ['building-warehouse', 'I am at the hub'],
  picked_up: ['package', 'Picked up'],
  en_route: ['steering-wheel', 'Start driving'],
  arriving: ['map-pin', 'Nearly there'],
  arrived: ['home', 'I am at the door'],
};

/** Null where nothing can be tapped, or the door has its own form. */
export function mainTap(stop, actions) {
  const wanted = next(stop);
  if (!wanted || wanted === 'delivered') return null;
  const [name, words] = TAPS[wanted];
  return h('button.tap.is-main', { type: 'button', id: `tap-${stop.delivery_id}`, onclick: () => actions.tell(stop, wanted) }, icon(name), words);
}

/** What else can be said: no, or that it did not work. */
export function otherTaps(stop, actions) {
  const may = allowed(stop);
  const taps = [];
  if (may.includes('unassigned')) {
    taps.push(h('button.tap.is-quiet', { type: 'button', onclick: () => actions.tell(stop, 'unassigned', { reason: 'cannot take it' }).then(() => actions.go('')) }, 'I cannot take it'));
  }
  if (may.includes('failed')) taps.push(h('a.tap.is-quiet', { href: `#fail/${stop.delivery_id}` }, 'Could not deliver'));
  if (stop.status === 'failed' && may.includes('returning')) {
    taps.push(h('button.tap.is-quiet', { type: 'button', onclick: () => actions.tell(stop, 'returning', { reason: 'bringing it back' }).then(() => actions.go('')) }, `Bring it back to ${stop.pickup_name}`));
  }
  return taps;
}
