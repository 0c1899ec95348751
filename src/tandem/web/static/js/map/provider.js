// Which map is drawn: Google with a browser key, else configured tiles, else the built-in city where
// the places lie in it, else the corridor view. Every choice gives the same view (see canvas.js).
//
// The choice and its addresses come from the server in the element's attributes (parts/map.html):
// data-map-google, data-map-google-url, data-map-tiles, data-map-city.

let cityMap;

async function loadCity(address) {
  cityMap ??= fetch(address).then((answer) => {
    if (!answer.ok) throw new Error(`no streets: ${answer.status}`);
    return answer.json();
  });
  return cityMap;
}

function isWithin([west, south, east, north], places) {
  return places.every(([lat, lon]) => lon >= west && lon <= east && lat >= south && lat <= north);
}

/** The view for these places: {view, provider}. `provider` is google, tiles, city or corridor. */
export async function openMap(element, { places, onPick = null, isStill = false }) {
  const wanted = element.dataset;
  if (wanted.mapGoogle) {
    try {
      const { GoogleView, loadGoogle } = await import('./google.js');
      await loadGoogle(wanted.mapGoogle, wanted.mapGoogleUrl, wanted.mapNonce);
      return { view: new GoogleView(element, { onPick, isStill }), provider: 'google' };
    } catch (reason) {
      console.warn(`${reason.message}; another map is drawn.`);
    }
  }
  const { CanvasView } = await import('./canvas.js');
  if (wanted.mapTiles) {
    return { view: new CanvasView(element, { tiles: wanted.mapTiles, onPick, isStill }), provider: 'tiles' };
  }
  if (wanted.mapCity) {
    const city = await import('./city.js');
    const map = await loadCity(wanted.mapCity).catch(() => null);
    if (map && isWithin(city.boundsOf(map), places)) {
      const view = new CanvasView(element, { layers: city.cityLayers(map), credit: 'Demo streets', onPick, isStill });
      return { view, provider: 'city', home: [...map.centre].reverse() };
    }
  }
  return { view: new CanvasView(element, { credit: 'No street map: distances as the crow flies', onPick, isStill }), provider: 'corridor' };
}
