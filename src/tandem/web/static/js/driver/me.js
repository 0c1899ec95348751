// The driver, the shift and this phone.
import { setTheme, stayAwake, theme } from './awake.js';
import { clock, h, icon } from './dom.js';
import * as keep from './keep.js';
import { bar, warnings } from './parts.js';

const PLACES = { off: 'Off: no shift runs', starting: 'Looking for satellites', on: 'On', denied: 'Not allowed in the browser\'s settings', unavailable: 'Not available at this address' };
const THEMES = [['auto', 'Dark at night'], ['light', 'Light'], ['dark', 'Dark']];

export function meView(state, actions) {
  const { day, position } = state;
  const isSilent = state.queue.length + state.troubles.length === 0;
  return [bar(state, { title: day?.driver.name ?? 'Me', back: '#' }), h('main.view', {},
    warnings(state),
    h('dl.about', {},
      line('Shift', day?.shift ? `Since ${clock(day.shift.started_at)}` : 'Off duty'),
      line('Vehicle', day?.vehicle ? day.vehicle.plate : 'None'),
      line('Position', position.status === 'on' && position.accuracy ? `On, to ${Math.round(position.accuracy)} m` : PLACES[position.status])),
    h('button.tap', { type: 'button', id: 'shift', onclick: () => actions.shift(!day?.shift) }, icon(day?.shift ? 'logout' : 'player-play'), day?.shift ? 'End my shift' : 'Begin my shift'),
    h('fieldset.choices', {}, h('legend', {}, 'Screen'), THEMES.map(([key, words]) => h('label.check', {},
      h('input', { type: 'radio', name: 'theme', id: `theme-${key}`, value: key, ...(theme() === key ? { checked: true } : {}), onchange: () => setTheme(key) }), h('span', {}, words)))),
    awake(day),
    h('button.tap.is-quiet', { type: 'button', id: 'sign-out', 'aria-disabled': isSilent ? null : 'true', onclick: () => isSilent && actions.signOut() }, 'Sign this phone out'),
    isSilent ? null : h('p.hint', {}, 'Something is not told yet. Sign out once it is sent.'))];
}

function awake(day) {
  const box = h('input', { type: 'checkbox', id: 'awake', onchange: async (event) => {
    await keep.set('awake', event.target.checked);
    stayAwake(event.target.checked && Boolean(day?.shift));
  } });
  keep.get('awake').then((wanted) => { box.checked = wanted !== false; });
  return h('label.check', {}, box, h('span', {}, 'Keep the screen on during a shift'));
}

function line(name, text) {
  return h('div', {}, h('dt', {}, name), h('dd', {}, text));
}
