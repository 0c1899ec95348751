// Short notes that name the thing they are about and link to it. The page brings the one that a
// form left for it; scripts call `toast`.
const place = document.getElementById('toasts');
const SHOWN_MS = 7000;

export function toast(text, { href = '', tone = '' } = {}) {
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
  note.append(said, close);
  place.append(note);
  setTimeout(() => !note.matches(':hover, :focus-within') && note.remove(), SHOWN_MS);
}

if (place.dataset.text) toast(place.dataset.text, { href: place.dataset.href });

// A form may have changed a part of the page only; its note is in the cookie. A part that was only
// asked for again (js/live.js) leaves the cookie to the page that is coming.
document.addEventListener('htmx:after:swap', (event) => {
  if (event.detail.ctx?.isLive) return;
  const found = document.cookie.match(/(?:^|; )tandem_toast=([^;]*)/);
  if (!found) return;
  document.cookie = 'tandem_toast=; max-age=0; path=/; samesite=lax';
  const { text, href } = JSON.parse(decodeURIComponent(found[1]));
  toast(text, { href });
});

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  toast('Copied.');
});
