import { ApiFault, get, type DeviceLine, type NodePage, type OperationLine, type ProblemLine } from '../api';
import { h, put } from '../dom';
import type { Fleet } from '../fleet';
import { badge, load, note, table, when } from '../parts';
import { count, moment, t } from '../texts';

export function nodeView(into: HTMLElement, fleet: Fleet, name: string, signal: AbortSignal): void {
  const body = h('div');
  put(into, h('h1', {}, name), body);
  const read = () => load(body, signal, async () => {
    try {
      return page(await get<NodePage>(`nodes/${encodeURIComponent(name)}`, signal), signal);
    } catch (fault) {
      if (fault instanceof ApiFault && fault.status === 404) return [note(t('gone'))];
      throw fault;
    }
  });
  void read();
  let isWaiting = false;
  fleet.onEvent((event) => {
    if (event.name !== name || isWaiting) return;
    isWaiting = true;
    setTimeout(() => { isWaiting = false; if (!signal.aborted) void read(); }, 250);
  }, signal);
}

function page(node: NodePage, signal: AbortSignal): Node[] {
  const { node: line } = node;
  const chart = h('div.timeline', { role: 'img', 'aria-label': t('timeline') });
  const hasTimeline = node.problems.length + node.operations.length > 0;
  if (hasTimeline) void import('./timeline').then(({ drawTimeline }) => { if (!signal.aborted) drawTimeline(chart, node.problems, node.operations, signal); });
  const missing = Object.entries(node.notReady);
  return [
    h('p.facts', {}, h(`span.badge.${line.state === 'lost' ? 'fatal' : line.state === 'reconnecting' ? 'degraded' : 'fine'}` as 'span', {}, t(line.state)),
      line.simulated && h('span.badge.info', {}, t('simulated')), line.paused && h('span.badge.degraded', {}, t('paused')), ' ', t('lastHeard'), ' ', when(line.lastHeard)),
    h('dl.pairs', {}, ...([[t('agent'), line.agentVersion], [t('kernel'), node.kernel], [t('image'), node.image], [t('boot'), node.bootId], [t('remediation'), line.remediation],
      ...(Math.abs(line.clockSkewSeconds) > 5 ? [[t('skew'), `${count(Math.round(line.clockSkewSeconds))} s`]] : []),
      ...node.vendors.map((vendor) => [vendor.name, [vendor.state, vendor.driverVersion, vendor.reason].filter((text) => text !== '').join(', ')])] as [string, string][])
      .filter(([, value]) => value !== '').flatMap(([key, value]) => [h('dt', {}, key), h('dd', {}, value)])),
    ...(missing.length > 0 ? [h('h2', {}, t('notReady')), h('ul', {}, ...missing.map(([part, why]) => h('li', {}, h('code', {}, part), ` ${why}`)))] : []),
    h('h2', {}, t('problems')), ...problemList(node.problems),
    h('h2', {}, t('timeline')), hasTimeline ? chart : note(t('none')),
    h('h2', {}, t('devices')), table<DeviceLine>(t('devices'), [
      { title: t('index'), cell: (device) => device.index, narrow: true }, { title: t('state'), cell: (device) => h(`span.badge.${device.healthy ? 'fine' : 'fatal'}` as 'span', {}, device.healthy ? t('healthy') : t('unhealthy')) },
      { title: t('vendor'), cell: (device) => device.vendor }, { title: t('model'), cell: (device) => [device.model, device.profile].filter((text) => text !== '').join(' ') }, { title: t('address'), cell: (device) => h('code', {}, device.pciAddress) },
      { title: t('resource'), cell: (device) => device.resource }, { title: t('links'), cell: (device) => device.links.map((link) => `${link.kind} × ${link.count}`).filter((text, at, all) => all.indexOf(text) === at).join(', ') },
      { title: t('id'), cell: (device) => h('code', {}, device.id) }], node.devices, t('none')),
    h('h2', {}, t('workloads')), table(t('workloads'), [
      { title: t('pod'), cell: (workload) => `${workload.namespace}/${workload.name}` }, { title: t('job'), cell: (workload) => workload.job }, { title: t('devices'), cell: (workload) => count(workload.devices.length) }], node.workloads, t('none')),
    h('h2', {}, t('actions')), operations(node.operations),
  ];
}

function problemList(problems: ProblemLine[]): Node[] {
  if (problems.length === 0) return [note(t('noProblems'))];
  return problems.map((problem) => h(`article.problem.${problem.severity}` as 'article', {},
    h('h3', {}, badge(problem.severity), ' ', h('code', {}, problem.id), ` ${problem.subjectKind} ${problem.subject}`),
    h('p', {}, problem.message),
    h('p.detail', {}, `${t('since')} `, when(problem.firstSeen), ` · ${t('seen')} ${count(problem.count)} ${t('times')} · ${t('action')}: ${problem.action} · ${t('cause')}: ${problem.cause}`),
    problem.evidence.length > 0 && h('details', {}, h('summary', {}, t('evidence')), h('pre', {}, problem.evidence.join('\n')))));
}

function operations(rows: OperationLine[]): HTMLElement {
  return table<OperationLine>(t('actions'), [
    { title: t('when'), cell: (row) => h('time', { datetime: row.intended }, moment(row.closed ?? row.acted ?? row.intended)) }, { title: t('step'), cell: (row) => h('code', {}, row.action) },
    { title: t('problem'), cell: (row) => `${row.problem} ${row.subject}` }, { title: t('state'), cell: (row) => row.state }, { title: t('outcome'), cell: (row) => row.outcome },
    { title: t('helped'), cell: (row) => (row.helped === null ? '' : row.helped ? '✓' : '✗') }, { title: t('says'), cell: (row) => row.says }], rows, t('noOperations'));
}
