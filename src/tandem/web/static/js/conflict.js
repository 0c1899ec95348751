// What a form of a record was opened with is kept by this tab: when somebody else was faster (412),
// merging.js tells by it who changed what.
const KEY = 'tandem-opened';
const [asked] = performance.getEntriesByType('navigation');
const isRefused = asked?.responseStatus >= 400;

/** A hidden input forgets what it came with once a script has written it. */
const hidden = new Map([...document.querySelectorAll('form:has([name=version]) input[type=hidden]')].map((one) => [one, one.value]));

/** What the form was opened with, by this tab: its values, and the page it stood on. */
export function opened() {
  return JSON.parse(sessionStorage.getItem(KEY));
}

export function keep(form, page, values) {
  sessionStorage.setItem(KEY, JSON.stringify({ action: form.getAttribute('action'), page, values }));
}

export function versioned(root, action) {
  const forms = [...root.querySelectorAll('main form, dialog form')].filter((one) => one.querySelector('[name=version]'));
  return forms.find((one) => one.getAttribute('action') === action) ?? (action ? undefined : forms[0]);
}

/** The form's controls by name and place, those with a choice of their own (boxes) by their value too. */
export function controls(form) {
  const found = new Map();
  const seen = {};
  for (const one of form.elements) {
    if (!one.name || ['version', 'allow_duplicate'].includes(one.name) || ['password', 'file', 'submit', 'button'].includes(one.type)) continue;
    const isBox = ['checkbox', 'radio'].includes(one.type);
    const place = isBox ? one.value : (seen[one.name] = (seen[one.name] ?? 0) + 1);
    found.set(`${one.name} ${place}`, one);
  }
  return found;
}

export function valueOf(one, asOpened = false) {
  if (['checkbox', 'radio'].includes(one.type)) return asOpened ? one.defaultChecked : one.checked;
  if (!asOpened) return plain(one.value);
  if (one.type === 'hidden') return plain(hidden.get(one) ?? one.value);
  if (one.tagName === 'SELECT') return plain(([...one.options].find((each) => each.defaultSelected) ?? one.options[0])?.value ?? '');
  return plain(one.defaultValue);
}

const plain = (text) => text.replaceAll('\r\n', '\n').trim();

export function valuesOf(form, asOpened) {
  return Object.fromEntries([...controls(form)].map(([key, one]) => [key, valueOf(one, asOpened)]));
}

document.addEventListener('submit', ({ target: form }) => {
  if (form.getAttribute('method') !== 'post' || !form.querySelector('[name=version]')) return;
  if (isRefused && opened()?.action === form.getAttribute('action')) return;
  keep(form, location.pathname + location.search, valuesOf(form, true));
});

// A conflict (409) may be another one: merging.js looks whether the record is another by now.
if ([409, 412].includes(asked?.responseStatus)) import('./merging.js');
