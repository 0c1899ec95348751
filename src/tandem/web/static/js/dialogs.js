// Buttons that open a dialog, forms that ask first, and one submit per click.
import { toast } from './toasts.js';

const FILE_MS = 800;

function setSent(form, isSent) {
  if (isSent) form.dataset.isSent = 'true';
  else delete form.dataset.isSent;
  for (const button of form.querySelectorAll('[type=submit]')) {
    if (isSent) button.setAttribute('aria-disabled', 'true');
    else button.removeAttribute('aria-disabled');
  }
}

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
  setSent(form, true);
  // A file comes and the page stays: its form is good for another one.
  if (form.matches('[data-downloads]')) {
    form.closest('details.menu')?.removeAttribute('open');
    toast('The file is being made.');
    setTimeout(() => setSent(form, false), FILE_MS);
  }
});

// Coming back with the back button finds the forms ready again.
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-is-sent]')) setSent(form, false);
});

// A form that was refused is shown again where it was: in its dialog.
document.querySelector('dialog[data-reopen]')?.showModal();
