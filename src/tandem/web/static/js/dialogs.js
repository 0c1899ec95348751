// Buttons that open a dialog, forms that ask first, and one submit per click.
document.addEventListener('click', (event) => {
  const opener = event.target.closest('[data-dialog]');
  if (opener && !opener.disabled) {
    const dialog = document.getElementById(opener.dataset.dialog);
    dialog.showModal();
    dialog.querySelector('.form-control')?.focus();
  }
  if (event.target.closest('[data-close]')) event.target.closest('dialog').close();
  if (event.target.closest('[data-help-open]')) document.getElementById('help').showModal();
  // A click beside a modal dialog lands on the dialog itself.
  if (event.target instanceof HTMLDialogElement) event.target.close();
});

document.addEventListener('submit', (event) => {
  const form = event.target;
  // What opens in a frame may be asked for again and again.
  if (event.defaultPrevented || form.method !== 'post' || event.submitter?.formTarget) return;
  if (form.dataset.isSent) {
    event.preventDefault();
    return;
  }
  form.dataset.isSent = 'true';
  for (const button of form.querySelectorAll('[type=submit]')) button.setAttribute('aria-disabled', 'true');
});

// Coming back with the back button finds the forms ready again.
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-is-sent]')) {
    delete form.dataset.isSent;
    for (const button of form.querySelectorAll('[aria-disabled]')) button.removeAttribute('aria-disabled');
  }
});

// A form that was refused is shown again where it was: in its dialog.
document.querySelector('dialog[data-reopen]')?.showModal();
