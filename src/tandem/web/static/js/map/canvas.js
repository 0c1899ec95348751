// The map on a canvas (OpenLayers) with a changeable ground: city streets, tiles or the corridor.
// It implements the same view as google.js:
//   setRoute(places, passed) setTrail(segments) setStops(stops) vehicle(id, facts) removeVehicle(id)
//   fit(places, {instant}) isInside(place) isFarFrom(places) onMoved(listener) destroy()
import {
  Feature, LineString, OlMap, Overlay, ScaleLine, Stroke, Style, TileLayer, VectorLayer, VectorSource, View, XYZ,
  defaultControls, defaultInteractions, fromLonLat,
} from 'ol';

import { palette } from './city.js';
import { stopMarker, vehicleMarker } from './markers.js';

const PADDING = [64, 48, 48, 48];
const ZOOM_MAX = 18;
const EASE_MS = 700;
const NEAR_ZOOM = 15.8;
const FILLS = 0.38;

function at([lat, lon]) {
  return fromLonLat([lon, lat]);
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export class CanvasView {
  constructor(element, { layers = [], tiles = '', credit = '', isStill = false, onPick = null }) {
    this.element = element;
    this.isStill = isStill;
    this.onPick = onPick;
    this.lines = new VectorSource();
    this.overlays = new Map();
    this.stops = [];
    const ground = tiles ? [new TileLayer({ source: new XYZ({ url: tiles, maxZoom: 19 }), zIndex: 0 })] : layers;
    this.map = new OlMap({
      target: element,
      layers: [...ground, new VectorLayer({ source: this.lines, style: (feature, resolution) => lineStyle(feature, resolution), zIndex: 10 })],
      controls: defaultControls({ zoom: false, rotate: false, attribution: false }).extend([new ScaleLine({ minWidth: 56, className: 'map-scale' })]),
      interactions: defaultInteractions({ altShiftDragRotate: false, pinchRotate: false }),
      view: new View({ center: [0, 0], zoom: 2, maxZoom: ZOOM_MAX, constrainRotation: false, enableRotation: false }),
    });
    element.append(note(credit), zoomButtons(this.map.getView(), isStill));
    this.paint();
    this.themes = new MutationObserver(() => this.paint());
    this.themes.observe(document.documentElement, { attributes: true, attributeFilter: ['data-bs-theme'] });
    this.map.on('pointerdrag', () => this.moved?.());
    element.addEventListener('wheel', () => this.moved?.(), { passive: true });
  }

  paint() {
    this.element.style.background = palette().land;
    for (const layer of this.map.getLayers().getArray()) layer.changed();
  }

  ground(layers) {
    for (const layer of this.extra ?? []) this.map.removeLayer(layer);
    this.extra = layers;
    for (const layer of layers) this.map.addLayer(layer);
  }

  onMoved(listener) {
    this.moved = listener;
  }

  setRoute(places, passed = []) {
    this.replace('route', places.length > 1 ? [places] : []);
    this.replace('passed', passed.length > 1 ? [passed] : []);
  }

  setTrail(segments) {
    this.replace('trail', segments.filter((places) => places.length > 1));
  }

  replace(kind, lines) {
    for (const feature of this.lines.getFeatures()) if (feature.get('kind') === kind) this.lines.removeFeature(feature);
    this.lines.addFeatures(lines.map((places) => new Feature({ geometry: new LineString(places.map(at)), kind })));
  }

  setStops(stops) {
    for (const overlay of this.stops) this.map.removeOverlay(overlay);
    this.stops = stops.map((stop) => {
      const node = stopMarker({ ...stop, isButton: Boolean(this.onPick && stop.id) });
      if (this.onPick && stop.id) node.addEventListener('click', () => this.onPick('stop', stop.id));
      const overlay = new Overlay({ element: node, positioning: 'bottom-center', position: at([stop.lat, stop.lon]), stopEvent: Boolean(this.onPick) });
      this.map.addOverlay(overlay);
      return overlay;
    });
  }

  /** Put a vehicle at a place, looking in its direction. */
  vehicle(id, { place, heading, label = '', kind = 'scooter', isStale = false, isChosen = false }) {
    let held = this.overlays.get(id);
    if (!held) {
      const node = vehicleMarker({ kind, label, isButton: Boolean(this.onPick) });
      if (this.onPick) node.addEventListener('click', () => this.onPick('vehicle', id));
      held = { node, overlay: new Overlay({ element: node, positioning: 'center-center', stopEvent: Boolean(this.onPick) }), turn: node.querySelector('.map-turn') };
      held.overlay.setPosition(at(place));
      this.map.addOverlay(held.overlay);
      this.overlays.set(id, held);
    }
    held.overlay.setPosition(at(place));
    held.turn.style.transform = `rotate(${heading.toFixed(1)}deg)`;
    held.node.classList.toggle('is-stale', isStale);
    held.node.classList.toggle('is-chosen', isChosen);
  }

  removeVehicle(id) {
    const held = this.overlays.get(id);
    if (held) this.map.removeOverlay(held.overlay);
    this.overlays.delete(id);
  }

  /** Show all of these places. */
  fit(places, { instant = false, zoomMax = 16.6 } = {}) {
    if (!places.length) return;
    this.map.updateSize();
    const points = places.map(at);
    const xs = points.map(([x]) => x);
    const ys = points.map(([, y]) => y);
    const extent = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
    this.map.getView().fit(extent, { padding: PADDING, maxZoom: zoomMax, duration: instant || this.isStill ? 0 : EASE_MS });
  }

  /** Is the place well inside of what is seen? */
  isInside(place) {
    const pixel = this.map.getPixelFromCoordinate(at(place));
    const size = this.map.getSize();
    if (!pixel || !size) return false;
    return pixel[0] > 36 && pixel[1] > 44 && pixel[0] < size[0] - 36 && pixel[1] < size[1] - 36;
  }

  /** Do these places fill so little of what is seen that one should go nearer? */
  isFarFrom(places) {
    const size = this.map.getSize();
    const pixels = places.map((place) => this.map.getPixelFromCoordinate(at(place)));
    if (!size || pixels.some((pixel) => !pixel) || this.map.getView().getZoom() > NEAR_ZOOM) return false;
    const reach = (axis) => Math.max(...pixels.map((pixel) => pixel[axis])) - Math.min(...pixels.map((pixel) => pixel[axis]));
    return reach(0) < size[0] * FILLS && reach(1) < size[1] * FILLS;
  }

  destroy() {
    this.themes.disconnect();
    this.map.setTarget(null);
  }
}

function lineStyle(feature) {
  const kind = feature.get('kind');
  const cap = { lineCap: 'round', lineJoin: 'round' };
  if (kind === 'passed') return new Style({ stroke: new Stroke({ color: colour('--m-passed'), width: 5, ...cap }) });
  if (kind === 'trail') return new Style({ stroke: new Stroke({ color: colour('--m-trail'), width: 4, ...cap }) });
  return [
    new Style({ stroke: new Stroke({ color: colour('--m-route-casing'), width: 8.5, ...cap }) }),
    new Style({ stroke: new Stroke({ color: colour('--m-route'), width: 5, ...cap }) }),
  ];
}

function note(text) {
  const node = document.createElement('p');
  node.className = 'map-note';
  node.textContent = text;
  return node;
}

function zoomButtons(view, isStill) {
  const group = document.createElement('div');
  group.className = 'map-zoom';
  for (const [name, sign, step] of [['Zoom in', '+', 1], ['Zoom out', '−', -1]]) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = sign;
    button.setAttribute('aria-label', name);
    button.addEventListener('click', () => view.animate({ zoom: view.getZoom() + step, duration: isStill ? 0 : 180 }));
    group.append(button);
  }
  return group;
}
