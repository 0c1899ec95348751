// The editor of a template: what it makes is looked at anew while somebody writes.
import './suggest.js';

const WAIT_MS = 500;
const form = document.getElementById('words');
const look = document.querySelector('[data-look]');
const customer = document.querySelector('[data-customer]');
let timer;
let turn = 0;

function soon() {
  clearTimeout(timer);
  timer = setTimeout(show, WAIT_MS);
}

/** The letter into its frame, and beside it what is wrong with it. */
async function show() {
  form.requestSubmit(look);
  const mine = ++turn;
  const answer = await fetch('/templates/report', { method: 'POST', body: new URLSearchParams(new FormData(form)), headers: { 'HX-Request': 'true' } }).catch(() => null);
  if (!answer?.ok || mine !== turn) return;
  const text = await answer.text();
  if (mine === turn) htmx.swap({ text, target: '#report', select: '#report', swap: 'outerHTML', sourceElement: form });
}

form.addEventListener('input', soon);
document.querySelector('#f-customer').addEventListener('suggest:chosen', (event) => {
  customer.value = event.detail.value;
  event.target.value = event.detail.title;
  soon();
});
document.querySelector('#f-customer').addEventListener('input', (event) => {
  if (!event.target.value) {
    customer.value = '';
    soon();
  }
});
for (const width of document.querySelectorAll('[data-width]')) {
  width.addEventListener('change', () => document.querySelector('[data-frame]').classList.toggle('is-phone', width.value === 'phone'));
}
for (const shade of document.querySelectorAll('[data-shade]')) shade.addEventListener('change', show);
show();
