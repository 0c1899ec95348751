// The composer of a complaint: says who will read it, takes saved replies, sends by Ctrl+Enter.
const form = document.querySelector('[data-composer]');

function follow() {
  const isPublic = form.querySelector('[name=visibility]:checked').value === 'public';
  form.classList.toggle('is-public', isPublic);
  form.querySelector('[data-send]').textContent = isPublic ? 'Send' : 'Note';
}

function insert(text) {
  const words = form.querySelector('textarea');
  const before = words.value.slice(0, words.selectionStart);
  const gap = before && !before.endsWith('\n') ? '\n' : '';
  words.setRangeText(gap + text, words.selectionStart, words.selectionEnd, 'end');
  words.focus();
}

if (form) {
  follow();
  form.addEventListener('change', (event) => {
    if (event.target.name === 'visibility') follow();
    if (event.target.matches('[data-reply]') && event.target.value) {
      insert(event.target.value);
      event.target.value = '';
    }
    if (event.target.type === 'file') {
      const names = [...event.target.files].map((file) => file.name);
      form.querySelector('[data-files]').textContent = names.join(', ');
    }
  });
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
}
