// It did not work: why, in one tap, with a note and a photo for dispatch.
import { h, icon, say } from './dom.js';
import { allowed, failures } from './machine.js';
import { bar } from './parts.js';
import { takePhoto } from './pictures.js';

const NOTE_MAX = 250;

export function failView(state, actions, id) {
  const stop = state.stops.find((each) => each.delivery_id === id);
  if (!stop || !allowed(stop).includes('failed')) return null;
  const draft = state.draft(id);
  const isReady = draft.failure && (draft.failure !== 'other' || draft.note);
  return [bar(state, { title: 'Could not deliver', back: `#stop/${id}` }), h('main.view.has-actions', {},
    h('p.summary', {}, `${stop.order_number} · ${stop.ship_to.name}`),
    h('fieldset.reasons', {}, h('legend', {}, 'What happened?'), Object.entries(failures).map(([key, words]) => reason(key, words, draft, actions))),
    h('label.field', {}, h('span', {}, draft.failure === 'other' ? 'Say what happened' : 'Note for dispatch'),
      h('textarea.form-control', { id: 'note', rows: 3, maxlength: NOTE_MAX, value: draft.note ?? '', oninput: (event) => typed(event, draft, actions) })),
    stop.proofs.includes('photo') ? h('p.given', {}, icon('circle-check'), 'Photo is kept') : null,
    h('button.tap', { type: 'button', onclick: () => photo(stop, actions) }, icon('camera'), 'Take a photo')),
  h('footer.actions', {},
    h('button.tap.is-main.is-bad', { type: 'button', id: 'report-failure', 'aria-disabled': isReady ? null : 'true', onclick: () => isReady && report(stop, draft, actions) }, 'Report it'))];
}

function reason(key, words, draft, actions) {
  return h('label.reason', {},
    h('input', { type: 'radio', name: 'failure', id: `failure-${key}`, value: key, ...(draft.failure === key ? { checked: true } : {}), onchange: () => { draft.failure = key; actions.draw(); } }),
    h('span', {}, words));
}

function typed(event, draft, actions) {
  const had = Boolean(draft.note);
  draft.note = event.target.value.trim();
  if (had !== Boolean(draft.note)) {
    draft.note = event.target.value;
    actions.draw();
  }
}

async function photo(stop, actions) {
  const blob = await takePhoto();
  if (blob) await actions.tellPicture(stop, 'photo', blob);
}

async function report(stop, draft, actions) {
  const note = (draft.note ?? '').trim();
  actions.go('');
  say(`${stop.order_number}: ${failures[draft.failure]}.`);
  await actions.tell(stop, 'failed', { reason: note ? `${draft.failure}: ${note}` : draft.failure });
}
