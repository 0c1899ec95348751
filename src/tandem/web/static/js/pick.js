// A record is chosen by typing: what the list offers goes into the hidden field that `data-pick`
// names, its title stays in sight. Typing on lets go of the choice.
import './suggest.js';

const hidden = (field) => field.form.elements.namedItem(field.dataset.pick);

document.addEventListener('suggest:chosen', (event) => {
  const field = event.target.closest('[data-pick]');
  if (!field) return;
  hidden(field).value = event.detail.value;
  field.value = event.detail.title;
});

document.addEventListener('input', (event) => {
  const field = event.target.closest?.('[data-pick]');
  if (field) hidden(field).value = '';
});
