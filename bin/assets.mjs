// Makes the browser's files from the npm packages: `node bin/assets.mjs FOLDER [--whole]`.
//
// Every file carries a hash of its content in its name, so that it can be cached for ever, and
// lies beside its gzip and brotli forms. manifest.json maps the plain names to the hashed ones.
// The same input gives the same bytes. With --whole the styles keep what no page uses yet.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

import { build, transform } from 'esbuild';
import { PurgeCSS } from 'purgecss';
import subsetFont from 'subset-font';

const WEB = 'src/tandem/web';
const PACKAGES = 'node_modules';
const TARGET = 'es2022';

/** Scripts taken as their authors minified them. */
const SCRIPTS = {
  'htmx.js': 'htmx.org/dist/htmx.min.js',
  'htmx-csp.js': 'htmx.org/dist/ext/hx-csp.min.js',
  'htmx-head.js': 'htmx.org/dist/ext/hx-head.min.js',
  'htmx-pending.js': 'htmx.org/dist/ext/hx-pending.min.js',
  'htmx-preload.js': 'htmx.org/dist/ext/hx-preload.min.js',
  'htmx-sse.js': 'htmx.org/dist/ext/hx-sse.min.js',
  'htmx-targets.js': 'htmx.org/dist/ext/hx-targets.min.js',
  'htmx-upsert.js': 'htmx.org/dist/ext/hx-upsert.min.js',
};

/** Own entry files that are bundled with what they import from packages. */
const BUNDLES = {
  'charts.js': `${WEB}/static/charts/charts-entry.js`,
  'ol.js': `${WEB}/static/map/ol-entry.js`,
};

/**
 * The faces of Inter, thin and black weights left out. The rupee sign lies in the extended file:
 * on its own it is 1 KiB, so a page of prices need not load the other accents.
 */
const WEIGHTS = { wght: { min: 400, max: 700 } };
const FACES = [
  {
    name: 'inter.woff2',
    source: 'inter-latin-wght-normal.woff2',
    ranges: [[0x20, 0x7e], [0xa0, 0xff], [0x2010, 0x2027], [0x2030, 0x203a], [0x20ac, 0x20ac],
      [0x2122, 0x2122], [0x2190, 0x2193], [0x2212, 0x2212]],
  },
  { name: 'inter-rupee.woff2', source: 'inter-latin-ext-wght-normal.woff2', ranges: [[0x20b9, 0x20b9]] },
  { name: 'inter-accents.woff2', source: 'inter-latin-ext-wght-normal.woff2', ranges: [[0x100, 0x17f]] },
];

/** Attributes that scripts set, and classes that they toggle. */
const DYNAMIC_ATTRIBUTES = ['aria-', 'data-bs-theme', 'disabled', 'hidden', 'open', 'type'];
const TOGGLED = ['active', 'collapse', 'collapsed', 'disabled', 'fade', 'show', 'was-validated'];

/** A name with its content's hash: `ol.js` becomes `ol.4f0c2a91d3.js`. */
function hashed(name, content) {
  const { name: stem, ext } = path.parse(name);
  return `${stem}.${createHash('sha256').update(content).digest('hex').slice(0, 10)}${ext}`;
}

class Output {
  constructor(folder) {
    this.folder = folder;
    this.manifest = {};
    mkdirSync(folder, { recursive: true });
  }

  /** Writes a file with its compressed forms and returns the hashed name. */
  add(name, content) {
    const bytes = Buffer.from(content);
    const file = path.join(this.folder, (this.manifest[name] = hashed(name, bytes)));
    writeFileSync(file, bytes);
    const sizes = [bytes.length];
    if (!name.endsWith('.woff2')) {
      const brotli = brotliCompressSync(bytes);
      writeFileSync(`${file}.br`, brotli);
      writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
      sizes.push(brotli.length);
    }
    const kibibytes = sizes.map((size) => `${(size / 1024).toFixed(1)} KiB`.padStart(10));
    console.log(`            ${name.padEnd(20)}${kibibytes.join('  brotli')}`);
    return this.manifest[name];
  }

  finish() {
    const sorted = Object.fromEntries(Object.entries(this.manifest).sort());
    writeFileSync(path.join(this.folder, 'manifest.json'), `${JSON.stringify(sorted, null, 2)}\n`);
  }
}

function read(...parts) {
  return readFileSync(path.join(...parts), 'utf8');
}

function addScripts(output) {
  for (const [name, source] of Object.entries(SCRIPTS)) {
    output.add(name, withoutSourceMap(read(PACKAGES, source)));
  }
}

function withoutSourceMap(text) {
  return text.replace(/^(\/\/|\/\*)# sourceMappingURL=.*$/gm, '');
}

/** Bundles the own entry files and returns the packages that went in. */
async function addBundles(output) {
  const packages = new Set();
  for (const [name, entry] of Object.entries(BUNDLES)) {
    const result = await build({
      entryPoints: [entry], bundle: true, minify: true, format: 'esm', target: TARGET,
      legalComments: 'none', metafile: true, write: false,
    });
    output.add(name, result.outputFiles[0].contents);
    for (const input of Object.keys(result.metafile.inputs)) {
      const found = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/);
      if (found) packages.add(found[1]);
    }
  }
  return packages;
}

/** One SVG of <symbol>s from the names in icons.txt: `truck`, or `filled/star`. */
function addIcons(output) {
  const names = read(WEB, 'icons.txt').split('\n').map((line) => line.replace(/#.*/, '').trim());
  const symbols = [...new Set(names.filter(Boolean))].sort().map(symbol);
  output.add('icons.svg', `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>\n`);
}

function symbol(name) {
  const isFilled = name.startsWith('filled/');
  const file = path.join(PACKAGES, '@tabler/icons/icons', `${isFilled ? '' : 'outline/'}${name}.svg`);
  if (!existsSync(file)) throw new Error(`${WEB}/icons.txt: Tabler has no icon "${name}"`);
  const shapes = read(file)
    .replace(/^[\s\S]*?<svg[^>]*>|<\/svg>\s*$/g, '')
    .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none" \/>/, '')
    .replace(/\s*\n\s*/g, '');
  // No stroke-width: that is for the page's styles to say.
  const paint = isFilled
    ? 'fill="currentColor"'
    : 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name.replace('/', '-')}" viewBox="0 0 24 24" ${paint}>${shapes}</symbol>`;
}

async function addFonts(output) {
  let css = '';
  for (const { name, source, ranges } of FACES) {
    const font = readFileSync(path.join(PACKAGES, '@fontsource-variable/inter/files', source));
    const text = ranges.map(([first, last]) => characters(first, last)).join('');
    const file = output.add(
      name, await subsetFont(font, text, { targetFormat: 'woff2', variationAxes: WEIGHTS }));
    css += '@font-face{font-family:"Inter";font-style:normal;font-display:swap;font-weight:400 700;'
      + `src:url(./${file}) format("woff2");unicode-range:${ranges.map(unicodeRange).join(',')}}`;
  }
  return css;
}

function characters(first, last) {
  return Array.from({ length: last - first + 1 }, (_, at) => String.fromCodePoint(first + at)).join('');
}

function unicodeRange([first, last]) {
  const [from, to] = [first, last].map((point) => point.toString(16).toUpperCase());
  return from === to ? `U+${from}` : `U+${from}-${to}`;
}

/** Tabler with Inter in front, without the rules that no template or script can ask for. */
async function addStyles(output, fontFaces, keepsWhole) {
  const tabler = withoutSourceMap(read(PACKAGES, '@tabler/core/dist/css/tabler.min.css'));
  const used = keepsWhole ? tabler : await purge(tabler);
  const inter = used.replaceAll('--tblr-font-sans-serif:system-ui', '--tblr-font-sans-serif:Inter,system-ui');
  const { code } = await transform(fontFaces + inter, {
    loader: 'css', minify: true, legalComments: 'none', target: TARGET,
  });
  output.add('tabler.css', code);
  const map = await transform(read(PACKAGES, 'ol/ol.css'), { loader: 'css', minify: true, target: TARGET });
  output.add('ol.css', map.code);
}

async function purge(css) {
  const pages = sources(WEB).map((file) => read(file)).join('\n');
  const [{ css: used }] = await new PurgeCSS().purge({
    content: [{ raw: pages, extension: 'html' }],
    css: [{ raw: css }],
    defaultExtractor: (text) => [
      ...(text.match(/[\w-]+/g) ?? []), ...(text.match(/[\w-][\w\-/:.%]*[\w-]/g) ?? []),
    ],
    safelist: { standard: TOGGLED, greedy: composedClasses(pages) },
    dynamicAttributes: DYNAMIC_ATTRIBUTES,
    keyframes: true,
  });
  return used;
}

/**
 * Classes that are put together when the page is made: `bg-{{ colour }}`, `${side}-end` cannot be
 * read off the source, so all that begin (or end) like them stay.
 */
function composedClasses(pages) {
  const starts = pages.matchAll(/(?<![\w-])([a-z][\w-]*-)(?=\{|\$\{|['"`]\s*[~+%])/g);
  return [...new Set(Array.from(starts, (match) => match[1]))].map((start) => new RegExp(`^\\.?${start}`));
}

/** Templates, scripts and Python of a folder, in a stable order, the built files left out. */
function sources(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'vendor' ? [] : sources(file);
      return /\.(html|js|py)$/.test(entry.name) ? [file] : [];
    });
}

/** The licences of everything that is handed on, as they ask. */
function addLicences(output, bundled) {
  const shipped = ['@fontsource-variable/inter', '@tabler/core', '@tabler/icons', 'htmx.org', ...bundled];
  const texts = [...new Set(shipped)].sort().map((name) => {
    const folder = path.join(PACKAGES, name);
    const { version, license } = JSON.parse(read(folder, 'package.json'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${version} (${license})\n\n${file ? read(folder, file).trim() : ''}\n`;
  });
  writeFileSync(path.join(output.folder, 'LICENSES.txt'), texts.join(`\n${'-'.repeat(80)}\n\n`));
}

const [folder, ...options] = process.argv.slice(2);
const output = new Output(folder);
addScripts(output);
const bundled = await addBundles(output);
addIcons(output);
await addStyles(output, await addFonts(output), options.includes('--whole'));
addLicences(output, bundled);
output.finish();
