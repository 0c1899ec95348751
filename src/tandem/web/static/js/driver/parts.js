// What several views of the driver's page share.
import { clock, day, h, icon, money } from './dom.js';
import { inWords } from './machine.js';

const TONES = {
  offered: 'warn', assigned: 'warn', accepted: 'info', at_pickup: 'info', picked_up: 'info', en_route: 'info',
  arriving: 'info', arrived: 'good', delivered: 'good', failed: 'bad', returning: 'warn',
};

export function badge(stop) {
  return h(`span.badge-status.tone-${TONES[stop.status] ?? 'quiet'}`, {}, inWords(stop.status), stop.waiting ? ' · not sent yet' : '');
}

/** The bar on top: where one is, and whether everything is told. */
export function bar(state, { title, back = null }) {
  return h('header.bar', {},
    back === null ? null : h('a.round', { href: back, 'aria-label': 'Back' }, icon('arrow-left')),
    h('h1', { tabindex: -1 }, title),
    network(state),
    back === null ? h('a.round', { href: '#me', 'aria-label': 'Me and this phone' }, icon('user-circle')) : null);
}

function network(state) {
  const waiting = state.queue.length;
  const refused = state.troubles.length;
  const words = [state.isOnline ? null : 'Offline', waiting ? `${waiting} waiting` : null, refused ? `${refused} refused` : null].filter(Boolean);
  const tone = refused ? 'bad' : words.length ? 'warn' : 'good';
  return h(`a.network.tone-${tone}`, { href: '#waiting', id: 'network' }, icon(state.isOnline ? 'wifi' : 'wifi-off'), words.join(' · ') || 'All sent');
}

/** What keeps this phone from being a driver's phone. */
export function warnings(state) {
  const found = [];
  if (!state.isSecure) found.push(['lock-open', 'This address is not https: the phone gives no position and no camera, keeps no offline copy and lets the screen go dark. Ask dispatch for an https link.']);
  else if (state.day?.shift && state.position.status === 'denied') found.push(['current-location', 'The phone does not tell its position. Allow it for this page in the browser\'s settings.']);
  else if (state.day?.shift && state.position.status === 'unavailable') found.push(['current-location', 'This phone has no position to tell.']);
  if (state.problem) found.push(['alert-triangle', state.problem]);
  return found.map(([name, text]) => h('p.warning', { role: 'note' }, icon(name), h('span', {}, text)));
}

export function place(stop) {
  const to = stop.ship_to;
  return h('div.place', {},
    h('p.place-name', {}, to.name),
    h('p', {}, to.line1, to.line2 ? `, ${to.line2}` : ''),
    to.landmark ? h('p', {}, `Near ${to.landmark}`) : null,
    h('p', {}, `${to.city} ${to.postal_code}`));
}

export function facts(stop) {
  const named = [
    ['box', stop.parcels === 1 ? '1 parcel' : `${stop.parcels} parcels`, stop.shipment_number],
    stop.cod_minor ? ['cash', `Collect ${money(stop.cod_minor, stop.currency)}`, 'in cash'] : null,
    stop.arrives_at ? ['clock', `There about ${clock(stop.arrives_at)}`, ''] : null,
    stop.promised_on ? ['calendar', `Promised ${day(stop.promised_on)}`, ''] : null,
    stop.attempt > 1 ? ['refresh', `Try ${stop.attempt}`, ''] : null,
  ];
  return h('ul.facts-list', {}, named.filter(Boolean).map(([name, text, more]) => h('li', {}, icon(name), h('span', {}, text, more ? h('small', {}, ` ${more}`) : null))));
}

/** The phone's own map application does the navigating. */
export function guides(stop) {
  const isAtHub = ['accepted', 'at_pickup'].includes(stop.status);
  const [lat, lon] = isAtHub ? [stop.pickup_lat, stop.pickup_lon] : [stop.lat, stop.lon];
  const goal = lat === null ? encodeURIComponent(`${stop.ship_to.line1}, ${stop.ship_to.city} ${stop.ship_to.postal_code}`) : `${lat},${lon}`;
  return h('div.pair', {},
    h('a.tap', { href: `https://www.google.com/maps/dir/?api=1&destination=${goal}`, target: '_blank', rel: 'noopener noreferrer' }, icon('navigation'), isAtHub ? 'To the hub' : 'Navigate'),
    h('a.tap', { href: `tel:${stop.recipient_phone}` }, icon('phone'), 'Call'));
}
