// Short notes that name the thing they are about and link to it. A form's answer leaves one in a
// cookie for the page that comes next; scripts call `toast`.
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

function left() {
  const found = document.cookie.match(/(?:^|; )tandem_toast=([^;]*)/);
  if (!found) return;
  document.cookie = 'tandem_toast=; max-age=0; path=/; samesite=lax';
  const { text, href } = JSON.parse(decodeURIComponent(found[1]));
  toast(text, { href });
}

left();
// A form may have changed a part of the page only.
document.addEventListener('htmx:after:swap', left);

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  toast('Copied.');
});
