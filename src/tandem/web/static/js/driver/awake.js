// The screen stays on while a shift runs, and is dark at night unless the driver chose otherwise.
let lock = null;
let isWanted = false;

async function hold() {
  if (!isWanted || lock || document.hidden || !navigator.wakeLock) return;
  lock = await navigator.wakeLock.request('screen').catch(() => null);
  lock?.addEventListener('release', () => { lock = null; });
}

export function stayAwake(wanted) {
  isWanted = wanted;
  if (wanted) hold();
  else lock?.release();
}

document.addEventListener('visibilitychange', hold);

const DAWN = 6;
const DUSK = 18;

export function theme() {
  return localStorage.getItem('driver-theme') ?? 'auto';
}

export function setTheme(wanted) {
  localStorage.setItem('driver-theme', wanted);
  paint();
}

export function paint() {
  const hour = new Date().getHours();
  const isNight = hour < DAWN || hour >= DUSK || matchMedia('(prefers-color-scheme: dark)').matches;
  const chosen = theme();
  const shown = chosen === 'auto' ? (isNight ? 'dark' : 'light') : chosen;
  document.documentElement.dataset.bsTheme = shown;
  document.querySelector('meta[name=theme-color]').content = shown === 'dark' ? '#151514' : '#fbfbfa';
}

setInterval(paint, 60_000);
