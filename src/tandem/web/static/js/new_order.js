// Taking an order by keyboard: the customer, then products one after the other; each change asks the
// server what it comes to. Ctrl-Enter places it.
import './suggest.js';

const form = document.getElementById('order-form');
const field = (name) => form.elements.namedItem(name);
const WAIT_MS = 200;
let timer;

function lines() {
  return JSON.parse(field('lines').value || '[]');
}

function keep(changed) {
  field('lines').value = changed.length ? JSON.stringify(changed) : '';
  later();
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(quote, WAIT_MS);
}

let turn = 0;

async function quote() {
  const mine = ++turn;
  const answer = await fetch('/orders/quote', { method: 'POST', body: new FormData(form), headers: { 'HX-Request': 'true' } });
  if (!answer.ok || mine !== turn) return;
  const text = await answer.text();
  if (mine === turn) htmx.swap({ sourceElement: form, target: '#quote', text, swap: 'outerMorph' });
}

form.addEventListener('suggest:chosen', (event) => {
  if (event.target.id === 'f-sku') add(event.detail.value);
  else choose(event.detail);
});

form.addEventListener('suggest:none', () => field('phone').focus());

function add(sku) {
  const all = lines();
  const known = all.find((line) => line.sku === sku);
  if (known) known.quantity += 1;
  else all.push({ sku, quantity: 1 });
  keep(all);
}

function choose(customer) {
  field('customer_id').value = customer.value;
  field('customer_label').value = customer.title;
  document.querySelector('[data-customer-label]').textContent = customer.title;
  for (const [name, value] of Object.entries(customer.fields)) {
    if (field(name)) field(name).value = value;
  }
  showCustomer(true);
  document.getElementById('f-sku').focus();
  later();
}

function showCustomer(isChosen) {
  document.querySelector('[data-customer-chosen]').hidden = !isChosen;
  document.querySelector('[data-customer-new]').hidden = isChosen;
}

form.addEventListener('click', (event) => {
  const remove = event.target.closest('[data-remove]');
  if (remove) keep(lines().filter((line) => line.sku !== remove.dataset.remove));
  if (event.target.closest('[data-customer-change]')) {
    field('customer_id').value = '';
    field('name').value = '';
    showCustomer(false);
    field('name').focus();
  }
});

form.addEventListener('input', (event) => {
  const sku = event.target.dataset.quantity;
  if (sku) {
    const quantity = Number.parseInt(event.target.value, 10);
    if (quantity >= 1) keep(lines().map((line) => (line.sku === sku ? { sku, quantity } : line)));
  } else if (/^(ship_postal_code|ship_state_code|discount|gstin)$/.test(event.target.name)) {
    later();
  }
});

form.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter') return;
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    form.requestSubmit();
  } else if (event.target.matches('[data-quantity]')) {
    event.preventDefault();
    document.getElementById('f-sku').focus();
  } else if (event.target.matches('input') && !event.target.dataset.suggest) {
    event.preventDefault();
  }
});
