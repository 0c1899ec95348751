// Says that somebody looks at the quote, and turns the page when the order is there.
const ASK_MS = 2_000;
const TURNS = 60;

const here = () => document.getElementById('quote');
const { token, state } = here().dataset;

if (state === 'sent') {
  fetch(`/q/${encodeURIComponent(token)}/seen`, { method: 'POST', keepalive: true }).catch(() => null);
}

async function look() {
  const answer = await fetch(location.pathname).catch(() => null);
  if (!answer?.ok) return false;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('quote');
  if (!fresh || fresh.dataset.state === here().dataset.state) return false;
  here().replaceWith(fresh);
  document.getElementById('quote-title').focus();
  return true;
}

async function watch() {
  for (let turn = 0; turn < TURNS; turn += 1) {
    await new Promise((done) => { setTimeout(done, ASK_MS); });
    if (await look()) return;
  }
}

if (state === 'waiting') watch();
