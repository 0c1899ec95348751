// A form that was refused is shown again: where its page did not mark the field, it is found by its
// name, marked and focused; a reason that belongs to none is focused itself.
const refused = document.getElementById('main').dataset.refused;
const [asked] = performance.getEntriesByType('navigation');

/** `lines[0].sku` is the field of that name, else `sku`. */
function controlOf(form, name) {
  const names = [name, name.replaceAll('[', '.').split('.').pop()];
  return names.map((one) => form.querySelector(`[name="${CSS.escape(one)}"]:not([type=hidden])`)).find(Boolean);
}

function mark(one, reason) {
  reason.id ||= 'refused-because';
  one.setAttribute('aria-invalid', 'true');
  one.setAttribute('aria-describedby', reason.id);
  one.closest('.field')?.classList.add('has-error');
}

function show() {
  const place = document.querySelector('dialog[open]') ?? document.getElementById('main');
  const reason = place.querySelector('.problem, .error');
  let wrong = place.querySelector('[aria-invalid=true]');
  const form = reason?.closest('form') ?? place;
  if (!wrong && refused && reason) {
    wrong = controlOf(form, refused);
    if (wrong) mark(wrong, reason);
  }
  wrong?.closest('details')?.setAttribute('open', '');
  if (wrong) wrong.focus();
  else if (reason) {
    reason.tabIndex = -1;
    reason.focus();
  }
}

if (refused !== undefined || asked?.responseStatus >= 400) show();
