// What was tapped and is not told yet, and what the server did not accept.
import { clock, h, icon } from './dom.js';
import { inWords } from './machine.js';
import { bar, warnings } from './parts.js';

export function waitingView(state, actions) {
  return [bar(state, { title: 'Sent and waiting', back: '#' }), h('main.view', {},
    warnings(state),
    state.troubles.length ? troubles(state, actions) : null,
    h('h2', {}, 'Waiting'),
    state.queue.length ? h('ol.entries', {}, state.queue.map((entry) => h('li', {}, icon('clock'), line(entry)))) : h('p.nothing', {}, icon('circle-check'), 'Everything you tapped is told.'),
    state.queue.length ? h('button.tap', { type: 'button', id: 'retry', onclick: actions.retry }, icon('refresh'), 'Try now') : null,
    h('p.hint', {}, 'Taps are kept on this phone with their time, also when it is switched off. They are sent in order as soon as there is a signal.'))];
}

function troubles(state, actions) {
  return h('section', { 'aria-label': 'Refused' },
    h('h2', {}, 'Did not count'),
    h('ul.entries', {}, state.troubles.map((entry) => h('li.is-bad', {}, icon('alert-triangle'), h('span', {}, line(entry), h('small', {}, entry.why))))),
    h('button.tap', { type: 'button', id: 'dismiss', onclick: () => actions.dismiss(state.troubles.map((entry) => entry.id)) }, 'I have read it'));
}

function line(entry) {
  const what = entry.kind === 'status' ? inWords(entry.event.status) : entry.picture === 'photo' ? 'Photo' : 'Signature';
  const at = entry.kind === 'status' ? entry.event.at : entry.at;
  return h('span', {}, h('b', {}, what), ` ${entry.number} · ${clock(at)}`);
}
