// Places, distances and directions. A place is [lat, lon] in degrees; lengths are in metres,
// directions in degrees clockwise from north.
const METRES_PER_DEGREE = 111_195;

function scale(lat) {
  return METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180);
}

export function metres([latA, lonA], [latB, lonB]) {
  return Math.hypot((lonB - lonA) * scale((latA + latB) / 2), (latB - latA) * METRES_PER_DEGREE);
}

export function bearing([latA, lonA], [latB, lonB]) {
  const east = (lonB - lonA) * scale((latA + latB) / 2);
  const north = (latB - latA) * METRES_PER_DEGREE;
  return ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360;
}

export function between([latA, lonA], [latB, lonB], part) {
  return [latA + (latB - latA) * part, lonA + (lonB - lonA) * part];
}

/** Along the shorter arc. */
export function turned(from, to, part) {
  const arc = ((to - from + 540) % 360) - 180;
  return (from + arc * part + 360) % 360;
}

/** The same course without repeated places; lengths add up along it. */
export class Line {
  constructor(places) {
    this.places = [];
    this.lengths = [];
    for (const place of places) {
      const last = this.places.at(-1);
      const step = last ? metres(last, place) : 0;
      if (last && step < 0.01) continue;
      this.places.push(place);
      this.lengths.push((this.lengths.at(-1) ?? 0) + step);
    }
  }

  get length() {
    return this.lengths.at(-1) ?? 0;
  }

  /** The nearest point: how far along the line it lies, and how far beside it the place is. */
  nearest(place, from = 0) {
    let best = { along: 0, beside: Infinity };
    for (let at = 1; at < this.places.length; at += 1) {
      if (this.lengths[at] < from) continue;
      const found = footing(this.places[at - 1], this.places[at], place);
      if (found.beside < best.beside) {
        const step = this.lengths[at] - this.lengths[at - 1];
        best = { along: this.lengths[at - 1] + found.part * step, beside: found.beside };
      }
    }
    return best;
  }

  /** The place and direction so many metres along. */
  at(along) {
    const held = Math.min(Math.max(along, 0), this.length);
    let next = this.lengths.findIndex((length) => length >= held && length > 0);
    if (next < 1) next = Math.min(1, this.places.length - 1);
    if (next < 1) return { place: this.places[0], heading: null };
    const [a, b] = [this.places[next - 1], this.places[next]];
    const step = this.lengths[next] - this.lengths[next - 1];
    return { place: between(a, b, (held - this.lengths[next - 1]) / step), heading: bearing(a, b) };
  }

  /** The piece between two lengths, both ends included. */
  piece(from, to) {
    const inner = this.places.filter((_, at) => this.lengths[at] > from && this.lengths[at] < to);
    return [this.at(from).place, ...inner, this.at(to).place];
  }
}

function footing(a, b, place) {
  const east = scale(place[0]);
  const [ax, ay] = [(a[1] - place[1]) * east, (a[0] - place[0]) * METRES_PER_DEGREE];
  const [dx, dy] = [(b[1] - a[1]) * east, (b[0] - a[0]) * METRES_PER_DEGREE];
  const squared = dx * dx + dy * dy;
  const part = squared ? Math.min(Math.max(-(ax * dx + ay * dy) / squared, 0), 1) : 0;
  return { part, beside: Math.hypot(ax + part * dx, ay + part * dy) };
}

/** 850 m, 2.3 km, 14 km. */
export function inWords(length) {
  if (length < 950) return `${Math.max(10, Math.round(length / 10) * 10)} m`;
  return `${(length / 1000).toFixed(length < 9500 ? 1 : 0)} km`;
}
