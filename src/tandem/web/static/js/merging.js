// Somebody was faster (412): what was typed stands in the form. Where both changed something, theirs
// is offered beside it; what only they changed is taken over; and saving again then works.
import { controls, keep, opened, valueOf, valuesOf, versioned } from './conflict.js';

const LONGEST = 80;
const [asked] = performance.getEntriesByType('navigation');

function write(one, value) {
  if (typeof value === 'boolean') one.checked = value;
  else one.value = value;
  one.dispatchEvent(new Event('input', { bubbles: true }));
  one.dispatchEvent(new Event('change', { bubbles: true }));
}

function labelOf(one) {
  const said = one.labels?.[0]?.textContent.replace(/\s+/g, ' ').trim();
  return said || one.ariaLabel || one.name.replaceAll('_', ' ');
}

function inWords(one, value) {
  if (typeof value === 'boolean') return value ? 'ticked' : 'not ticked';
  const shown = one.tagName === 'SELECT' ? [...one.options].find((each) => each.value === value)?.textContent.trim() : value;
  return !shown ? 'empty' : `“${shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown}”`;
}

/** Theirs beside the field that holds mine, and one button between the two. */
function offer(one, mine, theirs) {
  const note = document.createElement('p');
  note.className = 'conflict';
  const said = document.createElement('span');
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'btn btn-small';
  const show = () => {
    const isMine = valueOf(one) === mine;
    said.textContent = isMine ? `They wrote ${inWords(one, theirs)}.` : `You wrote ${inWords(one, mine)}.`;
    button.textContent = isMine ? 'Take theirs' : 'Take yours';
    button.ariaLabel = `${button.textContent}: ${labelOf(one)}`;
  };
  button.addEventListener('click', () => {
    write(one, valueOf(one) === mine ? theirs : mine);
    show();
  });
  note.append(said, ' ', button);
  show();
  const field = one.closest('.field');
  if (field) field.append(note);
  else (one.closest('label') ?? one).after(note);
}

/** What becomes of each field: who changed it since the form was opened? */
function merge(form, now, base) {
  const theirs = valuesOf(now, true);
  const told = { both: [], taken: [], missing: [], isReplaced: false };
  const mine = controls(form);
  for (const [key, one] of mine) {
    const [ours, others, before] = [valueOf(one), theirs[key] ?? (typeof valueOf(one) === 'boolean' ? false : ''), base[key]];
    if (ours === others || others === before) continue;
    // What scripts keep there (rows, say) is shown elsewhere, as it was typed here.
    if (one.type === 'hidden') told.isReplaced = true;
    else if (ours === before) {
      write(one, others);
      told.taken.push(labelOf(one));
    } else {
      offer(one, ours, others);
      told.both.push(one);
    }
  }
  for (const [key, one] of controls(now)) if (!mine.has(key) && one.type !== 'hidden' && theirs[key]) told.missing.push(`${labelOf(one)} ${inWords(one, theirs[key])}`);
  return told;
}

function tell(form, page, { both, taken, missing, isReplaced }) {
  const reason = form.querySelector('.problem') ?? document.querySelector('main .problem') ?? form.insertAdjacentElement('afterbegin', document.createElement('p'));
  reason.className = 'problem';
  reason.role = 'alert';
  const said = ['Somebody was faster.'];
  if (both.length) said.push('Where both of you changed something, choose below.');
  if (taken.length) said.push(`Taken over from them: ${taken.join(', ')}.`);
  if (isReplaced) said.push('It holds other rows by now: saving puts yours in their place.');
  if (missing.length) said.push(`Only theirs has, and saving leaves out: ${missing.join(', ')}.`);
  said.push('What you typed is not saved yet: save again.');
  const link = document.createElement('a');
  Object.assign(link, { href: page, target: '_blank', rel: 'noopener', textContent: 'See it as it is now' });
  reason.replaceChildren(said.join(' '), ' ', link);
  (both[0] ?? form.querySelector('.form-actions [type=submit]'))?.focus();
}

async function settle() {
  const kept = opened();
  const form = versioned(document, kept?.action);
  const page = kept?.page ?? document.referrer;
  if (!form || !page) return;
  const answer = await fetch(page, { headers: { accept: 'text/html' } });
  const now = answer.ok && versioned(new DOMParser().parseFromString(await answer.text(), 'text/html'), form.getAttribute('action'));
  if (!now) return;
  const [ours, theirs] = [form, now].map((one) => one.querySelector('[name=version]').value);
  if (asked.responseStatus !== 412 && ours === theirs) return;
  tell(form, page, merge(form, now, kept?.values ?? {}));
  form.querySelector('[name=version]').value = theirs;
  keep(form, page, valuesOf(now, true));
}

settle();
