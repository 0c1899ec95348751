// The built-in city's streets, blocks, parks and lakes as layers. Its data is compact: see
// `tandem.sandbox.city.drawing.to_map`.
import {
  Feature, Fill, LineString, Point, Polygon, Stroke, Style, Text, VectorLayer, VectorSource, fromLonLat,
} from 'ol';

const FONT = '"Inter", system-ui, sans-serif';
const PALETTES = {
  light: {
    land: '#f3f1ec', block: '#eae7e0', park: '#cfe5c4', lake: '#a9d3ee', grounds: '#dcead2',
    casing: '#d9d4ca', road: '#ffffff', arterial: '#fde9b8', arterialCasing: '#e6c97f',
    text: '#5b574f', halo: '#fbfaf7', parkText: '#3f6b34', lakeText: '#2d6486', district: '#7d776c',
  },
  dark: {
    land: '#1c1e21', block: '#23262a', park: '#20352a', lake: '#173549', grounds: '#1f2f29',
    casing: '#141619', road: '#3a3e44', arterial: '#5c5443', arterialCasing: '#17150f',
    text: '#b4bac2', halo: '#1c1e21', parkText: '#86b795', lakeText: '#7db4d6', district: '#868d96',
  },
};
/** Width in metres, the least width in pixels, and up to which metres a pixel it is drawn and named. */
const ROADS = {
  arterial: { metres: 17, least: 2.6, shown: 60, named: 7, size: 12, weight: 600 },
  collector: { metres: 12, least: 1.7, shown: 26, named: 4.2, size: 11.5, weight: 550 },
  street: { metres: 8.5, least: 0.9, shown: 14, named: 2.1, size: 11, weight: 500 },
  lane: { metres: 6, least: 0.6, shown: 8, named: 1.25, size: 10.5, weight: 500 },
};

export function palette() {
  return PALETTES[document.documentElement.dataset.bsTheme === 'dark' ? 'dark' : 'light'];
}

export function cityLayers(map) {
  const places = read(map);
  const layer = (features, style, zIndex, more = {}) => new VectorLayer({
    source: new VectorSource({ features, attributions: more.credit }), style, zIndex, ...more,
  });
  return [
    layer([...places.blocks, ...places.green], ground, 1, { credit: map.note }),
    layer(places.streets, casing, 2, { updateWhileInteracting: true }),
    layer(places.streets, carriageway, 3, { updateWhileInteracting: true }),
    layer([...places.streets, ...places.green, ...places.districts], name, 4, { declutter: true }),
  ];
}

/** The rectangle [west, south, east, north] in degrees that the streets cover. */
export function boundsOf(map) {
  const [x, y] = [[], []];
  for (const street of map.streets) {
    for (const [lon, lat] of degrees(street.path, map.unit)) {
      x.push(lon);
      y.push(lat);
    }
  }
  const least = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
  return [least(x), least(y), most(x), most(y)];
}

function degrees(flat, unit) {
  const found = [];
  let [lon, lat] = [0, 0];
  for (let at = 0; at < flat.length; at += 2) {
    lon += flat[at];
    lat += flat[at + 1];
    found.push([lon * unit, lat * unit]);
  }
  return found;
}

function read(map) {
  const line = (flat) => degrees(flat, map.unit).map((place) => fromLonLat(place));
  const ring = (flat) => {
    const places = line(flat);
    return new Polygon([[...places, places[0]]]);
  };
  const area = (kind, flat, name = '') => new Feature({ geometry: ring(flat), kind, name });
  return {
    blocks: map.blocks.map((flat) => area('block', flat)),
    green: [
      ...map.lakes.map((lake) => area('grounds', lake.grounds)),
      ...map.parks.map((park) => area('park', park.ring, park.name)),
      ...map.lakes.map((lake) => area('lake', lake.ring, lake.name)),
    ],
    streets: map.streets.map((street) => new Feature({
      geometry: new LineString(line(street.path)), kind: 'street', road: map.roads[street.road], name: street.name,
    })).reverse(),
    districts: map.districts.map((district) => new Feature({
      geometry: new Point(line(district.at)[0]), kind: 'district', name: district.name, pin: district.pin,
    })),
  };
}

function ground(feature) {
  const colours = palette();
  const kind = feature.get('kind');
  const order = { block: 0, grounds: 1, park: 2, lake: 3 };
  return new Style({ fill: new Fill({ color: colours[kind] }), zIndex: order[kind] });
}

function width(road, resolution) {
  const { metres, least } = ROADS[road];
  return Math.max(metres / resolution, least);
}

function rank(road) {
  return ['lane', 'street', 'collector', 'arterial'].indexOf(road);
}

function casing(feature, resolution) {
  const road = feature.get('road');
  if (resolution > ROADS[road].shown || resolution > 9) return null;
  const colours = palette();
  const color = road === 'arterial' ? colours.arterialCasing : colours.casing;
  return new Style({ stroke: new Stroke({ color, width: width(road, resolution) + 1.8, lineCap: 'round', lineJoin: 'round' }), zIndex: rank(road) });
}

function carriageway(feature, resolution) {
  const road = feature.get('road');
  if (resolution > ROADS[road].shown) return null;
  const colours = palette();
  const color = road === 'arterial' ? colours.arterial : colours.road;
  return new Style({ stroke: new Stroke({ color, width: width(road, resolution), lineCap: 'round', lineJoin: 'round' }), zIndex: rank(road) });
}

function words(text, { size, weight, color, halo, ...more }) {
  return new Style({
    text: new Text({ text, font: `${weight} ${size}px ${FONT}`, fill: new Fill({ color }), stroke: new Stroke({ color: halo, width: 3 }), ...more }),
    zIndex: more.order,
  });
}

function name(feature, resolution) {
  const colours = palette();
  const kind = feature.get('kind');
  const text = feature.get('name');
  if (kind === 'street') {
    const { named, size, weight } = ROADS[feature.get('road')];
    if (resolution > named) return null;
    return words(text, { size, weight, color: colours.text, halo: colours.halo, placement: 'line', repeat: 420, maxAngle: Math.PI / 7, order: -rank(feature.get('road')) });
  }
  if (kind === 'district') {
    if (resolution < 3.2 || resolution > 22) return null;
    return words(text.toUpperCase(), { size: 10.5, weight: 600, color: colours.district, halo: colours.halo, order: -9 });
  }
  if (resolution > (kind === 'lake' ? 14 : 4.5) || kind === 'grounds') return null;
  const color = kind === 'lake' ? colours.lakeText : colours.parkText;
  return words(text, { size: 11, weight: 550, color, halo: kind === 'lake' ? colours.lake : colours.park, overflow: kind === 'lake', order: -5 });
}
