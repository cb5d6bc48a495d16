// Draws one dashboard into the page: draw({ title, panels, start, end, step }), each panel with the results of its targets.
const palette = ['#73bf69', '#f2cc0c', '#8ab8ff', '#ff780a', '#f2495c', '#5794f2', '#b877d9', '#705da0', '#37872d', '#fade2a', '#447ebc', '#c15c17', '#890f02', '#0a437c', '#6d1f62', '#584477'];
const named = { green: '#73bf69', red: '#f2495c', orange: '#ff9830', blue: '#5794f2' };
const element = (tag, more = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), more);
  made.append(...children);
  return made;
};
const scale = (value, base, words) => {
  let at = 0;
  for (; Math.abs(value) >= base && at < words.length - 1; at++) value /= base;
  return `${trim(value)} ${words[at]}`;
};
const trim = (value) => Number(value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2)).toString();
const units = {
  percentunit: (value, digits) => `${(value * 100).toFixed(digits ?? (value < 0.1 && value > 0 ? 1 : 0))} %`,
  celsius: (value) => `${trim(value)} °C`,
  watt: (value) => scale(value, 1000, ['W', 'kW', 'MW']),
  hertz: (value) => scale(value, 1000, ['Hz', 'kHz', 'MHz', 'GHz']),
  bytes: (value) => scale(value, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']),
  Bps: (value) => scale(value, 1000, ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s']),
  joule: (value) => scale(value, 1000, ['J', 'kJ', 'MJ', 'GJ']),
  s: (value) => Math.abs(value) < 1 ? `${trim(value * 1000)} ms` : `${trim(value)} s`,
  bool_yes_no: (value) => value ? 'yes' : 'no',
};
const shown = (value, unit, digits) => Number.isFinite(value) ? (units[unit] ?? trim)(value, digits) : '';
const legendOf = (target, metric) => target.legendFormat
  ? target.legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => metric[name] ?? '')
  : Object.entries(metric).map(([name, value]) => `${name}=${value}`).join(' ');
const threshold = (panel, value) => {
  const steps = panel.fieldConfig.defaults.thresholds?.steps ?? [];
  const step = steps.filter((each) => each.value === null || value >= each.value).at(-1);
  return named[step?.color] ?? '#ccccdc';
};
const seriesOf = (panel) => panel.targets.flatMap((target, at) => panel.results[at].map((series) => ({ name: legendOf(target, series.metric), points: series.values.map(([time, value]) => [time, Number(value)]) })));

const svg = (tag, attributes) => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

function timeseries(panel, box, width, height, model) {
  const all = seriesOf(panel), { unit, min, max } = panel.fieldConfig.defaults, custom = panel.fieldConfig.defaults.custom;
  const [left, bottom] = [62, 16], plotHeight = height - bottom - 60;
  if (custom.stacking.mode === 'normal') {
    const sums = new Map();
    for (const series of all) {
      series.base = series.points.map(([time]) => sums.get(time) ?? 0);
      series.points = series.points.map(([time, value]) => [time, value + (sums.get(time) ?? 0)]);
      for (const [time, value] of series.points) sums.set(time, value);
    }
  }
  const numbers = all.flatMap((series) => series.points.map(([, value]) => value)).filter(Number.isFinite);
  const low = Math.min(min ?? Infinity, ...numbers), high = Math.max(max ?? -Infinity, ...numbers, low + (max === undefined ? 1e-9 : 0)) || 1;
  const top = max !== undefined ? high : high + (high - low) * 0.05;
  const x = (time) => left + (time - model.start) / (model.end - model.start) * (width - left - 16);
  const y = (value) => 10 + (top - value) / (top - low || 1) * plotHeight;
  const picture = svg('svg', { width: width - 16, height: plotHeight + bottom + 10 });
  for (let line = 0; line <= 4; line++) {
    const value = low + (top - low) * line / 4, text = svg('text', { x: left - 6, y: y(value) + 3, 'text-anchor': 'end' });
    text.textContent = shown(value, unit);
    picture.append(svg('line', { x1: left, x2: width - 16, y1: y(value), y2: y(value), stroke: '#2c2e33' }), text);
  }
  for (let tick = 0; tick <= 3; tick++) {
    const time = model.start + (model.end - model.start) * tick / 3, text = svg('text', { x: Math.min(x(time), width - 46), y: plotHeight + 24, 'text-anchor': tick ? 'middle' : 'start' });
    text.textContent = new Date(time * 1000).toISOString().slice(11, 19);
    picture.append(text);
  }
  const step = model.step * 1.6;
  all.forEach((series, at) => {
    const colour = palette[at % palette.length];
    let path = '', before = -Infinity;
    for (const [time, value] of series.points) {
      if (Number.isFinite(value)) path += `${time - before > step ? 'M' : 'L'}${x(time).toFixed(1)} ${y(value).toFixed(1)}`;
      before = Number.isFinite(value) ? time : -Infinity;
    }
    if (series.base && series.points.length > 1) {
      const back = series.points.map(([time], place) => `L${x(time).toFixed(1)} ${y(series.base[place]).toFixed(1)}`).reverse().join('');
      picture.append(svg('path', { d: `${path.replace(/(?!^)M/g, 'L')}${back}Z`, fill: colour, 'fill-opacity': custom.fillOpacity / 100 }));
    }
    picture.append(svg('path', { d: path, fill: 'none', stroke: colour, 'stroke-width': 1.4 }));
  });
  box.append(picture, element('div', { className: 'legend' }, ...all.map((series, at) => {
    const mark = element('i');
    mark.style.background = palette[at % palette.length];
    return element('span', {}, mark, series.name);
  })));
}

function timeline(panel, box, width, height, model) {
  const all = seriesOf(panel), rows = Math.max(1, all.length), rowHeight = Math.min(26, (height - 50) / rows), left = 150;
  const picture = svg('svg', { width: width - 16, height: rowHeight * rows + 18 });
  const options = panel.fieldConfig.defaults.mappings[0].options;
  all.forEach((series, row) => {
    const text = svg('text', { x: left - 6, y: row * rowHeight + rowHeight / 2 + 3, 'text-anchor': 'end' });
    text.textContent = series.name;
    picture.append(text);
    const x = (time) => left + (time - model.start) / (model.end - model.start) * (width - left - 20), each = model.step;
    for (const [time, value] of series.points)
      picture.append(svg('rect', { x: x(time), y: row * rowHeight + 1, width: Math.min(x(time + each), width - 20) - x(time) + 0.5, height: rowHeight * 0.8, fill: named[options[String(value)]?.color] ?? '#5794f2' }));
  });
  box.append(picture);
}

function table(panel, box) {
  const joins = panel.transformations.find((each) => each.id === 'joinByField')?.options.byField;
  const organize = panel.transformations.find((each) => each.id === 'organize').options;
  const several = panel.targets.length > 1, rows = new Map();
  panel.results.forEach((result, at) => result.forEach((series, place) => {
    const key = joins ? series.metric[joins] : `${at}/${place}`;
    const row = rows.get(key) ?? {};
    rows.set(key, Object.assign(row, series.metric, { [several ? `Value #${panel.targets[at].refId}` : 'Value']: Number(series.value[1]) }));
  }));
  const columns = [...new Set([...rows.values()].flatMap(Object.keys))].filter((name) => !organize.excludeByName[name])
    .sort((one, other) => (organize.indexByName[one] ?? 99) - (organize.indexByName[other] ?? 99));
  const unitOf = (title) => panel.fieldConfig.overrides.find((each) => each.matcher.options === title)?.properties[0].value;
  const title = (name) => organize.renameByName[name] ?? name;
  const sort = panel.transformations.find((each) => each.id === 'sortBy')?.options.sort[0].field, by = columns.find((name) => title(name) === sort);
  const lines = [...rows.values()];
  if (by) lines.sort((one, other) => String(one[by]).localeCompare(String(other[by]), 'en', { numeric: true }));
  box.append(element('table', {}, element('tr', {}, ...columns.map((name) => element('th', { textContent: title(name) }))),
    ...lines.map((row) => element('tr', {}, ...columns.map((name) => element('td', { textContent: typeof row[name] === 'number' ? shown(row[name], unitOf(title(name))) : row[name] ?? '' }))))));
}

function bars(panel, box) {
  const all = panel.targets.flatMap((target, at) => panel.results[at].map((series) => ({ name: legendOf(target, series.metric), value: Number(series.value[1]) })));
  const top = panel.fieldConfig.defaults.max ?? Math.max(...all.map((each) => each.value));
  for (const each of all) {
    const bar = element('b');
    Object.assign(bar.style, { width: `${each.value / top * 100}%`, background: threshold(panel, each.value) });
    box.append(element('div', { className: 'bar' }, element('span', { textContent: each.name }), bar, element('em', { textContent: shown(each.value, panel.fieldConfig.defaults.unit) })));
  }
}

function stat(panel, box) {
  const value = Number(panel.results[0][0].value[1]), { unit, decimals } = panel.fieldConfig.defaults;
  const text = element('div', { className: 'stat', textContent: shown(value, unit, decimals) });
  text.style.color = threshold(panel, value);
  box.append(text);
}

const painters = { timeseries, 'state-timeline': timeline, table, bargauge: bars, stat };

globalThis.draw = (model) => {
  const cell = { width: 1440 / 24, height: 34 }, grid = element('div', { className: 'grid' });
  document.body.append(element('h1', {}, model.title, ' ', element('small', { textContent: 'drawn from Prometheus by the preview, not by Grafana; simulated nodes' })), grid);
  for (const panel of model.panels) {
    const { x, y, w, h } = panel.gridPos, box = element('div', { className: panel.type === 'row' ? 'row' : 'panel' });
    Object.assign(box.style, { left: `${x * cell.width + 3}px`, top: `${y * cell.height}px`, width: `${w * cell.width - 6}px`, height: `${h * cell.height - 6}px` });
    grid.append(box);
    if (panel.type === 'row') {
      box.textContent = panel.title;
      continue;
    }
    box.append(element('h2', { textContent: panel.title }));
    if (panel.results.every((result) => result.length === 0)) box.append(element('div', { className: 'empty', textContent: 'No data' }));
    else painters[panel.type](panel, box, w * cell.width - 6, h * cell.height - 6, model);
  }
  grid.style.height = `${Math.max(...model.panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * cell.height}px`;
};
