// A driver's day played back: the track on the map, a line of time, a speed. Nothing is drawn where
// nothing was heard.
import { between, bearing, metres, inWords } from '../map/geo.js';

const SPEEDS = [1, 5, 15, 30, 60, 120, 300, 600];
const VEHICLE = 'playback';
const STEPS = 1000;

const HOUR = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };

function minutes(milliseconds) {
  const all = Math.round(milliseconds / 60_000);
  return all < 60 ? `${all} min` : `${Math.floor(all / 60)} h ${all % 60} min`;
}

/** The fixes of a segment as [ms, lat, lon]. */
function read(segments) {
  return segments.map((fixes) => fixes.map(({ at, lat, lon }) => [Date.parse(at), lat, lon]));
}

class Playback {
  constructor(element, map, track) {
    this.element = element;
    this.map = map;
    this.track = track;
    this.segments = read(track.segments).filter((fixes) => fixes.length);
    this.begin = this.segments[0][0][0];
    this.end = this.segments.at(-1).at(-1)[0];
    this.now = this.begin;
    this.speed = SPEEDS[4];
    const timeZone = element.dataset.zone;
    this.clock = new Intl.DateTimeFormat('en-IN', { ...HOUR, second: '2-digit', timeZone });
    this.short = new Intl.DateTimeFormat('en-IN', { ...HOUR, timeZone });
    this.numbers = JSON.parse(element.dataset.numbers);
    this.part = (name) => element.querySelector(`[data-${name}]`);
  }

  async open() {
    const trail = this.segments.map((fixes) => fixes.map(([, lat, lon]) => [lat, lon]));
    const stops = this.track.stops.map(({ lat, lon }, at) => ({ kind: 'stop', seq: at + 1, label: '', lat, lon, state: 'waiting' }));
    await this.map.draw({ now: new Date().toISOString(), vehicles: [], stops, trail, text: `${this.element.dataset.name}'s way on this day.` });
    this.map.view.fit(trail.flat(), { instant: true });
    this.facts();
    this.moments();
    this.part('player').hidden = false;
    this.part('line').addEventListener('input', (event) => this.seek(this.begin + (event.target.value / STEPS) * (this.end - this.begin)));
    this.part('play').addEventListener('click', () => this.toggle());
    this.part('speed').addEventListener('input', (event) => {
      this.speed = SPEEDS[event.target.value];
      this.part('speed-shown').textContent = `${this.speed}×`;
    });
    this.show();
  }

  facts() {
    const stood = this.track.stops.reduce((sum, stop) => sum + Date.parse(stop.left_at) - Date.parse(stop.arrived_at), 0);
    const left = Object.values(this.track.rejected).reduce((sum, count) => sum + count, 0);
    this.part('distance').textContent = inWords(this.track.distance_m);
    this.part('stood').textContent = `${minutes(stood)}, ${this.track.stops.length}×`;
    this.part('rejected').textContent = left === 1 ? '1 position' : `${left} positions`;
    if (left) this.part('rejected').title = Object.entries(this.track.rejected).map(([why, count]) => `${why.replace('_', ' ')}: ${count}`).join(', ');
  }

  /** Statuses, stops and silences on one line of time; a click goes there. */
  moments() {
    const found = [
      ...this.track.statuses.filter((row) => !row.conflict).map((row) => ({ at: Date.parse(row.occurred_at), name: row.status.replaceAll('_', ' '), more: this.numbers[row.delivery_id] ?? '' })),
      ...this.track.stops.map((stop) => ({ at: Date.parse(stop.arrived_at), name: 'stood still', more: minutes(Date.parse(stop.left_at) - Date.parse(stop.arrived_at)) })),
      ...this.segments.slice(1).map((fixes, at) => ({ at: this.segments[at].at(-1)[0], name: 'no signal', more: minutes(fixes[0][0] - this.segments[at].at(-1)[0]), isGap: true })),
    ].sort((a, b) => a.at - b.at);
    this.lines = found.map(({ at, name, more, isGap }) => {
      const line = document.createElement('li');
      line.className = isGap ? 'is-gap' : '';
      line.innerHTML = '<span class="story-dot" aria-hidden="true"></span><p><button type="button"><b></b> <span class="muted"></span><small></small></button></p>';
      line.querySelector('b').textContent = name[0].toUpperCase() + name.slice(1);
      line.querySelector('.muted').textContent = more;
      line.querySelector('small').textContent = this.short.format(at);
      line.querySelector('button').addEventListener('click', () => this.seek(at));
      this.part('moments').append(line);
      return { at, line };
    });
  }

  /** Where it was: {place, heading} within a segment; in a silence the last place heard. */
  where() {
    let at = this.segments.findIndex((fixes) => this.now <= fixes.at(-1)[0]);
    if (at < 0) at = this.segments.length - 1;
    const fixes = this.segments[at];
    if (this.now < fixes[0][0]) {
      const held = this.segments[at - 1]?.at(-1) ?? fixes[0];
      return { place: [held[1], held[2]], isSilent: at > 0, next: fixes[0][0] };
    }
    let low = 0;
    let high = fixes.length - 1;
    while (low < high - 1) {
      const middle = (low + high) >> 1;
      if (fixes[middle][0] <= this.now) low = middle;
      else high = middle;
    }
    const [from, to] = [fixes[low], fixes[high]];
    const span = to[0] - from[0];
    const part = span > 0 ? Math.min(Math.max((this.now - from[0]) / span, 0), 1) : 1;
    const [a, b] = [[from[1], from[2]], [to[1], to[2]]];
    const speed = span > 0 ? metres(a, b) / (span / 1000) : 0;
    if (metres(a, b) > 3) this.heading = bearing(a, b);
    return { place: between(a, b, part), speed };
  }

  show() {
    const { place, isSilent, speed = 0 } = this.where();
    this.map.view.vehicle(VEHICLE, { place, heading: this.heading ?? 0, label: this.element.dataset.name, kind: this.element.dataset.kind, isStale: isSilent });
    this.part('clock').textContent = this.clock.format(this.now);
    this.part('said').textContent = isSilent ? 'no signal' : speed < 0.7 ? 'standing' : `${Math.round(speed * 3.6)} km/h`;
    this.part('line').value = ((this.now - this.begin) / Math.max(1, this.end - this.begin)) * STEPS;
    this.part('line').setAttribute('aria-valuetext', this.clock.format(this.now));
    const last = this.lines.filter(({ at }) => at <= this.now).at(-1);
    for (const { line } of this.lines) line.classList.toggle('is-now', line === last?.line);
  }

  seek(moment) {
    this.now = Math.min(Math.max(moment, this.begin), this.end);
    this.show();
  }

  toggle() {
    if (this.frame) {
      this.pause();
      return;
    }
    if (this.now >= this.end) this.now = this.begin;
    this.mark(true);
    let before = performance.now();
    const step = (moment) => {
      this.now += (moment - before) * this.speed;
      before = moment;
      // Nobody wants to wait through a silence.
      const { isSilent, next } = this.where();
      if (isSilent) this.now = next;
      if (this.now >= this.end) {
        this.now = this.end;
        this.pause();
      } else {
        this.frame = requestAnimationFrame(step);
      }
      this.show();
    };
    this.frame = requestAnimationFrame(step);
  }

  pause() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.mark(false);
  }

  mark(isPlaying) {
    const button = this.part('play');
    button.setAttribute('aria-pressed', String(isPlaying));
    button.querySelector('span').textContent = isPlaying ? 'Pause' : 'Play';
    const use = button.querySelector('use');
    use.setAttribute('href', use.getAttribute('href').replace(/#.*/, isPlaying ? '#player-pause' : '#player-play'));
  }

  stop() {
    this.pause();
    this.map.view?.removeVehicle(VEHICLE);
  }
}

/** Ask for the day and play it. Stopping before it came is fine. */
export function startPlayback(element, map) {
  const handle = { element, stop: () => { handle.isStopped = true; handle.player?.stop(); } };
  load(element, map, handle);
  return handle;
}

async function load(element, map, handle) {
  const answer = await fetch(element.dataset.src, { headers: { accept: 'application/json' } }).catch(() => null);
  const said = await answer?.json().catch(() => null);
  if (handle.isStopped) return;
  element.querySelector('[data-waiting]').hidden = true;
  if (!answer?.ok) {
    const failed = element.querySelector('[data-failed]');
    failed.hidden = false;
    failed.textContent = said?.detail ?? 'The day could not be read. Try again.';
    return;
  }
  if (!said.segments.length) {
    element.querySelector('[data-nothing]').hidden = false;
    await map.draw({ now: new Date().toISOString(), vehicles: [], stops: [], trail: [], text: 'No positions on this day.' });
    return;
  }
  handle.player = new Playback(element, map, said);
  window.tandemPlayback = handle.player;
  await handle.player.open();
}
