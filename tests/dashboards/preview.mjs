// Draws the dashboards of deploy/grafana from a Prometheus into PNG files, in Chromium. It is no Grafana: it knows the panel
// types and options that our dashboards use, and shows whether queries, units, legends and the layout make sense.
//
//   node preview.mjs --prometheus http://127.0.0.1:9090 --out DIR [--seconds 300] [--node REGEX] [--device REGEX] [--chromium FILE] [NAME...]
//
// Prints each query that has no result. Exit code 1: Prometheus refused a query.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = path.dirname(fileURLToPath(import.meta.url));
const argument = (name, otherwise) => process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : otherwise;
const prometheus = argument('prometheus', 'http://127.0.0.1:9090');
const out = argument('out', 'out/dashboards');
const seconds = Number(argument('seconds', '300'));
const names = process.argv.slice(2).filter((word, at, all) => !word.startsWith('--') && !(all[at - 1] ?? '').startsWith('--'));
const folder = path.join(here, '../../deploy/grafana');
const end = Date.now() / 1000, start = end - seconds, step = Math.max(1, seconds / 240);
let refused = false;

const values = { cluster: '.*', node: argument('node', '.*'), vendor: '.*', device: argument('device', '.*'), __rate_interval: `${Math.max(10, Math.round(step * 4))}s` };
const filled = (expr) => Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`$${name}`, value), expr);

async function ask(target) {
  const query = { query: filled(target.expr) };
  const [api, more] = target.instant ? ['query', { time: end }] : ['query_range', { start, end, step }];
  const answer = await fetch(`${prometheus}/api/v1/${api}`, { method: 'POST', body: new URLSearchParams({ ...query, ...more }) });
  const json = await answer.json();
  if (json.status !== 'success') {
    refused = true;
    console.log(`refused: ${json.error}: ${query.query}`);
    return [];
  }
  return json.data.result;
}

async function collect(dashboard) {
  const panels = [];
  for (const panel of dashboard.panels) {
    const results = await Promise.all((panel.targets ?? []).map(ask));
    results.forEach((result, at) => result.length || console.log(`empty: ${dashboard.title} / ${panel.title}: ${panel.targets[at].expr}`));
    panels.push({ ...panel, results });
  }
  return { title: dashboard.title, panels, start, end, step };
}

const browser = await chromium.launch({ executablePath: argument('chromium', '/usr/bin/chromium'), args: ['--no-sandbox'] });
try {
  fs.mkdirSync(out, { recursive: true });
  for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.json') && !name.includes('schema')).sort()) {
    const name = path.basename(file, '.json');
    if (names.length && !names.includes(name)) continue;
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.on('pageerror', (fault) => { throw fault; });
    await page.setContent('<!doctype html><meta charset="utf-8"><body>');
    await page.addStyleTag({ path: path.join(here, 'panels.css') });
    await page.addScriptTag({ path: path.join(here, 'panels.js') });
    await page.evaluate((model) => globalThis.draw(model), await collect(JSON.parse(fs.readFileSync(path.join(folder, file)))));
    await page.screenshot({ path: path.join(out, `${name}.png`), fullPage: true });
    console.log(`${path.join(out, `${name}.png`)}`);
    await page.close();
  }
} finally {
  await browser.close();
}
process.exitCode = refused ? 1 : 0;
