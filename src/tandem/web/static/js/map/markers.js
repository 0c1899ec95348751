// What stands on a map, as HTML: sharp at every size, in the page's colours, readable aloud.
const DARK = '#23262b';

const TWO_WHEELER = `
  <rect x="18.4" y="3" width="3.2" height="9" rx="1.6" fill="${DARK}"/>
  <rect x="10.5" y="9.6" width="19" height="2.6" rx="1.3" fill="${DARK}"/>
  <rect x="15.6" y="11" width="8.8" height="18" rx="4.4" class="paint"/>
  <ellipse cx="20" cy="19.6" rx="8.2" ry="4.6" fill="#3b4048"/>
  <circle cx="20" cy="18" r="4.9" fill="#fff" stroke="${DARK}" stroke-width="1.1"/>
  <path d="M16.4 16.2a4 4 0 0 1 7.2 0" fill="none" stroke="${DARK}" stroke-width="1.6" stroke-linecap="round"/>
  <rect x="12.2" y="23.6" width="15.6" height="12.4" rx="2.6" class="paint" stroke="#fff" stroke-width="1.3"/>
  <path d="M20 24v11.6" stroke="#fff" stroke-width="1.1" opacity=".75"/>`;

const BOX_CAR = `
  <rect x="11" y="4" width="18" height="33" rx="4.6" fill="#fff" stroke="${DARK}" stroke-width="1.2"/>
  <path d="M13.2 11.6c2-1.7 11.6-1.7 13.6 0l-1 3.6H14.2z" fill="#3b4048"/>
  <rect x="9.4" y="10" width="2.2" height="3.4" rx="1" fill="${DARK}"/>
  <rect x="28.4" y="10" width="2.2" height="3.4" rx="1" fill="${DARK}"/>
  <rect x="13" y="17.4" width="14" height="17" rx="2.2" class="paint"/>
  <path d="M20 18v16" stroke="#fff" stroke-width="1.1" opacity=".75"/>`;

const THREE_WHEELER = `
  <rect x="18.4" y="3" width="3.2" height="7" rx="1.6" fill="${DARK}"/>
  <path d="M14 10c2-4 10-4 12 0l2.6 8v15a3 3 0 0 1-3 3H14.4a3 3 0 0 1-3-3V18z" fill="#fff" stroke="${DARK}" stroke-width="1.2"/>
  <path d="M14.6 13.4c2-2.4 8.8-2.4 10.8 0l.9 3.4H13.7z" fill="#3b4048"/>
  <rect x="13.4" y="19.4" width="13.2" height="14" rx="2.2" class="paint"/>`;

const SHAPES = { bicycle: TWO_WHEELER, scooter: TWO_WHEELER, three_wheeler: THREE_WHEELER, van: BOX_CAR, truck: BOX_CAR };

/** A vehicle; its `.map-turn` is rotated by its heading. */
export function vehicleMarker({ kind, label, isButton }) {
  const node = document.createElement(isButton ? 'button' : 'div');
  if (isButton) node.type = 'button';
  node.className = 'map-vehicle';
  node.innerHTML = `<span class="map-halo"></span><svg class="map-turn" viewBox="0 0 40 40" width="44" height="44" aria-hidden="true">${SHAPES[kind] ?? TWO_WHEELER}</svg><span class="map-name"></span>`;
  node.querySelector('.map-name').textContent = label ?? '';
  return node;
}

const PIN = '<svg viewBox="0 0 32 42" width="32" height="42" aria-hidden="true"><path class="pin" d="M16 41c-1-4-14-13.4-14-25a14 14 0 0 1 28 0c0 11.6-13 21-14 25z"/>';
const HOUSE = '<path d="M9.6 16.4 16 10.8l6.4 5.6v6.4a1 1 0 0 1-1 1h-3.2v-4.6h-4.4v4.6h-3.2a1 1 0 0 1-1-1z" fill="#fff"/>';
const BOX = '<path d="m16 9.8 6.3 3.3v6.6L16 23l-6.3-3.3v-6.6zM9.9 13.2 16 16.500l6.1-3.3M16 16.500V23" fill="none" stroke="#fff" stroke-width="1.7" stroke-linejoin="round"/>';

/** A door, a pick-up point, or a numbered stop of a run. */
export function stopMarker({ kind, label, name, seq, state, isButton }) {
  const node = document.createElement(isButton ? 'button' : 'div');
  if (isButton) node.type = 'button';
  if (isButton) node.setAttribute('aria-label', name || label);
  node.className = `map-stop is-${kind} ${state ? `is-${state}` : ''}`;
  const inside = kind === 'pickup' ? BOX : kind === 'door' ? HOUSE : `<text x="16" y="20.5" text-anchor="middle">${Number(seq) || '•'}</text>`;
  node.innerHTML = `${PIN}${inside}</svg><span class="map-name"></span>`;
  node.querySelector('.map-name').textContent = label ?? '';
  return node;
}
