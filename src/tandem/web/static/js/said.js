// What changed on the page without a new one, said to whoever does not see it: how many rows there
// are now, which days the figures are of. The page marks it with data-said.
const place = document.getElementById('said');

export function say(text) {
  const words = text.replace(/\s+/g, ' ').trim();
  // The same words again are said again.
  place.textContent = place.textContent === words ? `${words}.` : words;
}

document.addEventListener('htmx:after:swap', ({ detail }) => {
  // Not what comes by itself: a part that is stale, and what is read anew every minute.
  if (!detail?.ctx || detail.ctx.isLive || detail.ctx.sourceElement?.matches?.('[hx-trigger^="every"]')) return;
  const told = document.querySelector('#main [data-said]') ?? document.querySelector('#list .empty h2');
  if (told) say(told.textContent);
});
