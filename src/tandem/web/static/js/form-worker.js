// The puzzle of a form: for each place a number so that SHA-256 of `challenge.place.number` begins with
// `bits` zero bits. SHA-256 is written out (FIPS 180-4): the browser's own answers one call at a time.
const primes = (count) => {
  const found = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime)) found.push(n);
  return found;
};
const fraction = (value) => ((value - Math.floor(value)) * 2 ** 32) | 0;
const K = Int32Array.from(primes(64), (prime) => fraction(Math.cbrt(prime)));
const START = Int32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)));
const words = new Int32Array(64);
const turn = (x, n) => (x >>> n) | (x << (32 - n));

function mix(state, block) {
  for (let i = 0; i < 16; i++) words[i] = block.getInt32(i * 4);
  for (let i = 16; i < 64; i++) {
    const a = words[i - 15];
    const b = words[i - 2];
    const s0 = turn(a, 7) ^ turn(a, 18) ^ (a >>> 3);
    const s1 = turn(b, 17) ^ turn(b, 19) ^ (b >>> 10);
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + words[i]) | 0;
    const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  const after = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i++) state[i] = (state[i] + after[i]) | 0;
}

/** The first 32 bits of the digest; `bits` is never more. */
function digest(text) {
  const size = ((text.length + 9 + 63) >> 6) << 6;
  const bytes = new Uint8Array(size);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  bytes[text.length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setUint32(size - 4, text.length * 8);
  const state = Int32Array.from(START);
  for (let at = 0; at < size; at += 64) mix(state, new DataView(bytes.buffer, at, 64));
  return state[0];
}

self.onmessage = ({ data: { challenge, count, bits } }) => {
  const numbers = [];
  for (let place = 0; place < count; place++) {
    let number = 0;
    while (Math.clz32(digest(`${challenge}.${place}.${number}`)) < bits) number++;
    numbers.push(number);
  }
  self.postMessage(numbers);
};
