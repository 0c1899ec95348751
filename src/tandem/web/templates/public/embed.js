// Puts the form where this script stands, and tells it how the visitor came: the marks of this visit,
// or, where it has none, those of the first one that had. Nothing is read by or sent to anybody else.
(() => {
  const script = document.currentScript;
  const address = {{ address | tojson }};
  const names = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'];
  const query = new URLSearchParams(location.search);
  const now = {};
  for (const name of names) if (query.get(name)) now[name] = query.get(name).slice(0, 200);
  const from = document.referrer && new URL(document.referrer).host !== location.host ? document.referrer : '';
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem('tandem-touch') ?? '{}');
    if (Date.now() - (kept.at ?? 0) > 90 * 86400e3) kept = {};
    if (Object.keys(now).length || (from && !kept.at)) {
      kept = { at: Date.now(), referrer: from, landing: location.origin + location.pathname, ...now };
      localStorage.setItem('tandem-touch', JSON.stringify(kept));
    }
  } catch { /* A browser that keeps nothing loses only where the visitor came from before. */ }
  const touch = new URLSearchParams({ embedded: '1' });
  const known = { referrer: from, landing: location.origin + location.pathname, ...kept, ...now };
  for (const name of [...names, 'referrer', 'landing']) if (known[name]) touch.set(name, known[name]);
  // The form is light or dark as the page around it is, whatever the visitor's screen prefers.
  const grounds = [document.body, document.documentElement].filter(Boolean).map((one) => getComputedStyle(one).backgroundColor.match(/[\d.]+/g)?.map(Number) ?? []);
  const [red = 255, green = 255, blue = 255] = grounds.find(([, , , cover = 1]) => cover > 0.5) ?? [];
  touch.set('theme', red + green + blue < 384 ? 'dark' : 'light');
  const frame = document.createElement('iframe');
  frame.src = `${address}?${touch}`;
  frame.title = script.dataset.title ?? 'Form';
  frame.loading = 'lazy';
  frame.style.cssText = 'width:100%;border:0;min-height:420px;color-scheme:normal';
  addEventListener('message', (event) => {
    if (event.source !== frame.contentWindow) return;
    if (event.data?.tandem === 'height') frame.style.height = `${Math.min(Number(event.data.height) || 0, 4000)}px`;
    if (event.data?.tandem === 'go' && /^https:\/\//.test(event.data.to)) location.assign(event.data.to);
  });
  script.after(frame);
})();
