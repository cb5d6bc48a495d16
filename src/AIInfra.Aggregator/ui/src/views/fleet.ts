import type { NodeLine } from '../api';
import { h, put } from '../dom';
import type { Fleet } from '../fleet';
import { keeping, note, worst } from '../parts';
import { count, t } from '../texts';
import { nowPanel } from './now';

const labelKey = 'aiinfra.domain';
/** Labels that say where a node stands, by their last part, the closest first. */
const places = ['rack', 'switch', 'gpu.clique', 'block', 'row', 'zone', 'instance-type'];

/** The heat map: one square a node, grouped by a label, each in its fixed place; beside it what needs a person now. */
export function fleetView(into: HTMLElement, fleet: Fleet, signal: AbortSignal): void {
  const numbers = h('div.numbers');
  const notWhole = h('p.fault', { role: 'alert' }, t('notWhole'));
  const map = h('div.map', { role: 'group', 'aria-label': t('fleet') });
  const by = h('select', { id: 'by', change: () => { localStorage.setItem(labelKey, by.value); draw(); } });
  const find = h('input', { id: 'find', type: 'search', placeholder: t('find'), 'aria-label': t('find'), input: () => draw() });
  const legend = h('p.legend', {}, ...(['fine', 'info', 'degraded', 'fatal', 'lost'] as const).flatMap((kind) =>
    [h(`span.cell.${kind}`, { 'aria-hidden': true }), h('span', {}, kind === 'fine' ? t('legendFine') : kind === 'info' ? t('legendInfo') : t(kind))]), h('span.keys', {}, t('keys')));
  const cells = new Map<string, HTMLElement>();
  const now = h('aside.now', { 'aria-label': t('now') });
  put(into, h('h1.unseen', {}, t('fleet')), notWhole, numbers, h('div.fleet', {}, h('div', {}, h('div.bar', {}, h('label', { for: 'by' }, `${t('by')} `, by), find, legend), map), now));
  nowPanel(now, fleet, signal);
  map.addEventListener('keydown', (event) => move(event));

  function draw(): void {
    const nodes = [...fleet.nodes.values()];
    notWhole.hidden = fleet.isComplete;
    drawNumbers(numbers, nodes);
    const labels = new Set(nodes.flatMap((node) => Object.keys(node.labels)));
    const named = (place: string) => [...labels].sort().filter((label) => label.split('/').at(-1) === place);
    const near = places.flatMap(named);
    const keys = [...new Set([...near, ...[...labels].sort()])];
    const chosen = localStorage.getItem(labelKey);
    const key = chosen !== null && (chosen === '' || labels.has(chosen)) ? chosen : near[0] ?? '';
    const options = ['', ...keys];
    if ([...by.options].map((option) => option.value).join('\n') !== options.join('\n')) put(by, ...options.map((name) => h('option', { value: name }, name === '' ? '—' : name)));
    by.value = key;
    cells.clear();
    if (nodes.length === 0) return put(map, note(t('noNodes'), t('noNodesHow')));
    const wanted = find.value.toLowerCase();
    const found = nodes.filter((node) => node.name.toLowerCase().includes(wanted));
    if (found.length === 0) return put(map, note(t('none')));
    map.className = `map ${found.length <= 48 ? 'tiles' : found.length <= 400 ? 'large' : ''}`;
    const groups = Map.groupBy(found, (node) => (key === '' ? '' : node.labels[key] ?? ''));
    const order = new Intl.Collator(undefined, { numeric: true });
    keeping(map, () => put(map, ...[...groups].sort(([one], [other]) => order.compare(one, other)).map(([name, members]) => {
      const bad = members.filter((node) => ['fatal', 'lost'].includes(worst(node.problems, node.state))).length;
      return h('section.domain', { 'data-domain': name }, h('h2', {}, h('bdi', {}, name === '' ? (key === '' ? t('nodes') : t('nothing')) : name), h('small', {}, heading(members.length, bad))),
        h('div.cells', {}, ...members.sort((one, other) => order.compare(one.name, other.name)).map(cell)));
    })));
    if (map.contains(document.activeElement)) return document.activeElement!.setAttribute('tabindex', '0');
    map.querySelector('.cell')?.setAttribute('tabindex', '0');
  }

  function cell(node: NodeLine): HTMLElement {
    const element = h('a.cell', { href: `#/node/${encodeURIComponent(node.name)}`, tabindex: -1, 'data-node': node.name });
    paint(element, node);
    cells.set(node.name, element);
    return element;
  }

  const heading = (all: number, bad: number) => ` ${count(all)} ${t('nodesOf')}${bad > 0 ? ` · ${count(bad)} ${t('bad')}` : ''}`;

  /** The words over the domains of some nodes. */
  function head(names: ReadonlySet<string>): void {
    for (const section of new Set([...names].map((name) => cells.get(name)?.closest('section')))) {
      const members = section == null ? [] : [...section.querySelectorAll<HTMLElement>('.cell')];
      section?.querySelector('small')?.replaceChildren(heading(members.length, members.filter((one) => one.matches('.fatal, .lost')).length));
    }
  }

  function paint(element: HTMLElement, node: NodeLine): void {
    const kind = worst(node.problems, node.state);
    const words = `${node.name}: ${node.state === 'connected' ? '' : `${t(node.state)}, `}${count(node.devices)} ${t('devices')}${node.unhealthyDevices > 0 ? `, ${count(node.unhealthyDevices)} ${t('unhealthy')}` : ''}${kind === 'fine' ? '' : `, ${kind === 'lost' ? t('lost') : t(kind)}`}${node.simulated ? `, ${t('simulated')}` : ''}`;
    element.className = `cell ${kind}${node.state === 'reconnecting' ? ' dim' : ''}`;
    element.title = words;
    element.setAttribute('aria-label', words);
    put(element, h('b', {}, node.name), h('i', {}, `${count(node.devices - node.unhealthyDevices)}/${count(node.devices)}`));
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
    // the one that Tab comes to
    const target = all[Math.max(0, Math.min(all.length - 1, to))]!;
    all[at]!.setAttribute('tabindex', '-1');
    target.setAttribute('tabindex', '0');
    target.focus();
  }

  const domainOf = (name: string) => (by.value === '' ? '' : fleet.nodes.get(name)?.labels[by.value] ?? '');

  draw();
  fleet.onChange((changed) => {
    if (changed !== 'all' && [...changed].every((name) => cells.has(name) && fleet.nodes.has(name) && domainOf(name) === cells.get(name)!.closest('section')?.dataset.domain)) {
      for (const name of changed) paint(cells.get(name)!, fleet.nodes.get(name)!);
      head(changed);
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
    figure(sum((node) => node.unhealthyDevices), t('unhealthyDevices'), 'fatal'), figure(sum((node) => node.problems.fatal), t('fatalProblems'), 'fatal'),
    figure(sum((node) => node.problems.degraded), t('degradedProblems'), 'degraded'));
}
