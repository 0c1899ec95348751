// The driver's page without a network. FILES are put before this text by the server. The page itself
// is asked for first and taken from here when no answer comes; everything else has its version in
// its address and is taken from here at once. What the page sends is never answered from here.
const PAGE = FILES[0];
const WAIT_MS = 4000;
const NAME = `driver-${hash(FILES.join())}`;

function hash(text) {
  let sum = 5381;
  for (const character of text) sum = (sum * 33 + character.codePointAt(0)) % 4294967296;
  return sum.toString(36);
}

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith('driver-') && name !== NAME).map((name) => caches.delete(name)));
}

self.addEventListener('fetch', (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== 'GET' || address.origin !== location.origin) return;
  if (event.request.mode === 'navigate' && address.pathname === PAGE) event.respondWith(page(event.request));
  else if (address.pathname.startsWith('/static/')) event.respondWith(file(event.request));
});

async function page(request) {
  const cache = await caches.open(NAME);
  const asked = fetch(request, { signal: AbortSignal.timeout(WAIT_MS) });
  try {
    const answer = await asked;
    if (answer.ok) await cache.put(PAGE, answer.clone());
    return answer.ok ? answer : (await cache.match(PAGE)) ?? answer;
  } catch {
    return (await cache.match(PAGE)) ?? Response.error();
  }
}

async function file(request) {
  const cache = await caches.open(NAME);
  return (await cache.match(request)) ?? fetch(request);
}
