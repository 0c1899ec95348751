// A field edited where it stands: Enter or leaving saves it, Escape takes it back. What was typed
// shows at once; a refusal gives it back to be mended; and where somebody else was faster, theirs
// is shown and one of the two is chosen.
let editing = null;

const READ = {
  money: (text) => {
    const plain = text.replace(/[₹,\s]/g, '');
    return /^\d+(\.\d{1,2})?$/.test(plain) ? Math.round(Number(plain) * 100) : text;
  },
  number: (text) => (/^-?\d+$/.test(text) ? Number(text) : text),
};

function bodyOf(button, text) {
  const read = READ[button.dataset.type] ?? ((same) => same);
  const value = text === '' ? JSON.parse(button.dataset.none) : read(text);
  return JSON.stringify({ [button.dataset.name]: value });
}

function begin(button, text = button.dataset.value, problem = '') {
  const form = document.createElement('form');
  form.className = 'inline-form';
  const input = document.createElement('input');
  input.className = 'form-control';
  input.type = button.dataset.type === 'date' ? 'date' : 'text';
  if (input.type === 'text' && button.dataset.type !== 'text') input.inputMode = 'decimal';
  input.setAttribute('aria-label', button.dataset.label);
  input.autocomplete = 'off';
  input.value = text;
  form.append(input);
  if (problem) say(form, input, problem);
  button.hidden = true;
  button.after(form);
  editing = { button, form, input, isWrong: Boolean(problem) };
  input.focus();
  if (input.type === 'text') input.select();
  form.addEventListener('submit', (event) => event.preventDefault());
  input.addEventListener('input', () => { if (editing) editing.isWrong = false; });
  input.addEventListener('blur', () => finish());
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') finish({ again: true });
    else if (event.key === 'Escape') leave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

function say(form, input, problem) {
  const said = document.createElement('p');
  said.className = 'error';
  said.id = 'inline-problem';
  said.role = 'alert';
  said.textContent = problem;
  input.setAttribute('aria-invalid', 'true');
  input.setAttribute('aria-describedby', said.id);
  form.append(said);
}

function end() {
  const { button, form } = editing;
  editing = null;
  form.remove();
  button.hidden = false;
}

function leave() {
  const { button } = editing;
  end();
  button.focus();
}

/** Refused text stays until it is mended or taken back: leaving the field does not ask again. */
function finish({ again = false } = {}) {
  if (!editing || (editing.isWrong && !again)) return;
  const { button, input } = editing;
  const text = input.value.trim();
  end();
  if (again) button.focus();
  if (text !== button.dataset.value) save(button, text);
}

function show(button, text) {
  button.textContent = text || '–';
  button.dataset.value = text;
  button.ariaLabel = `${button.dataset.label}: ${text || '–'}`;
}

async function save(button, text, version = button.dataset.version) {
  const before = { shown: button.innerHTML, value: button.dataset.value };
  const back = () => {
    button.innerHTML = before.shown;
    button.dataset.value = before.value;
    button.classList.remove('is-saving');
  };
  show(button, text);
  button.classList.add('is-saving');
  const answer = await fetch(button.dataset.inline, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json', accept: 'application/json', 'if-match': `"${version}"` },
    body: bodyOf(button, text),
  }).catch(() => null);
  if (answer?.ok) {
    settle(button, await answer.json());
    return;
  }
  back();
  if (!answer) begin(button, text, 'There is no connection. Press Enter to try again.');
  else if (answer.status === 412) await choose(button, text);
  else begin(button, text, reason(button, await answer.json().catch(() => ({}))));
}

/** A refusal's own words; where it only names a type, those of the field. */
function reason(button, { detail = 'This was not saved.' }) {
  return detail.includes('`') ? button.dataset.wrong || 'This does not fit here.' : detail;
}

/** What the server has now: the version of every field of this record, and the page around it. */
function settle(button, record) {
  button.classList.remove('is-saving');
  for (const one of document.querySelectorAll(`[data-inline="${button.dataset.inline}"]`)) one.dataset.version = record.version;
  document.dispatchEvent(new CustomEvent('tandem:saved', { detail: button.closest('[data-live][id]') }));
}

async function choose(button, mine) {
  const record = await (await fetch(button.dataset.inline, { headers: { accept: 'application/json' } })).json();
  const theirs = inWords(button, record[button.dataset.name]);
  const note = document.createElement('span');
  note.className = 'inline-conflict';
  note.role = 'alert';
  const said = document.createElement('span');
  said.textContent = `Somebody was faster: it is “${theirs || 'empty'}” now.`;
  const keep = option('Keep theirs', () => {
    show(button, theirs);
    settle(button, record);
  });
  const write = option(`Write “${mine || 'empty'}”`, () => save(button, mine, record.version));
  note.append(said, keep, write);
  button.after(note);
  write.focus();
  function option(name, act) {
    const made = document.createElement('button');
    made.type = 'button';
    made.className = 'btn btn-small';
    made.textContent = name;
    made.addEventListener('click', () => {
      note.remove();
      act();
      button.focus();
    });
    return made;
  }
}

function inWords(button, value) {
  if (value === null || value === undefined) return '';
  return button.dataset.type === 'money' ? (value / 100).toFixed(2) : String(value);
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-inline]');
  if (button && !editing) begin(button);
});
