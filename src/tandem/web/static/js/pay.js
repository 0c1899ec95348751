// Opens Razorpay's checkout, hands its signed answer to our server and waits for the word that
// counts: the page is only "paid" when the server says so.
const ASK_MS = 1_000;
const ASK_MS_LATER = 4_000;
const EAGER_MS = 60_000;

const token = document.getElementById('pay').dataset.token;
const address = `/v1/public/pay/${encodeURIComponent(token)}`;
const startedAt = performance.now();
let opened = null;

function root() {
  return document.getElementById('pay');
}

function say(text, tone = 'said') {
  const line = root().querySelector('[data-said]');
  line.replaceChildren();
  if (!text) return;
  const said = document.createElement('p');
  said.className = tone;
  said.textContent = text;
  line.append(said);
}

function busy(isBusy) {
  const button = root().querySelector('[data-pay]');
  if (button) button.disabled = isBusy;
}

async function finish(answer) {
  say('Thank you. Confirming the payment…');
  busy(true);
  const { razorpay_payment_id: payment, razorpay_signature: signature } = answer;
  const told = await fetch(`${address}/return`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ razorpay_payment_id: payment, razorpay_signature: signature }),
  }).catch(() => null);
  // Without an answer the gateway's own word still reaches the server: never ask to pay again.
  if (told && !told.ok && told.status < 500) {
    say('The payment could not be checked. If money left your account, it will be matched or sent back.', 'problem');
  }
  watch();
}

function open() {
  if (!window.Razorpay) {
    say('The payment window could not be loaded. Check the connection and try again.', 'problem');
    return;
  }
  const data = document.getElementById('checkout');
  const asked = JSON.parse(data.textContent);
  busy(true);
  opened = new window.Razorpay({
    key: asked.key_id,
    order_id: asked.provider_order_id,
    amount: asked.amount_minor,
    currency: asked.currency,
    name: data.dataset.company,
    description: asked.description,
    prefill: Object.fromEntries(Object.entries(asked.prefill).filter(([, value]) => value)),
    callback_url: asked.return_url,
    theme: { color: '#2f5bd0' },
    handler: finish,
    modal: {
      ondismiss() {
        busy(false);
        say('You closed the payment window. Nothing was charged; the order waits for you.', 'notice-line');
        root().querySelector('[data-pay]')?.focus();
      },
    },
  });
  opened.on('payment.failed', (event) => {
    const reason = event?.error?.description ?? 'The payment failed.';
    say(`${reason} Nothing was charged. Try again, or choose another way to pay.`, 'problem');
    busy(false);
  });
  opened.open();
}

/** The page as the server has it now, put in place of this one. */
async function show() {
  const answer = await fetch(location.pathname, { headers: { accept: 'text/html' } }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const { state, hasInvoice } = fresh.getElementById('pay').dataset;
  if (state === root().dataset.state && hasInvoice === root().dataset.hasInvoice) return;
  // The gateway's script comes with the page that has the button.
  if (state === 'payable') {
    location.reload();
    return;
  }
  document.title = fresh.title;
  root().replaceWith(document.importNode(fresh.getElementById('pay'), true));
  const title = document.getElementById('pay-title');
  title.tabIndex = -1;
  title.focus({ preventScroll: true });
}

function isWaiting() {
  const { state, hasInvoice } = root().dataset;
  return state === 'preparing' || state === 'processing' || isSent || (state === 'paid' && hasInvoice === 'false');
}

let isSent = false;
let next = 0;

function watch() {
  isSent = true;
  tick();
}

async function tick() {
  clearTimeout(next);
  await show();
  if (root().dataset.state !== 'payable') isSent = false;
  if (!isWaiting()) return;
  const isEager = performance.now() - startedAt < EAGER_MS;
  clearTimeout(next);
  next = setTimeout(tick, isEager ? ASK_MS : ASK_MS_LATER);
}

document.addEventListener('click', (event) => {
  if (event.target.closest('[data-pay]')) open();
});
// Somebody may have paid in another tab, or the time may have run out.
document.addEventListener('visibilitychange', () => { if (!document.hidden && !opened?.dialog) tick(); });
if (isWaiting()) next = setTimeout(tick, ASK_MS);
