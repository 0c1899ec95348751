// A live map on a page: `<div data-live-map data-src="…">` (see templates/parts/map.html). It draws
// a scene, lets its vehicles glide from ping to ping and says in words what it shows.
//
// A scene: {now, vehicles: [{id, label, kind, lat, lon, heading, at, is_stale}], stops: [{id, kind,
// label, lat, lon, seq, state}], route: [[lat, lon]…], route_source, trail: [[[lat, lon]…]…],
// places: [{lat, lon, label}], focus: [[lat, lon]…], text}. `focus` is what to look at, if not all. `kind` of a stop: door, pickup, stop. Times are ISO or ms.
//
// For tests and other scripts, `window.tandemMap` answers for the page's first map: `.provider`,
// `.vehicles()` → [{id, lat, lon, heading, isStale, isMoving}] as shown at this very moment, and
// `.ready`, a promise.
import { Glider } from './glide.js';
import { Line, metres } from './geo.js';
import { openMap } from './provider.js';

const POLL_MS = 4_000;
const SAY_EVERY_MS = 20_000;
const LEAVE_ROUTE_M = 45;
const NEARER_EVERY_MS = 5_000;

const stillness = matchMedia('(prefers-reduced-motion: reduce)');

export class LiveMap {
  /** `onPick(kind, id)` makes markers buttons; `follows` keeps the vehicle in sight. */
  constructor(element, { onPick = null, follows = true } = {}) {
    this.element = element;
    this.onPick = onPick;
    this.follows = follows;
    this.gliders = new Map();
    this.facts = new Map();
    this.scene = null;
    this.saidAt = 0;
    this.offset = 0;
    this.badge = this.add('p', 'map-badge');
    this.recentre = this.add('button', 'map-recentre btn');
    this.recentre.type = 'button';
    this.recentre.textContent = 'Show the vehicle';
    this.recentre.addEventListener('click', () => this.showAll());
    this.words = document.getElementById(element.getAttribute('aria-describedby'));
    this.ready = new Promise((resolve) => { this.opened = resolve; });
    window.tandemMap ??= this;
  }

  add(tag, className) {
    const node = document.createElement(tag);
    node.className = className;
    node.hidden = true;
    this.element.append(node);
    return node;
  }

  get provider() {
    return this.element.dataset.provider;
  }

  /** The server's clock: positions are old or young by it, not by this device's. */
  serverNow() {
    return Date.now() + this.offset;
  }

  setServerNow(moment) {
    this.offset = new Date(moment).getTime() - Date.now();
  }

  async draw(scene) {
    if (scene.now) this.setServerNow(scene.now);
    this.scene = scene;
    if (!this.view) await this.open();
    if (this.scene !== scene) return;
    const isFreeToDraw = scene.route_source !== 'google' || this.provider === 'google';
    this.route = isFreeToDraw ? scene.route ?? [] : [];
    this.view.setStops(scene.stops ?? []);
    this.view.setTrail(scene.trail ?? []);
    if (this.provider === 'corridor') await this.drawCorridor();
    this.moveAll(scene.vehicles ?? []);
    this.showRoute(true);
    if (this.isFresh) {
      this.isFresh = false;
      this.showAll(true);
    }
    this.say();
  }

  async open() {
    this.opening ??= openMap(this.element, { places: this.places(), onPick: this.onPick, isStill: stillness.matches });
    const { view, provider, home } = await this.opening;
    if (this.view) return;
    this.view = view;
    this.home = home;
    this.isFresh = true;
    this.element.dataset.provider = provider;
    view.onMoved(() => this.leftAlone());
    this.opened(this);
    const step = () => {
      this.tick();
      if (this.element.isConnected) requestAnimationFrame(step);
      else view.destroy();
    };
    requestAnimationFrame(step);
  }

  async drawCorridor() {
    const centre = this.scene.stops?.find((stop) => stop.kind !== 'pickup') ?? this.scene.vehicles?.[0];
    if (!centre) return;
    const middle = [centre.lat, centre.lon];
    const reach = Math.max(800, ...this.places().map((place) => metres(middle, place)));
    const mark = `${middle} ${Math.round(reach / 500)}`;
    if (this.corridorMark === mark) return;
    this.corridorMark = mark;
    const { corridorLayers } = await import('./corridor.js');
    this.view.ground(corridorLayers({ centre: middle, reach, places: this.scene.places ?? [] }));
  }

  moveAll(vehicles) {
    const present = new Set(vehicles.map((vehicle) => vehicle.id));
    for (const id of this.gliders.keys()) {
      if (present.has(id)) continue;
      this.gliders.delete(id);
      this.facts.delete(id);
      this.view.removeVehicle(id);
    }
    for (const vehicle of vehicles) this.move(vehicle);
  }

  /** One vehicle has a new position. */
  move(vehicle) {
    if (!this.view) return;
    let glider = this.gliders.get(vehicle.id);
    if (!glider) {
      glider = new Glider({ isStill: stillness.matches });
      this.gliders.set(vehicle.id, glider);
    }
    this.facts.set(vehicle.id, { ...this.facts.get(vehicle.id), ...vehicle });
    if (this.route && this.gliders.size === 1) glider.setRoute(this.route);
    const fix = { at: new Date(vehicle.at).getTime(), lat: vehicle.lat, lon: vehicle.lon, heading: vehicle.heading ?? null, isStale: vehicle.is_stale ?? false };
    glider.take(fix, performance.now());
  }

  tick() {
    const moment = performance.now();
    for (const [id, glider] of this.gliders) {
      const shown = glider.now(moment);
      if (!shown) continue;
      const facts = this.facts.get(id);
      const isStale = glider.isStale(this.serverNow());
      // Hundreds stand still while a few move: what looks the same is not touched again.
      const look = `${shown.place} ${shown.heading.toFixed(1)} ${isStale} ${facts.isChosen}`;
      if (facts.look === look) continue;
      facts.look = look;
      this.view.vehicle(id, { ...shown, label: facts.label, kind: facts.kind, isStale, isChosen: facts.isChosen });
    }
    if (moment - (this.slowAt ?? 0) > 400) {
      this.slowAt = moment;
      this.showRoute();
      this.showAge();
      this.keepInSight();
    }
  }

  /** What is ahead in full colour, what lies behind paler. */
  showRoute(isForced = false) {
    const glider = this.gliders.size === 1 ? [...this.gliders.values()][0] : null;
    if (!this.route || (!isForced && !glider?.now(performance.now())?.isMoving)) return;
    if (this.route.length < 2 || !glider?.path) {
      this.view.setRoute(this.route ?? []);
      return;
    }
    const line = new Line(this.route);
    const here = line.nearest(glider.now(performance.now()).place);
    if (here.beside > LEAVE_ROUTE_M) this.view.setRoute(this.route);
    else this.view.setRoute(line.piece(here.along, line.length), line.piece(0, here.along));
  }

  showAge() {
    const only = this.gliders.size === 1 ? [...this.gliders.values()][0] : null;
    const isStale = Boolean(only?.isStale(this.serverNow()));
    this.badge.hidden = !isStale;
    this.badge.classList.toggle('is-stale', isStale);
    if (isStale) this.badge.textContent = `Last seen ${ago(this.serverNow() - only.fix.at)}`;
    if (performance.now() - this.saidAt > SAY_EVERY_MS) this.say();
  }

  keepInSight() {
    if (!this.follows || this.isLeftAlone || this.gliders.size !== 1) return;
    const shown = [...this.gliders.values()][0].now(performance.now());
    if (!shown) return;
    const isLost = !this.view.isInside(shown.place);
    const mayGoNearer = performance.now() - (this.nearerAt ?? 0) > NEARER_EVERY_MS;
    if (isLost || (mayGoNearer && this.view.isFarFrom(this.seen(shown.place)))) {
      this.nearerAt = performance.now();
      this.showAll();
    }
  }

  leftAlone() {
    if (!this.follows || !this.gliders.size) return;
    this.isLeftAlone = true;
    this.recentre.hidden = false;
  }

  showAll(instant = false) {
    this.isLeftAlone = false;
    this.recentre.hidden = true;
    const only = this.gliders.size === 1 ? [...this.gliders.values()][0].now(performance.now()) : null;
    const all = only && !this.scene?.trail?.length ? this.seen(only.place) : this.places();
    const places = this.scene?.focus?.length ? this.scene.focus : all;
    if (places.length) this.view.fit(places, { instant, zoomMax: places.length > 1 ? 16.6 : 15.2 });
    else if (this.home) this.view.fit([this.home], { instant, zoomMax: 14 });
  }

  /** The only vehicle as it is shown now, and the stops. */
  seen(place) {
    return [place, ...(this.scene?.stops ?? []).filter((stop) => stop.kind !== 'pickup').map(({ lat, lon }) => [lat, lon])];
  }

  places() {
    const scene = this.scene ?? {};
    const stops = (scene.stops ?? []).filter((stop) => stop.kind !== 'pickup' || !scene.vehicles?.length);
    return [...(scene.vehicles ?? []), ...stops, ...(scene.places ?? [])]
      .map(({ lat, lon }) => [lat, lon])
      .concat((scene.trail ?? []).flat());
  }

  /** The same for those who do not see the map. */
  say() {
    this.saidAt = performance.now();
    if (!this.words || !this.scene) return;
    this.words.textContent = this.scene.text || [...this.facts.values()].map((vehicle) => vehicle.label).filter(Boolean).join(', ');
  }

  vehicles() {
    const moment = performance.now();
    return [...this.gliders].map(([id, glider]) => {
      const { place, heading, isMoving } = glider.now(moment);
      return { id, lat: place[0], lon: place[1], heading, isMoving, isStale: glider.isStale(this.serverNow()) };
    });
  }
}

export function ago(milliseconds) {
  const minutes = Math.max(1, Math.round(milliseconds / 60_000));
  if (minutes < 90) return `${minutes} min ago`;
  const hours = Math.round(minutes / 60);
  return hours < 36 ? `${hours} h ago` : `${Math.round(hours / 24)} days ago`;
}

/** Ask for the scene again and again, while somebody looks. */
async function poll(map, address) {
  for (;;) {
    if (!map.element.isConnected) return;
    if (!document.hidden) {
      const answer = await fetch(address, { headers: { accept: 'application/json' } }).catch(() => null);
      if (answer?.ok) await map.draw(await answer.json());
      else if (answer?.status === 404) return;
    }
    await new Promise((wake) => { setTimeout(wake, POLL_MS); });
  }
}

function start(root) {
  for (const element of root.querySelectorAll('[data-live-map][data-src]')) {
    if (element.dataset.isLive) continue;
    element.dataset.isLive = 'true';
    poll(new LiveMap(element), element.dataset.src);
  }
}

start(document);
document.addEventListener('htmx:after:swap', () => start(document));
