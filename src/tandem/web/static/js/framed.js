// A record's page within a list's drawer (js/drawer.js): it shows itself alone, and whatever leads
// elsewhere leads the whole window there.
if (self !== top) {
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href]');
    if (!link || link.target || link.hasAttribute('download')) return;
    if (new URL(link.href).pathname !== location.pathname) link.target = '_top';
  }, true);
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest('input, textarea, select, [contenteditable], dialog[open], details.menu[open]')) return;
    if (!['Escape', 'j', 'k'].includes(event.key) || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    top.dispatchEvent(new CustomEvent('tandem:drawer', { detail: event.key }));
  }, true);
}
