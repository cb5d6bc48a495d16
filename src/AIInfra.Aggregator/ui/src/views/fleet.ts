import type { NodeLine } from '../api';
import { h, put } from '../dom';
import type { Fleet } from '../fleet';
import { note, worst } from '../parts';
import { count, t } from '../texts';

const labelKey = 'aiinfra.domain';
const usual = ['topology.kubernetes.io/rack', 'topology.kubernetes.io/zone', 'nvidia.com/gpu.clique', 'node.kubernetes.io/instance-type'];

/** The heat map: one square a node, grouped by a label, the worst first in sight. */
export function fleetView(into: HTMLElement, fleet: Fleet, signal: AbortSignal): void {
  const numbers = h('div.numbers');
  const map = h('div.map', { role: 'group', 'aria-label': t('fleet') });
  const by = h('select', { id: 'by', change: () => { localStorage.setItem(labelKey, by.value); draw(); } });
  const find = h('input', { id: 'find', type: 'search', placeholder: t('find'), 'aria-label': t('find'), input: () => draw() });
  const legend = h('p.legend', {}, ...(['fine', 'info', 'degraded', 'fatal', 'lost'] as const).flatMap((kind) =>
    [h(`span.cell.${kind}`, { 'aria-hidden': true }), h('span', {}, kind === 'fine' ? t('legendFine') : kind === 'info' ? t('legendInfo') : t(kind))]), h('span.keys', {}, t('keys')));
  const cells = new Map<string, HTMLElement>();
  put(into, numbers, h('div.bar', {}, h('label', { for: 'by' }, `${t('by')} `, by), find, legend), map);
  map.addEventListener('keydown', (event) => move(event));

  function draw(): void {
    const nodes = [...fleet.nodes.values()];
    drawNumbers(numbers, nodes);
    const labels = new Set(nodes.flatMap((node) => Object.keys(node.labels)));
    const keys = [...new Set([...usual.filter((key) => labels.has(key)), ...[...labels].sort()])];
    const chosen = localStorage.getItem(labelKey);
    const key = chosen !== null && (chosen === '' || labels.has(chosen)) ? chosen : keys[0] ?? '';
    put(by, h('option', { value: '' }, '—'), ...keys.map((name) => h('option', { value: name, selected: name === key }, name)));
    cells.clear();
    if (nodes.length === 0) return put(map, note(t('noNodes'), t('noNodesHow')));
    const wanted = find.value.toLowerCase();
    const groups = Map.groupBy(nodes.filter((node) => node.name.toLowerCase().includes(wanted)), (node) => (key === '' ? '' : node.labels[key] ?? ''));
    put(map, ...[...groups].sort(([one], [other]) => one.localeCompare(other, undefined, { numeric: true })).map(([name, members]) => {
      const bad = members.filter((node) => ['fatal', 'lost'].includes(worst(node.problems, node.state))).length;
      return h('section.domain', {},
        h('h2', {}, name === '' ? (key === '' ? t('nodes') : t('nothing')) : name, h('small', {}, ` ${count(members.length)}${bad > 0 ? `, ${count(bad)} ${t('unhealthy')}` : ''}`)),
        h('div.cells', {}, ...members.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true })).map(cell)));
    }));
    map.querySelector('.cell')?.setAttribute('tabindex', '0');
  }

  function cell(node: NodeLine): HTMLElement {
    const element = h('a.cell', { href: `#/node/${encodeURIComponent(node.name)}`, tabindex: -1, 'data-node': node.name });
    paint(element, node);
    cells.set(node.name, element);
    return element;
  }

  function paint(element: HTMLElement, node: NodeLine): void {
    const kind = worst(node.problems, node.state);
    const words = `${node.name}: ${node.state === 'connected' ? '' : `${t(node.state)}, `}${count(node.devices)} ${t('devices')}${node.unhealthyDevices > 0 ? `, ${count(node.unhealthyDevices)} ${t('unhealthy')}` : ''}${kind === 'fine' ? '' : `, ${kind === 'lost' ? t('lost') : t(kind)}`}${node.simulated ? `, ${t('simulated')}` : ''}`;
    element.className = `cell ${kind}${node.state === 'reconnecting' ? ' dim' : ''}`;
    element.title = words;
    element.setAttribute('aria-label', words);
  }

  /** Arrow keys: left and right in order, up and down to the nearest one of the row above or below. */
  function move(event: KeyboardEvent): void {
    const all = [...map.querySelectorAll<HTMLElement>('.cell')];
    const at = all.indexOf(document.activeElement as HTMLElement);
    if (at < 0 || !['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'].includes(event.key)) return;
    event.preventDefault();
    let to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key] ?? at;
    if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      const here = all[at]!.getBoundingClientRect();
      const down = event.key === 'ArrowDown';
      let best = Infinity;
      all.forEach((other, index) => {
        const there = other.getBoundingClientRect();
        const rows = (there.top - here.top) * (down ? 1 : -1);
        const score = rows * 100 + Math.abs(there.left - here.left);
        if (rows > 2 && score < best) { best = score; to = index; }
      });
    }
    const target = all[Math.max(0, Math.min(all.length - 1, to))]!;
    all[at]!.setAttribute('tabindex', '-1');
    target.setAttribute('tabindex', '0');
    target.focus();
  }

  draw();
  fleet.onChange((changed) => {
    if (changed !== 'all' && [...changed].every((name) => cells.has(name) && fleet.nodes.has(name))) {
      for (const name of changed) paint(cells.get(name)!, fleet.nodes.get(name)!);
      drawNumbers(numbers, [...fleet.nodes.values()]);
    } else {
      draw();
    }
  }, signal);
}

function drawNumbers(into: HTMLElement, nodes: NodeLine[]): void {
  const sum = (of: (node: NodeLine) => number) => nodes.reduce((total, node) => total + of(node), 0);
  const figure = (value: number, name: string, kind = '') => h(`div.figure${value > 0 && kind !== '' ? `.${kind}` : ''}` as 'div', {}, h('strong', {}, count(value)), h('span', {}, name));
  put(into,
    figure(nodes.length, t('nodes')), figure(nodes.filter((node) => node.state === 'connected').length, t('connected')),
    figure(nodes.filter((node) => node.state === 'lost').length, t('lost'), 'lost'), figure(sum((node) => node.devices), t('devices')),
    figure(sum((node) => node.unhealthyDevices), t('unhealthy'), 'fatal'), figure(sum((node) => node.problems.fatal), t('fatal'), 'fatal'),
    figure(sum((node) => node.problems.degraded), t('degraded'), 'degraded'));
}
