// Lines of a deal or a quote: products one after the other, prices and discounts typed over; each
// change asks the server what it comes to.
import './suggest.js';

const form = document.getElementById('line-form');
const held = form.elements.namedItem('lines');
const WAIT_MS = 200;
let timer;
let turn = 0;

const lines = () => JSON.parse(held.value || '[]');

function keep(changed) {
  held.value = JSON.stringify(changed);
  later();
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(price, WAIT_MS);
}

async function price() {
  const mine = ++turn;
  const answer = await fetch('/quotes/pricing', { method: 'POST', body: new FormData(form), headers: { 'HX-Request': 'true' } });
  if (!answer.ok || mine !== turn) return;
  const text = await answer.text();
  if (mine === turn) htmx.swap({ sourceElement: form, target: '#line-rows', text, swap: 'outerMorph' });
}

form.addEventListener('suggest:chosen', (event) => {
  if (event.target.id !== 'f-sku') return;
  const all = lines();
  const { value: sku, title } = event.detail;
  const known = all.find((line) => line.sku === sku);
  if (known) known.quantity = Number(known.quantity) + 1;
  else all.push({ sku, title, quantity: 1, price: '', discount: '' });
  keep(all);
});

form.addEventListener('click', (event) => {
  const remove = event.target.closest('[data-remove-line]');
  if (remove) keep(lines().filter((_, place) => place !== Number(remove.dataset.removeLine)));
});

form.addEventListener('input', (event) => {
  const { line, part } = event.target.dataset;
  if (part) {
    const text = event.target.value;
    const value = part === 'quantity' ? Number.parseInt(text, 10) : text;
    if (part === 'quantity' && !(value >= 1)) return;
    keep(lines().map((one, place) => (place === Number(line) ? { ...one, [part]: value } : one)));
  } else if (/^(ship_postal_code|ship_state_code|customer_gstin)$/.test(event.target.name)) {
    later();
  }
});

form.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter') return;
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    form.requestSubmit();
  } else if (event.target.matches('[data-part]')) {
    event.preventDefault();
    document.getElementById('f-sku').focus();
  } else if (event.target.matches('input') && !event.target.dataset.suggest) {
    event.preventDefault();
  }
});
