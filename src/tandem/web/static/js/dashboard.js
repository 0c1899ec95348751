// Charts of a dashboard, drawn from what the page says about them (data-chart) in the page's own
// colours. The table under each chart has the same numbers, for whoever does not see it.
import { init } from 'charts';

const drawn = new Map();
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
  const number = new Intl.NumberFormat('en-IN', digits).format(value);
  if (unit === 'money') return `${MONEY[currency] ?? `${currency} `}${number}`;
  if (unit === 'ratio') return `${number} %`;
  return number;
}

function tooltip(chart) {
  return {
    trigger: 'axis',
    confine: true,
    backgroundColor: colour('--t-raised'),
    borderColor: colour('--t-line-strong'),
    textStyle: { color: colour('--t-text'), fontSize: 12.5 },
    axisPointer: { type: chart.shape === 'bar' ? 'shadow' : 'line' },
  };
}

function axis(chart, isNumbers) {
  const unit = chart.series[0]?.unit;
  return {
    type: isNumbers ? 'value' : 'category',
    data: isNumbers ? undefined : chart.categories,
    minInterval: isNumbers && unit === 'count' ? 1 : undefined,
    axisLine: { lineStyle: { color: colour('--t-line-strong') } },
    axisTick: { show: false },
    splitLine: { show: isNumbers, lineStyle: { color: colour('--t-line') } },
    axisLabel: {
      color: colour('--t-muted'),
      fontSize: 11.5,
      hideOverlap: true,
      width: 110,
      overflow: 'truncate',
      formatter: isNumbers ? (value) => written(value, unit, chart.currency, true) : undefined,
    },
  };
}

function series(chart) {
  const isBar = chart.shape === 'bar';
  const all = chart.series.map((one) => ({
    name: one.name,
    type: isBar ? 'bar' : 'line',
    data: one.data,
    showSymbol: chart.categories.length < 2,
    barMaxWidth: 22,
    lineStyle: { width: 2 },
    itemStyle: { borderRadius: isBar ? [0, 3, 3, 0] : 0 },
    tooltip: { valueFormatter: (value) => written(value, one.unit, chart.currency) },
  }));
  if (chart.isCompared && chart.series.length === 1 && !isBar) {
    const [one] = chart.series;
    all.push({
      name: `${one.name}, before`,
      type: 'line',
      data: one.before,
      showSymbol: false,
      lineStyle: { width: 1.5, type: 'dashed', color: colour('--t-muted') },
      itemStyle: { color: colour('--t-muted') },
      tooltip: { valueFormatter: (value) => written(value, one.unit, chart.currency) },
    });
  }
  return all;
}

function options(chart) {
  const isBar = chart.shape === 'bar';
  const shown = series(chart);
  return {
    animation: false,
    color: palette(),
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 8, right: 18, top: shown.length > 1 ? 34 : 12, bottom: 6, containLabel: true },
    legend: { show: shown.length > 1, top: 0, textStyle: { color: colour('--t-muted') }, type: 'scroll' },
    tooltip: tooltip(chart),
    xAxis: axis(chart, isBar),
    yAxis: { ...axis(chart, !isBar), inverse: isBar },
    series: shown,
  };
}

function draw(place) {
  drawn.get(place)?.dispose();
  place.replaceChildren();
  const chart = JSON.parse(place.dataset.chart);
  if (chart.shape === 'bar') place.style.height = `${Math.max(96, chart.categories.length * 34 + 48)}px`;
  const picture = init(place, undefined, { renderer: 'svg' });
  picture.setOption(options(chart));
  drawn.set(place, picture);
}

function drawAll() {
  for (const [place, picture] of drawn) {
    if (!place.isConnected) {
      picture.dispose();
      drawn.delete(place);
    }
  }
  for (const place of document.querySelectorAll('[data-chart]')) draw(place);
}

/** The chart as it stands on the page, twice as large, as a PNG to keep. */
async function keepPicture(button) {
  const drawing = document.getElementById(button.dataset.picture)?.querySelector('svg');
  if (!drawing) return;
  const { width, height } = drawing.getBoundingClientRect();
  const copy = drawing.cloneNode(true);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', width);
  copy.setAttribute('height', height);
  copy.style.fontFamily = getComputedStyle(document.body).fontFamily;
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(copy.outerHTML)}`;
  await picture.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width: width * 2, height: height * 2 });
  const pen = canvas.getContext('2d');
  pen.fillStyle = colour('--t-surface') || '#ffffff';
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
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
drawAll();
document.addEventListener('htmx:after:swap', drawAll);
new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ['data-bs-theme'] });
addEventListener('resize', () => drawn.forEach((picture) => picture.resize()));
