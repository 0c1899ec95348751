// Where no street map is at hand: distance rings around the goal and what is known of the way.
import { CircleStyle, Feature, Fill, LineString, Point, Stroke, Style, Text, VectorLayer, VectorSource, fromLonLat } from 'ol';

import { inWords } from './geo.js';
import { palette } from './city.js';

const RINGS_M = [500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000];
const CORNERS = 72;

/** Rings around a place, as far as `reach` metres; and the labels of places nearby. */
export function corridorLayers({ centre, reach, places = [] }) {
  const rings = RINGS_M.filter((radius) => radius <= Math.max(reach * 1.6, 1_000) && radius >= reach / 12);
  const features = rings.flatMap((radius) => [ring(centre, radius), ...[0, 90, 180, 225, 270].map((side) => mark(centre, radius, side))]);
  const named = places.map(({ lat, lon, label }) => new Feature({ geometry: new Point(fromLonLat([lon, lat])), label, kind: 'place' }));
  return [new VectorLayer({
    source: new VectorSource({ features: [...features, ...named], attributions: 'No street map here: distances are as the crow flies' }),
    style, declutter: true, zIndex: 1,
  })];
}

function around([lat, lon], radius, degrees) {
  const angle = (degrees * Math.PI) / 180;
  const north = (radius * Math.cos(angle)) / 111_195;
  const east = (radius * Math.sin(angle)) / (111_195 * Math.cos((lat * Math.PI) / 180));
  return fromLonLat([lon + east, lat + north]);
}

function ring(centre, radius) {
  const places = Array.from({ length: CORNERS + 1 }, (_, at) => around(centre, radius, (at * 360) / CORNERS));
  return new Feature({ geometry: new LineString(places), kind: 'ring' });
}

function mark(centre, radius, side) {
  return new Feature({ geometry: new Point(around(centre, radius, side)), kind: 'mark', label: inWords(radius) });
}

function style(feature) {
  const colours = palette();
  const kind = feature.get('kind');
  if (kind === 'ring') return new Style({ stroke: new Stroke({ color: colours.district, width: 1.1, lineDash: [4, 6] }) });
  return new Style({
    image: kind === 'place' ? new CircleStyle({ radius: 2.5, fill: new Fill({ color: colours.district }) }) : undefined,
    text: new Text({
      text: feature.get('label'), font: '500 11px "Inter", system-ui, sans-serif', offsetY: kind === 'place' ? 12 : 0,
      fill: new Fill({ color: colours.text }), stroke: new Stroke({ color: colours.halo, width: 4 }),
    }),
  });
}
