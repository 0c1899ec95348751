// A photo made small enough for a poor network, and a signature drawn with a finger.
const SIDE_MAX = 1280;
const QUALITY = 0.8;

/** Let the driver take a photo; null when nothing was taken. */
export function takePhoto() {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = 'image/*';
    input.capture = 'environment';
    input.hidden = true;
    input.addEventListener('cancel', () => { input.remove(); resolve(null); });
    input.addEventListener('change', async () => {
      const file = input.files[0];
      input.remove();
      resolve(file ? await shrink(file) : null);
    });
    document.body.append(input);
    input.click();
  });
}

async function shrink(file) {
  const image = await createImageBitmap(file);
  const part = Math.min(1, SIDE_MAX / Math.max(image.width, image.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(image.width * part);
  canvas.height = Math.round(image.height * part);
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => { canvas.toBlob(resolve, 'image/jpeg', QUALITY); });
}

const dialog = document.getElementById('signature');
const canvas = dialog.querySelector('canvas');
const pen = canvas.getContext('2d');
let isDrawn = false;

function blank() {
  pen.fillStyle = '#fff';
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.strokeStyle = '#111';
  pen.lineWidth = 5;
  pen.lineCap = 'round';
  pen.lineJoin = 'round';
  isDrawn = false;
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  return [((event.clientX - box.left) / box.width) * canvas.width, ((event.clientY - box.top) / box.height) * canvas.height];
}

canvas.addEventListener('pointerdown', (event) => {
  canvas.setPointerCapture(event.pointerId);
  pen.beginPath();
  pen.moveTo(...place(event));
  event.preventDefault();
});
canvas.addEventListener('pointermove', (event) => {
  if (!event.buttons) return;
  pen.lineTo(...place(event));
  pen.stroke();
  isDrawn = true;
});
dialog.querySelector('[data-clear]').addEventListener('click', blank);

/** {blob, name}, or null when the driver thinks better of it. */
export function takeSignature(name) {
  blank();
  dialog.querySelector('input').value = name;
  dialog.showModal();
  return new Promise((resolve) => {
    const end = (result) => {
      dialog.close();
      dialog.querySelector('[data-keep]').onclick = dialog.querySelector('[data-cancel]').onclick = dialog.oncancel = null;
      resolve(result);
    };
    dialog.oncancel = () => end(null);
    dialog.querySelector('[data-cancel]').onclick = () => end(null);
    dialog.querySelector('[data-keep]').onclick = () => {
      if (!isDrawn) return;
      canvas.toBlob((blob) => end({ blob, name: dialog.querySelector('input').value.trim() }), 'image/png');
    };
  });
}
