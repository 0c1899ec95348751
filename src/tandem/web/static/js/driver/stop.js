// One stop: where it goes, what comes next, and at the door what proves it.
import { Refused } from './api.js';
import { h, icon, money, say } from './dom.js';
import { isEnded, next } from './machine.js';
import { badge, bar, facts, guides, place, warnings } from './parts.js';
import { takePhoto, takeSignature } from './pictures.js';
import { mainTap, otherTaps } from './steps.js';

const DIGITS = 6;
const AT_THE_DOOR = ['arriving', 'arrived'];

export function stopView(state, actions, id) {
  const stop = state.stops.find((each) => each.delivery_id === id);
  if (!stop) return null;
  const draft = state.draft(id);
  return [bar(state, { title: stop.order_number, back: '#' }), h('main.view.has-actions', {},
    warnings(state),
    h('div.top-line', {}, badge(stop)),
    place(stop), guides(stop), facts(stop),
    AT_THE_DOOR.includes(stop.status) ? door(stop, draft, actions) : null,
    stop.status === 'failed' ? h('p.nothing', {}, 'Dispatch decides what happens next. Keep the parcel with you.') : null),
  h('footer.actions', {},
    next(stop) === 'delivered' ? handOver(stop, draft, actions) : mainTap(stop, actions),
    isEnded(stop.status) && stop.status !== 'failed' ? h('a.tap', { href: '#' }, 'Back to the run') : h('div.more', {}, otherTaps(stop, actions)))];
}

/** What is still to be done at the door, on this phone. */
function lacking(stop, draft) {
  const open = stop.proof_policy.filter((kind) => !stop.proofs.includes(kind));
  return [
    open.includes('otp') && draft.code.length !== DIGITS ? 'the door code' : null,
    open.includes('photo') ? 'a photo' : null,
    open.includes('signature') ? 'a signature' : null,
    stop.cod_minor && !draft.hasCash ? 'the cash' : null,
  ].filter(Boolean);
}

function door(stop, draft, actions) {
  const asks = stop.proof_policy;
  const has = (kind) => stop.proofs.includes(kind);
  return h('section.at-door', { 'aria-labelledby': 'door-title' },
    h('h2', { id: 'door-title' }, 'At the door'),
    asks.includes('otp') ? (has('otp') ? given('Door code is right') : code(stop, draft, actions)) : null,
    stop.cod_minor ? cash(stop, draft, actions) : null,
    asks.includes('photo') || has('photo') ? picture(has('photo'), 'photo', 'Photo', 'camera', () => photo(stop, actions)) : null,
    asks.includes('signature') || has('signature') ? picture(has('signature'), 'signature', 'Signature', 'signature', () => sign(stop, actions)) : null,
    asks.includes('photo') ? null : h('button.tap.is-quiet', { type: 'button', onclick: () => photo(stop, actions) }, icon('camera'), has('photo') ? 'Another photo' : 'Add a photo'));
}

function code(stop, draft, actions) {
  const field = h('input.code', {
    id: 'code', type: 'text', inputmode: 'numeric', autocomplete: 'off', maxlength: DIGITS, pattern: '[0-9]*', value: draft.code, placeholder: '••••••',
    'aria-describedby': 'code-hint', 'aria-invalid': draft.problem ? 'true' : null,
    oninput: (event) => {
      draft.code = event.target.value.replace(/\D/g, '').slice(0, DIGITS);
      event.target.value = draft.code;
      draft.problem = '';
      if (draft.code.length === DIGITS) actions.draw();
      else document.getElementById('hand-over')?.setAttribute('aria-disabled', 'true');
    },
  });
  return h('div.field', {},
    h('label', { for: 'code' }, 'Door code'), field,
    draft.problem ? h('p.problem', { id: 'code-hint', role: 'alert' }, draft.problem) : h('p.hint', { id: 'code-hint' }, 'Six digits that the buyer got by text and e-mail'));
}

function cash(stop, draft, actions) {
  return h('label.check', {},
    h('input', { type: 'checkbox', id: 'cash', ...(draft.hasCash ? { checked: true } : {}), onchange: (event) => { draft.hasCash = event.target.checked; actions.draw(); } }),
    h('span', {}, `I have ${money(stop.cod_minor, stop.currency)} in cash`));
}

function picture(isThere, kind, words, name, take) {
  return isThere ? given(`${words} is kept`) : h('button.tap', { type: 'button', id: `take-${kind}`, onclick: take }, icon(name), `Take the ${words.toLowerCase()}`);
}

function given(words) {
  return h('p.given', {}, icon('circle-check'), words);
}

async function photo(stop, actions) {
  const blob = await takePhoto();
  if (blob) await actions.tellPicture(stop, 'photo', blob);
}

async function sign(stop, actions) {
  const signed = await takeSignature(stop.ship_to.name);
  if (signed) await actions.tellPicture(stop, 'signature', signed.blob, { recipient_name: signed.name });
}

function handOver(stop, draft, actions) {
  const open = lacking(stop, draft);
  const isReady = !open.length && !draft.isBusy;
  return h('div', {},
    open.length ? h('p.hint', {}, `Still needed: ${open.join(', ')}`) : null,
    h('button.tap.is-main', { type: 'button', id: 'hand-over', 'aria-disabled': isReady ? null : 'true', onclick: () => isReady && deliver(stop, draft, actions) }, icon('check'), draft.isBusy ? 'One moment…' : 'Hand over'));
}

/** The code is asked about first where there is a network; else it goes along with the report. */
async function deliver(stop, draft, actions) {
  draft.isBusy = true;
  actions.draw();
  const more = {};
  try {
    const needsCode = stop.proof_policy.includes('otp') && !stop.proofs.includes('otp');
    if (needsCode && !(await actions.checkCode(stop, draft.code))) more.door_code = draft.code;
    if (stop.cod_minor) more.cash_minor = stop.cod_minor;
    draft.isBusy = false;
    actions.go('');
    say(`${stop.order_number} is delivered.`);
    await actions.tell(stop, 'delivered', more);
  } catch (reason) {
    if (!(reason instanceof Refused)) throw reason;
    draft.isBusy = false;
    draft.problem = reason.message;
    draft.code = '';
    actions.draw();
    document.getElementById('code')?.focus();
  }
}
