// Keeps the part of the page marked data-refresh fresh while someone looks at it.
const EVERY_MS = 2000;
const part = document.querySelector("[data-refresh]");

async function refresh() {
  if (document.hidden || part.contains(document.activeElement)) return;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser()
    .parseFromString(await answer.text(), "text/html")
    .querySelector("[data-refresh]");
  if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
}

// The sandbox may be restarting: the next round tries again.
setInterval(() => refresh().catch(() => undefined), EVERY_MS);
