// Small helpers for drawing: elements, icons, money and times as the driver reads them.
const icons = document.getElementById('app').dataset.icons;
const LOCALE = 'en-IN';

/** h('button.tap', {onclick, 'aria-label': …}, 'text', node…) */
export function h(what, facts = {}, ...inside) {
  const [tag, ...classes] = what.split('.');
  const node = document.createElement(tag || 'div');
  if (classes.length) node.className = classes.join(' ');
  for (const [name, value] of Object.entries(facts)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'value') node.value = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...inside.flat().filter((part) => part !== null && part !== undefined && part !== false));
  return node;
}

export function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const node = document.createElementNS(space, 'svg');
  node.setAttribute('class', 'icon');
  node.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(space, 'use');
  use.setAttribute('href', `${icons}#${name}`);
  node.append(use);
  return node;
}

export function money(minor, currency) {
  return new Intl.NumberFormat(LOCALE, { style: 'currency', currency }).format(minor / 100);
}

export function clock(moment) {
  return new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(moment));
}

export function day(text) {
  return new Intl.DateTimeFormat(LOCALE, { weekday: 'short', day: 'numeric', month: 'short' }).format(new Date(`${text}T12:00:00`));
}

/** For those who listen instead of looking. */
export function say(text) {
  document.getElementById('said').textContent = text;
}

/** Unlike crypto.randomUUID, also where the address is not https. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
