import { ApiFault, get, type DeviceLine, type NodePage, type OperationLine } from '../api';
import { h, put } from '../dom';
import type { Fleet } from '../fleet';
import { badge, foreign, headlines, load, note, refresh, short, table, when } from '../parts';
import { count, moment, t } from '../texts';

export function nodeView(into: HTMLElement, fleet: Fleet, name: string, signal: AbortSignal): void {
  const body = h('div');
  let drawn = new AbortController(); // of what is on the page now: a page may be open for days, and draws itself anew with each change
  put(into, h('p.back', {}, h('a', { href: '#/' }, `← ${t('fleet')}`)), h('h1', {}, h('bdi', {}, name)), body);
  const read = () => load(body, signal, async () => {
    try {
      return await get<NodePage>(`nodes/${encodeURIComponent(name)}`, signal);
    } catch (fault) {
      if (fault instanceof ApiFault && fault.status === 404) return null;
      throw fault;
    }
  }, (node) => {
    drawn.abort();
    drawn = new AbortController();
    return node === null ? [note(t('gone'))] : page(node, drawn.signal);
  });
  void read();
  let isWaiting = false;
  fleet.onEvent((event) => {
    if (event.name !== name || isWaiting) return;
    isWaiting = true;
    setTimeout(() => { isWaiting = false; if (!signal.aborted) void read(); }, 250);
  }, signal);
  refresh(fleet, signal, () => void read());
  signal.addEventListener('abort', () => drawn.abort());
}

function page(node: NodePage, signal: AbortSignal): Node[] {
  const { node: line } = node;
  const chart = h('div.timeline', { role: 'img', 'aria-label': t('timeline') });
  const hasTimeline = node.problems.length + node.operations.length > 0;
  if (hasTimeline) void import('./timeline').then(({ drawTimeline }) => { if (!signal.aborted) drawTimeline(chart, node, (id) => nameOf(node, id), signal); });
  const missing = Object.entries(node.notReady);
  return [
    h('p.facts', {}, h(`span.badge.${line.state === 'lost' ? 'fatal' : line.state === 'reconnecting' ? 'degraded' : 'fine'}` as 'span', {}, t(line.state)),
      line.simulated && h('span.badge.info', {}, t('simulated')), line.paused && h('span.badge.degraded', {}, t('paused')), ' ', t('lastHeard'), ' ', when(line.lastHeard)),
    h('dl.pairs', {}, ...([[t('agent'), line.agentVersion], [t('kernel'), node.kernel], [t('image'), node.image], [t('boot'), node.bootId], [t('remediation'), line.remediation],
      ...(Math.abs(line.clockSkewSeconds) > 5 ? [[t('skew'), `${count(Math.round(line.clockSkewSeconds))} s`]] : []),
      ...node.vendors.map((vendor) => [vendor.name, [vendor.state, vendor.driverVersion, vendor.reason].filter((text) => text !== '').join(' · ')])] as [string, string][])
      .filter(([, value]) => value !== '').flatMap(([key, value]) => [h('dt', {}, key), h('dd', {}, value)])),
    ...(missing.length > 0 ? [h('h2', {}, t('notReady')), h('ul', {}, ...missing.map(([part, why]) => h('li', {}, h('code', {}, part), ' ', foreign(why))))] : []),
    h('h2', {}, t('problems')), ...problemList(node),
    h('h2', {}, t('timeline')), hasTimeline ? chart : note(t('none')),
    h('h2', {}, t('devices')), table<DeviceLine>(t('devices'), [
      { title: t('index'), cell: (device) => device.index, narrow: true }, { title: t('state'), cell: (device) => h(`span.badge.${device.healthy ? 'fine' : 'fatal'}` as 'span', {}, device.healthy ? t('healthy') : t('unhealthy')) },
      { title: t('vendor'), cell: (device) => device.vendor }, { title: t('model'), cell: (device) => [device.model, device.profile].filter((text) => text !== '').join(' ') }, { title: t('address'), cell: (device) => h('code.whole', {}, device.pciAddress) },
      { title: t('resource'), cell: (device) => device.resource }, { title: 'NUMA', cell: (device) => device.numaNode }, { title: t('links'), cell: (device) => links(node, device) },
      { title: t('id'), cell: (device) => h('code', {}, short(device.id)) }], [...node.devices].sort((one, other) => one.vendor.localeCompare(other.vendor) || one.index - other.index || one.id.localeCompare(other.id)), t('none')),
    h('h2', {}, t('workloads')), table(t('workloads'), [
      { title: t('pod'), cell: (workload) => foreign(`${workload.namespace}/${workload.name}`) }, { title: t('job'), cell: (workload) => foreign(workload.job) }, { title: t('devices'), cell: (workload) => workload.devices.map((id) => nameOf(node, id)).join(', ') }], node.workloads, t('none')),
    h('h2', {}, t('actions')), operations(node.operations),
  ];
}

/** "nvidia 3 (0000:61:00.0)"; the id itself where it is none of the devices. */
function nameOf(node: NodePage, id: string): string {
  const device = node.devices.find((one) => one.id === id);
  return device === undefined ? id : `${device.vendor} ${device.index}${device.pciAddress === '' ? '' : ` (${device.pciAddress})`}`;
}

/** "direct × 18 → 7": how it is tied to how many others. A link is told by one of its ends. */
function links(node: NodePage, device: DeviceLine): string {
  const peers = new Map(device.links.map((link) => [link.peer, `${link.kind} × ${count(link.count)}`]));
  for (const other of node.devices) {
    const back = other.links.find((link) => link.peer === device.id);
    if (back !== undefined) peers.set(other.id, `${back.kind} × ${count(back.count)}`);
  }
  return [...Map.groupBy(peers.values(), (kind) => kind)].map(([kind, all]) => `${kind} → ${count(all.length)}`).join(', ');
}

function problemList(node: NodePage): Node[] {
  if (node.problems.length === 0) return [note(t('noProblems'))];
  return headlines(node.problems).map(({ head, also }) => h(`article.problem.${head.severity}` as 'article', {},
    h('h3', {}, badge(head.severity), ' ', h('code', {}, head.id), ` ${head.subjectKind} `, h('bdi.short', { title: head.subject.slice(0, 500) }, nameOf(node, head.subject))),
    h('p', {}, foreign(head.message)),
    h('p.detail', {}, `${t('since')} `, when(head.firstSeen), ` · ${t('seen')} ${count(head.count)} × · ${t('action')}: ${head.action} · ${t('cause')}: ${head.cause}`),
    also.length > 0 && h('p.detail', {}, `${t('also')} ${also.map((one) => one.id).join(', ')}`),
    (head.evidence.length > 0 || also.length > 0) && h('details', { 'data-key': `evidence ${head.id} ${head.subject}` }, h('summary', {}, t('evidence')),
      ...[head, ...also].map((one) => h('pre', {}, [...(one === head ? [] : [`${one.id}: ${one.message}`]), ...one.evidence].join('\n'))))));
}

function operations(rows: OperationLine[]): HTMLElement {
  return table<OperationLine>(t('actions'), [
    { title: t('when'), cell: (row) => h('time', { datetime: row.intended }, moment(row.closed ?? row.acted ?? row.intended)) }, { title: t('step'), cell: (row) => h('code', {}, row.action) },
    { title: t('problem'), cell: (row) => h('span', {}, h('code', {}, row.problem), ' ', short(row.subject)) }, { title: t('state'), cell: (row) => row.state }, { title: t('outcome'), cell: (row) => row.outcome },
    { title: t('helped'), cell: (row) => (row.helped === null ? '' : row.helped ? '✓' : '✗') }, { title: t('says'), cell: (row) => foreign(row.says) }], rows, t('noOperations'));
}
