// Labels read at the hub: each parcel found on the run counts as picked up. Where the phone reads no
// codes, or the label is torn, the number is typed.
const dialog = document.getElementById('scan');
const video = dialog.querySelector('video');
const field = dialog.querySelector('input');
const said = dialog.querySelector('[data-said]');
const LOOK_MS = 250;

let stream = null;
let timer = 0;
let seen = new Set();
let found = () => '';

function hear(text) {
  const number = text.trim().toUpperCase();
  if (!number || seen.has(number)) return;
  seen.add(number);
  said.textContent = found(number);
  navigator.vibrate?.(60);
}

async function look(detector) {
  if (!dialog.open) return;
  if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
    for (const { rawValue } of await detector.detect(video).catch(() => [])) hear(rawValue);
  }
  timer = setTimeout(look, LOOK_MS, detector);
}

async function start() {
  video.hidden = true;
  if (!window.BarcodeDetector || !navigator.mediaDevices) return;
  stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } }).catch(() => null);
  if (!stream) return;
  video.srcObject = stream;
  video.hidden = false;
  await video.play();
  look(new BarcodeDetector({ formats: ['code_128'] }));
}

dialog.addEventListener('close', () => {
  clearTimeout(timer);
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
});
dialog.querySelector('[data-done]').addEventListener('click', () => dialog.close());
dialog.querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault();
  seen.delete(field.value.trim().toUpperCase());
  hear(field.value);
  field.value = '';
});

/** `onNumber` gets each number once and answers in words what became of it. */
export function scanLabels(onNumber) {
  found = onNumber;
  seen = new Set();
  said.textContent = '';
  field.value = '';
  dialog.showModal();
  return start();
}
