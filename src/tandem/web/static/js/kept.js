// A form that first asks who it is (a password once more, or the whole sign-in when the session
// ended) and one that was refused on another page is filled in again on the way back, so that
// nothing is typed twice but what is secret. Kept by this tab alone, until its next page.
const KEY = 'tandem-form';
const AGAIN = '#again';
const SECRET = ['password', 'file', 'hidden'];

function read() {
  // The page that says why it was refused is not the way back yet.
  if (document.querySelector('[data-keeps-form]')) return null;
  const kept = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return kept ? JSON.parse(kept) : null;
}

/** A box is known by its name and value, everything else by its name and place among those. */
function inputs(form) {
  return [...form.elements].filter((one) => one.name && !SECRET.includes(one.type) && one.type !== 'submit');
}

document.addEventListener('submit', ({ target: form, defaultPrevented }) => {
  if (defaultPrevented || form.method !== 'post') return;
  const values = inputs(form).map((one) => (['checkbox', 'radio'].includes(one.type) ? one.checked : one.value));
  sessionStorage.setItem(KEY, JSON.stringify({ path: location.pathname, action: form.getAttribute('action'), values }));
});

function fill({ action, values }) {
  const form = [...document.forms].find((one) => one.method === 'post' && one.getAttribute('action') === action);
  const found = form ? inputs(form) : [];
  if (!values.length || found.length !== values.length) return;
  found.forEach((one, at) => {
    if (typeof values[at] === 'boolean') one.checked = values[at];
    else one.value = values[at];
  });
  form.closest('dialog')?.showModal();
  form.querySelector('[type=password], [type=submit], button:not([type])')?.focus();
  const isTold = document.getElementById('toasts').dataset.text;
  if (!isTold) import('./toasts.js').then(({ toast }) => toast('What you wrote is here again: send it once more.'));
}

const kept = read();
if (location.hash === AGAIN) {
  history.replaceState(history.state, '', location.pathname + location.search);
  if (kept?.path === location.pathname) fill(kept);
}
