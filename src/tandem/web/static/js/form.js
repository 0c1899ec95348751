// A public form: solves the puzzle in a worker while the visitor types, sends everything as JSON, and
// shows what is wrong at its field. In a frame it tells its height to the page around it.
const form = document.getElementById('form');
const said = document.getElementById('proof');
const marks = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'referrer', 'landing'];
let asked = null;
let solving = null;

/** A challenge; its age is how long the form has stood open. */
function puzzle() {
  asked ??= fetch(form.dataset.challenge).then((answer) => {
    if (!answer.ok) throw new Error('challenge');
    return answer.json();
  });
  asked.catch(() => { asked = null; });
  return asked;
}

/** The challenge solved, in a worker. */
function proof() {
  solving ??= puzzle().then((given) => new Promise((resolve, reject) => {
    const worker = new Worker(form.dataset.worker);
    worker.onmessage = ({ data }) => { resolve({ challenge: given.challenge, numbers: data }); worker.terminate(); };
    worker.onerror = reject;
    worker.postMessage(given);
  }));
  solving.catch(forget);
  return solving;
}

/** One challenge is good for one submission, and for two hours. */
function forget() {
  asked = null;
  solving = null;
}

function touch() {
  const asked = new URLSearchParams(location.search);
  const found = {};
  for (const name of marks) if (asked.get(name)) found[name] = asked.get(name).slice(0, name.startsWith('utm') ? 200 : 1000);
  if (!found.referrer && !asked.has('embedded') && document.referrer) found.referrer = document.referrer.slice(0, 1000);
  found.landing ??= (location.origin + location.pathname).slice(0, 1000);
  return found;
}

function clean() {
  for (const box of form.querySelectorAll('[data-key], [data-consent]')) {
    box.classList.remove('has-error');
    box.querySelector('[aria-invalid]')?.removeAttribute('aria-invalid');
    const error = box.querySelector('.error');
    error.hidden = true;
  }
  document.getElementById('problem').hidden = true;
}

/** The message at its field, or above the form. True where there is such a field. */
function complain(field, words) {
  const [kind, ...rest] = (field ?? '').split('.');
  const name = CSS.escape(rest.join('.'));
  const box = form.querySelector(kind === 'consents' ? `[data-consent="${name}"]` : `[data-key="${name}"]`);
  if (!box) {
    const problem = document.getElementById('problem');
    problem.textContent = words;
    problem.hidden = false;
    return;
  }
  box.classList.add('has-error');
  const error = box.querySelector('.error');
  error.textContent = words;
  error.hidden = false;
  const input = box.querySelector('input, select, textarea');
  input.setAttribute('aria-invalid', 'true');
  input.focus();
}

/** Every field that is not as it must be, the first of them focused. */
function incomplete() {
  let first;
  for (const box of form.querySelectorAll('[data-key], [data-consent]')) {
    const input = box.querySelector('input, select, textarea');
    if (input.checkValidity()) continue;
    const at = box.dataset.key ? `values.${box.dataset.key}` : `consents.${box.dataset.consent}`;
    complain(at, input.validationMessage);
    first ??= input;
  }
  first?.focus();
  return Boolean(first);
}

async function send() {
  const entered = new FormData(form);
  const values = {};
  for (const box of form.querySelectorAll('[data-key]')) values[box.dataset.key] = entered.get(box.dataset.key) ?? '';
  said.textContent = 'One moment: making sure that you are a person.';
  const solved = await proof();
  said.textContent = 'Sending.';
  return fetch(form.action, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ values, consents: entered.getAll('consents'), touch: touch(), proof: solved, homepage: entered.get('homepage') }),
  });
}

function done({ message, redirect_url: to }) {
  if (to) {
    if (window.parent === window) location.assign(to);
    else window.parent.postMessage({ tandem: 'go', to }, '*');
    if (window.parent === window) return;
  }
  form.hidden = true;
  document.getElementById('done-words').textContent = message;
  const shown = document.getElementById('done');
  shown.hidden = false;
  shown.focus();
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  clean();
  if (incomplete()) return;
  const button = form.querySelector('[type=submit]');
  button.disabled = true;
  try {
    const answer = await send();
    const body = await answer.json();
    if (answer.ok) return done(body);
    if (body.code === 'proof_wrong') forget();
    complain(body.field, body.code === 'proof_wrong' ? 'That took too long. Please send it again.' : body.detail);
  } catch {
    forget();
    complain('', 'There is no connection. What you typed is still here: try again in a moment.');
  } finally {
    button.disabled = false;
    said.textContent = '';
  }
});

puzzle().catch(() => {});
form.addEventListener('focusin', () => proof().catch(() => {}), { once: true });

if (window.parent !== window) {
  const tell = () => window.parent.postMessage({ tandem: 'height', height: document.getElementById('card').offsetHeight + 4 }, '*');
  new ResizeObserver(tell).observe(document.getElementById('card'));
}
