// The same view on Google's map. Loaded only when a browser key is configured.
import { stopMarker, vehicleMarker } from './markers.js';

const LOAD_MS_MAX = 12_000;
let loading;

/** Resolves once Google's library is there; rejects when it is refused, slow or unreachable. */
export function loadGoogle(key, source, nonce) {
  loading ??= new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('Google Maps did not answer')), LOAD_MS_MAX);
    const fail = (why) => {
      clearTimeout(timer);
      reject(new Error(why));
    };
    window.gm_authFailure = () => {
      fail('Google refused the browser key');
      document.dispatchEvent(new CustomEvent('tandem:google-refused'));
    };
    window.tandemGoogleReady = () => {
      clearTimeout(timer);
      Promise.all(['maps', 'marker'].map((name) => google.maps.importLibrary(name))).then(resolve, reject);
    };
    const script = document.createElement('script');
    script.src = `${source}/maps/api/js?key=${encodeURIComponent(key)}&v=quarterly&loading=async&callback=tandemGoogleReady`;
    script.nonce = nonce;
    script.addEventListener('error', () => fail('Google Maps could not be loaded'));
    document.head.append(script);
  });
  return loading;
}

function at([lat, lon]) {
  return { lat, lng: lon };
}

export class GoogleView {
  constructor(element, { onPick = null, isStill = false }) {
    this.onPick = onPick;
    this.isStill = isStill;
    this.surface = document.createElement('div');
    this.surface.className = 'map-google';
    element.append(this.surface);
    const isDark = document.documentElement.dataset.bsTheme === 'dark';
    this.map = new google.maps.Map(this.surface, {
      mapId: 'DEMO_MAP_ID', disableDefaultUI: true, zoomControl: true, clickableIcons: false, zoom: 13, center: at([20.6, 78.9]),
      colorScheme: isDark ? 'DARK' : 'LIGHT', gestureHandling: 'greedy',
    });
    this.lines = {};
    this.markers = new Map();
    this.stops = [];
    this.map.addListener('dragstart', () => this.moved?.());
  }

  ground() {}

  onMoved(listener) {
    this.moved = listener;
  }

  setRoute(places, passed = []) {
    this.draw('route', [places], '--m-route', 5);
    this.draw('passed', [passed], '--m-passed', 5);
  }

  setTrail(segments) {
    this.draw('trail', segments, '--m-trail', 4);
  }

  draw(kind, lines, variable, weight) {
    for (const line of this.lines[kind] ?? []) line.setMap(null);
    const strokeColor = getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
    this.lines[kind] = lines.filter((places) => places.length > 1)
      .map((places) => new google.maps.Polyline({ map: this.map, path: places.map(at), strokeColor, strokeWeight: weight }));
  }

  marker(node, place) {
    return new google.maps.marker.AdvancedMarkerElement({ map: this.map, position: at(place), content: node });
  }

  setStops(stops) {
    for (const marker of this.stops) marker.map = null;
    this.stops = stops.map((stop) => {
      const node = stopMarker({ ...stop, isButton: Boolean(this.onPick && stop.id) });
      if (this.onPick && stop.id) node.addEventListener('click', () => this.onPick('stop', stop.id));
      return this.marker(node, [stop.lat, stop.lon]);
    });
  }

  vehicle(id, { place, heading, label = '', kind = 'scooter', isStale = false, isChosen = false }) {
    let held = this.markers.get(id);
    if (!held) {
      const node = vehicleMarker({ kind, label, isButton: Boolean(this.onPick) });
      node.classList.add('is-on-google');
      if (this.onPick) node.addEventListener('click', () => this.onPick('vehicle', id));
      held = { node, marker: this.marker(node, place), turn: node.querySelector('.map-turn') };
      this.markers.set(id, held);
    }
    held.marker.position = at(place);
    held.turn.style.transform = `rotate(${heading.toFixed(1)}deg)`;
    held.node.classList.toggle('is-stale', isStale);
    held.node.classList.toggle('is-chosen', isChosen);
  }

  removeVehicle(id) {
    const held = this.markers.get(id);
    if (held) held.marker.map = null;
    this.markers.delete(id);
  }

  fit(places) {
    if (!places.length) return;
    const bounds = new google.maps.LatLngBounds();
    for (const place of places) bounds.extend(at(place));
    this.map.fitBounds(bounds, 56);
    google.maps.event.addListenerOnce(this.map, 'idle', () => {
      if (this.map.getZoom() > 17) this.map.setZoom(17);
    });
  }

  isInside(place) {
    return this.map.getBounds()?.contains(at(place)) ?? false;
  }

  /** Every move of Google's view may be billed by Google's rules; people zoom by themselves. */
  isFarFrom() {
    return false;
  }

  destroy() {
    this.surface.remove();
  }
}
