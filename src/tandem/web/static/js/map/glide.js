// A vehicle between two positions that the server accepted: one ping behind, along the route where
// it keeps to it, never backwards in time and never jittering back along the road.
import { Line, metres, turned } from './geo.js';

const STEP_MS_MIN = 300;
const STEP_MS_MAX = 12_000;
const CATCH_UP_MS = 1_200;
/** After a longer silence nobody knows the way between: go there at once, without pretending. */
const GAP_MS = 60_000;
const BESIDE_M = 45;
/** Behind by less is the noise of a receiver, behind by more twice in a row is a turn. */
const BACK_M = 80;
const JUMP_M = 1_500;
const STANDING_M = 3;
const TURN_MS = 350;
export const STALE_MS = 60_000;

export class Glider {
  constructor({ isStill = false } = {}) {
    this.isStill = isStill;
    this.lines = [];
    this.path = null;
    this.fix = null;
    this.heading = 0;
    this.turnedAt = 0;
    this.backwards = 0;
  }

  /** The planned way. The one before is kept: a new one begins where the vehicle was asked for. */
  setRoute(places) {
    if (places.length < 2) return;
    const line = new Line(places);
    if (!this.lines[0] || !isSame(this.lines[0], line)) this.lines = [line, ...this.lines].slice(0, 2);
  }

  /** A position the server accepted: {at (ms), lat, lon, heading, isStale}. Older ones are passed over. */
  take(fix, now) {
    if (this.fix && fix.at < this.fix.at) return false;
    const before = this.fix;
    this.fix = fix;
    const goal = [fix.lat, fix.lon];
    if (!before || !this.path) {
      this.place(goal, fix.heading);
      return true;
    }
    if (fix.at === before.at && metres(goal, [before.lat, before.lon]) < 1) return true;
    const here = this.now(now).place;
    const silence = fix.at - before.at;
    if (this.isStill || silence > GAP_MS || metres(here, goal) > JUMP_M) {
      this.place(goal, fix.heading);
      return true;
    }
    const places = this.way(here, goal);
    if (!places) return true;
    const running = this.path.until > now ? CATCH_UP_MS / 4 : 0;
    const time = Math.min(Math.max(silence, STEP_MS_MIN), STEP_MS_MAX) + running;
    this.path = { line: new Line(places), from: now, until: now + time };
    return true;
  }

  /** Put it there at once; on the route it looks along the road, else where the device says. */
  place(goal, heading) {
    const on = this.onRoute(goal);
    this.path = { line: new Line([on.place]), from: 0, until: 0 };
    this.heading = on.heading ?? heading ?? this.heading;
  }

  onRoute(place) {
    for (const line of this.lines) {
      const found = line.nearest(place);
      if (found.beside <= BESIDE_M) return line.at(found.along);
    }
    return { place, heading: null };
  }

  /** The places to glide through, or null to stay. */
  way(here, goal) {
    for (const line of this.lines) {
      const [a, b] = [line.nearest(here), line.nearest(goal)];
      if (a.beside > BESIDE_M || b.beside > BESIDE_M) continue;
      const ahead = b.along - a.along;
      if (ahead >= 0) {
        this.backwards = 0;
        return [here, ...line.piece(a.along, b.along)];
      }
      this.backwards += 1;
      if (ahead > -BACK_M || this.backwards < 2) return null;
    }
    this.backwards = 0;
    return metres(here, goal) < STANDING_M ? null : [here, goal];
  }

  /** Where it is shown at this moment, and which way it looks. */
  now(moment) {
    if (!this.path) return null;
    const { line, from, until } = this.path;
    const part = until > from ? Math.min(Math.max((moment - from) / (until - from), 0), 1) : 1;
    const { place, heading } = line.at(line.length * part);
    if (heading !== null && line.length > STANDING_M) this.turn(heading, moment);
    return { place, heading: this.heading, isMoving: part < 1 && line.length > STANDING_M };
  }

  turn(heading, moment) {
    const part = this.isStill ? 1 : Math.min((moment - this.turnedAt) / TURN_MS, 1);
    this.heading = turned(this.heading, heading, Math.max(part, 0));
    this.turnedAt = moment;
  }

  isStale(serverNow) {
    return Boolean(this.fix) && (this.fix.isStale || serverNow - this.fix.at > STALE_MS);
  }
}

function isSame(one, other) {
  return one.places.length === other.places.length
    && metres(one.places[0], other.places[0]) < 1
    && Math.abs(one.length - other.length) < 1;
}
