// Short notes that name the thing they are about and link to it. The page brings the one that a
// form left for it; scripts call `toast`.
const place = document.getElementById('toasts');
const SHOWN_MS = 7000;

export function toast(text, { href = '', tone = '', undo = null } = {}) {
  const note = document.createElement('div');
  note.className = `toast-note ${tone}`;
  const said = document.createElement(href ? 'a' : 'span');
  said.textContent = text;
  if (href) said.href = href;
  const close = document.createElement('button');
  close.type = 'button';
  close.className = 'btn btn-small btn-quiet';
  close.textContent = 'Close';
  close.addEventListener('click', () => note.remove());
  note.append(said, ...(undo ? [wayBack(undo)] : []), close);
  place.append(note);
  setTimeout(() => !note.matches(':hover, :focus-within') && note.remove(), SHOWN_MS);
}

/** A form with one button: what was done is taken back as it was done. */
function wayBack({ action, values }) {
  const form = document.createElement('form');
  form.method = 'post';
  form.action = action;
  for (const [name, value] of Object.entries(values)) {
    const input = document.createElement('input');
    Object.assign(input, { type: 'hidden', name, value });
    form.append(input);
  }
  const button = document.createElement('button');
  button.className = 'btn btn-small';
  button.textContent = 'Undo';
  form.append(button);
  return form;
}

const left = place.dataset;
if (left.text) toast(left.text, { href: left.href, undo: left.undo ? { action: left.undo, values: JSON.parse(left.undoValues) } : null });

// A form may have changed a part of the page only; its note is in the cookie. A part that was only
// asked for again (js/live.js) leaves the cookie to the page that is coming.
document.addEventListener('htmx:after:swap', (event) => {
  if (event.detail.ctx?.isLive) return;
  const found = document.cookie.match(/(?:^|; )tandem_toast=([^;]*)/);
  if (!found) return;
  document.cookie = 'tandem_toast=; max-age=0; path=/; samesite=lax';
  const { text, href, undo } = JSON.parse(decodeURIComponent(found[1]));
  toast(text, { href, undo });
});

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  toast('Copied.');
});
