// Signing in: by dispatch's link (see page.js), or with the phone's number and a texted code.
import { call, Refused, Unreachable } from './api.js';
import { h, icon } from './dom.js';
import { warnings } from './parts.js';

const COUNTRY = '+91';
const draft = { phone: '', code: '', isAsked: false, problem: '', isBusy: false };

export function signInView(state, actions) {
  return h('main.view.is-door', {},
    h('h1', { tabindex: -1 }, icon('steering-wheel'), 'Tandem Driver'),
    warnings(state),
    state.queue.length ? h('p.warning', { role: 'note' }, icon('clock'), h('span', {}, `${state.queue.length === 1 ? '1 tap is' : `${state.queue.length} taps are`} kept on this phone, to be sent once you are signed in.`)) : null,
    draft.isAsked ? codeForm(actions) : phoneForm(actions),
    h('p.hint', {}, 'Safer: scan the code that dispatch shows you. It signs this phone in at once, and nothing travels by text. Who takes over a number or sees the locked phone reads its texts: never pass a code on, whoever asks.'));
}

function phoneForm(actions) {
  return h('form', { onsubmit: (event) => { event.preventDefault(); askCode(actions); } },
    h('label.field', {}, h('span', {}, 'Your phone number'),
      h('input.form-control', { id: 'phone', type: 'tel', autocomplete: 'tel', required: true, value: draft.phone, placeholder: '98450 00101', oninput: (event) => { draft.phone = event.target.value; } })),
    problem(),
    h('button.tap.is-main', { type: 'submit', 'aria-disabled': draft.isBusy ? 'true' : null }, icon('message'), 'Text me a code'));
}

function codeForm(actions) {
  return h('form', { onsubmit: (event) => { event.preventDefault(); signIn(actions); } },
    h('p', {}, `If ${draft.phone} drives for us, a text with six digits is on its way.`),
    h('label.field', {}, h('span', {}, 'Code'),
      h('input.code', { id: 'sign-in-code', type: 'text', inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: 6, required: true, value: draft.code, oninput: (event) => { draft.code = event.target.value.replace(/\D/g, ''); } })),
    problem(),
    h('button.tap.is-main', { type: 'submit', 'aria-disabled': draft.isBusy ? 'true' : null }, 'Sign in'),
    h('button.tap.is-quiet', { type: 'button', onclick: () => { draft.isAsked = false; draft.problem = ''; actions.draw(); } }, 'Another number'));
}

function problem() {
  return draft.problem ? h('p.problem', { role: 'alert' }, draft.problem) : null;
}

/** E.164; ten digits alone are an Indian number. */
function full(phone) {
  const digits = phone.replace(/[^\d+]/g, '');
  return digits.startsWith('+') ? digits : `${COUNTRY}${digits.replace(/^0/, '')}`;
}

async function attempt(actions, act) {
  if (draft.isBusy) return;
  draft.isBusy = true;
  draft.problem = '';
  actions.draw();
  try {
    await act();
  } catch (reason) {
    if (reason instanceof Unreachable) draft.problem = 'There is no signal. Try again in a moment.';
    else if (reason instanceof Refused) draft.problem = reason.status === 422 || reason.status === 400 ? 'This is no phone number or code of six digits.' : reason.message;
    else throw reason;
  } finally {
    draft.isBusy = false;
    actions.draw();
  }
}

function askCode(actions) {
  return attempt(actions, async () => {
    await call('POST', '/v1/public/driver-sign-in-codes', { phone: full(draft.phone) });
    draft.isAsked = true;
  });
}

function signIn(actions) {
  return attempt(actions, async () => {
    const { token } = await call('POST', '/v1/public/driver-sessions', { phone: full(draft.phone), code: draft.code, device_name: 'Phone' });
    Object.assign(draft, { isAsked: false, code: '' });
    await actions.signIn(token);
  });
}
