// Charts of a dashboard, drawn from what the page says about them (data-chart) in the page's own
// colours. The table under each chart has the same numbers, for whoever does not see it.
import { Chart } from 'charts';

const drawn = new Map();
const LABEL_MAX = 18;
const PICTURE_DENSITY = 2;
const DASHES = [[], [7, 3], [2, 3]];
const MONEY = { INR: '₹', USD: '$', EUR: '€', GBP: '£' };

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** One accent, and tones that can be told apart in light and dark; never by colour alone. */
function palette() {
  const isDark = document.documentElement.dataset.bsTheme === 'dark';
  return isDark
    ? [colour('--t-accent'), '#7fd6a4', '#f2c078', '#d6a5f0', '#ff9d97', '#8fd3e8']
    : [colour('--t-accent'), '#1a8754', '#b06a00', '#7a3fa8', '#b3302c', '#15788f'];
}

function written(value, unit, currency, isShort) {
  if (value === null || value === undefined) return '–';
  const digits = { maximumFractionDigits: isShort ? 1 : 2 };
  if (isShort) digits.notation = 'compact';
  const sign = value < 0 ? '−' : '';
  const number = new Intl.NumberFormat('en-IN', digits).format(Math.abs(value));
  if (unit === 'money') return `${sign}${MONEY[currency] ?? `${currency} `}${number}`;
  return unit === 'ratio' ? `${sign}${number} %` : `${sign}${number}`;
}

function tooltip(chart) {
  return {
    mode: 'index',
    intersect: false,
    axis: chart.shape === 'bar' ? 'y' : 'x',
    backgroundColor: colour('--t-raised'),
    borderColor: colour('--t-line-strong'),
    borderWidth: 1,
    titleColor: colour('--t-text'),
    bodyColor: colour('--t-text'),
    boxPadding: 4,
    callbacks: {
      label: ({ dataset, raw }) => ` ${dataset.label}: ${written(raw, dataset.unit, chart.currency)}`,
    },
  };
}

function shortened(words) {
  return words.length > LABEL_MAX ? `${words.slice(0, LABEL_MAX - 1)}…` : words;
}

function numbers(chart) {
  const unit = chart.series[0]?.unit;
  const isNothing = !chart.series.some((one) => [...one.data, ...(one.before ?? [])].some(Boolean));
  return {
    beginAtZero: true,
    border: { display: false },
    grid: { color: colour('--t-line') },
    ticks: {
      color: colour('--t-muted'),
      maxTicksLimit: 6,
      precision: unit === 'count' || isNothing ? 0 : undefined,
      callback: (value) => written(value, unit, chart.currency, true),
    },
  };
}

function names(chart) {
  return {
    // One point stands in the middle, not on the axis.
    offset: chart.shape === 'bar' || chart.categories.length === 1,
    border: { color: colour('--t-line-strong') },
    grid: { display: false },
    ticks: {
      color: colour('--t-muted'),
      autoSkip: chart.shape !== 'bar',
      autoSkipPadding: 12,
      maxRotation: 0,
      callback: (_, place) => shortened(`${chart.categories[place]}`),
    },
  };
}

/** A line has no points but where there is no line: a day without days beside it. */
function isAlone(data, place) {
  return (data[place - 1] ?? null) === null && (data[place + 1] ?? null) === null;
}

function line(label, unit, data, tone, chart) {
  return {
    label,
    unit,
    data,
    borderColor: tone,
    backgroundColor: tone,
    borderWidth: chart.shape === 'bar' ? 0 : 2,
    pointRadius: ({ dataIndex }) => (isAlone(data, dataIndex) ? 3 : 0),
    pointHoverRadius: 4,
    maxBarThickness: 22,
    borderRadius: 3,
  };
}

function sets(chart) {
  const tones = palette();
  const all = chart.series.map((one, place) => ({
    ...line(one.name, one.unit, one.data, tones[place % tones.length], chart),
    borderDash: DASHES[Math.floor(place / tones.length) % DASHES.length],
  }));
  if (chart.isCompared && chart.series.length === 1 && chart.shape !== 'bar') {
    const [one] = chart.series;
    all.push({
      ...line(`${one.name}, before`, one.unit, one.before, colour('--t-muted'), chart),
      borderWidth: 1.5,
      borderDash: [5, 4],
    });
  }
  return all;
}

function options(chart, shown) {
  const isBar = chart.shape === 'bar';
  return {
    animation: false,
    maintainAspectRatio: false,
    devicePixelRatio: Math.max(PICTURE_DENSITY, window.devicePixelRatio),
    indexAxis: isBar ? 'y' : 'x',
    interaction: { mode: 'index', intersect: false, axis: isBar ? 'y' : 'x' },
    layout: { padding: { right: 6 } },
    plugins: {
      legend: {
        display: shown.length > 1,
        align: 'start',
        labels: { color: colour('--t-muted'), usePointStyle: true, pointStyle: isBar ? 'rectRounded' : 'line', boxHeight: 7 },
      },
      tooltip: tooltip(chart),
    },
    scales: isBar
      ? { x: numbers(chart), y: names(chart) }
      : { x: names(chart), y: numbers(chart) },
  };
}

function draw(place) {
  drawn.get(place)?.destroy();
  const chart = JSON.parse(place.dataset.chart);
  if (chart.shape === 'bar') place.style.height = `${Math.max(96, chart.categories.length * 34 + 48)}px`;
  const canvas = document.createElement('canvas');
  place.replaceChildren(canvas);
  const shown = sets(chart);
  drawn.set(place, new Chart(canvas, {
    type: chart.shape === 'bar' ? 'bar' : 'line',
    data: { labels: chart.categories, datasets: shown },
    options: options(chart, shown),
  }));
}

function drawAll() {
  Object.assign(Chart.defaults.font, { family: getComputedStyle(document.body).fontFamily, size: 11.5 });
  for (const [place, picture] of drawn) {
    if (!place.isConnected) {
      picture.destroy();
      drawn.delete(place);
    }
  }
  for (const place of document.querySelectorAll('[data-chart]')) draw(place);
}

/** The chart as it stands on the page, at least twice as large, as a PNG to keep. */
async function keepPicture(button) {
  const drawing = document.getElementById(button.dataset.picture)?.querySelector('canvas');
  if (!drawing) return;
  const { width, height } = drawing;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const pen = canvas.getContext('2d');
  pen.fillStyle = colour('--t-surface') || '#ffffff';
  pen.fillRect(0, 0, width, height);
  pen.drawImage(drawing, 0, 0);
  const bytes = await new Promise((done) => { canvas.toBlob(done, 'image/png'); });
  const link = Object.assign(document.createElement('a'), {
    href: URL.createObjectURL(bytes),
    download: `${button.dataset.name}.png`,
  });
  link.click();
  URL.revokeObjectURL(link.href);
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-picture]');
  if (!button) return;
  keepPicture(button);
  button.closest('details')?.removeAttribute('open');
});
document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-fullscreen]');
  if (button) document.getElementById(button.dataset.fullscreen)?.requestFullscreen?.();
});
/** Paper is white, whatever the screen is. */
function turnTo(theme) {
  document.documentElement.dataset.bsTheme = theme;
  drawAll();
}

let onScreen = null;
addEventListener('beforeprint', () => {
  onScreen = document.documentElement.dataset.bsTheme;
  if (onScreen === 'dark') turnTo('light');
});
addEventListener('afterprint', () => {
  if (onScreen === 'dark') turnTo(onScreen);
});
drawAll();
document.addEventListener('htmx:after:swap', drawAll);
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ['data-bs-theme'] });
