import { get, type BudgetReport, type IncidentLine, type Page, type ProblemLine } from '../api';
import { h, put } from '../dom';
import type { Fleet } from '../fleet';
import { alarm, badge, foreign, headlines, load, nodeLink, note, refresh, when } from '../parts';
import { count, t } from '../texts';

const mostLines = 8;

/** What a person should look at now, the worst first: incidents, a stopped remediation, who waits for an answer, lost nodes, fatal problems. */
export function nowPanel(into: HTMLElement, fleet: Fleet, signal: AbortSignal): void {
  const body = h('div');
  put(into, h('h2', {}, t('now')), body);
  const read = () => load(body, signal, async () => {
    const [problems, incidents, budgets] = await Promise.all([
      get<Page<ProblemLine>>('problems?severity=fatal&limit=1000', signal), get<Page<IncidentLine>>('incidents?limit=20', signal), get<BudgetReport>('budgets', signal)]);
    return {
      problems: headlines(problems.items), incidents: incidents.items.filter((incident) => incident.ended === null), breaker: budgets.breaker, pauses: budgets.pauses, notTrusted: budgets.notTrusted,
      waiting: budgets.waiting.filter((one) => one.approvedUntil === null).length, lost: [...fleet.nodes.values()].filter((node) => node.state === 'lost').map(({ name, lastHeard }) => ({ name, lastHeard })),
    };
  }, ({ problems, incidents, breaker, pauses, notTrusted, waiting, lost }) => {
    const budgets = (text: string) => h('a', { href: '#/budgets' }, text);
    const lines = [
      ...incidents.map((incident) => alarm('fatal', h('a', { href: '#/incidents' }, incident.problem), ` · ${count(incident.members.length)} ${t('nodesOf')} `, when(incident.started),
        incident.suspect === null ? '' : h('div', {}, `${t('part')}: ${incident.suspect.kind} `, foreign(incident.suspect.name)))),
      ...(breaker === null ? [] : [alarm('fatal', budgets(t('breaker')), ' ', foreign(breaker.why))]),
      ...pauses.map((pause) => alarm('degraded', budgets(`${t('paused')}: `), foreign(pause.where), pause.says === '' ? '' : foreign(` · ${pause.says}`))),
      ...(notTrusted === null ? [] : [alarm('degraded', budgets(t('notTrusted')), ' ', foreign(notTrusted))]),
      ...(waiting === 0 ? [] : [alarm('degraded', budgets(`${t('waiting')}: ${count(waiting)}`))]),
      ...lost.slice(0, mostLines).map((node) => alarm('lost', nodeLink(node.name), ` ${t('lost')} `, when(node.lastHeard))),
      ...(lost.length > mostLines ? [h('p.detail', {}, `+ ${count(lost.length - mostLines)} ${t('lost')}`)] : []),
      ...problems.slice(0, mostLines).map(({ head }) => h('div.line', {}, badge(head.severity), ' ', nodeLink(head.node), ' ', h('code', {}, head.id), ' ', when(head.firstSeen), h('div', {}, foreign(head.message)))),
      ...(problems.length > mostLines ? [h('p.detail', {}, h('a', { href: '#/problems' }, `+ ${count(problems.length - mostLines)} ${t('problems')}`))] : []),
    ];
    return lines.length === 0 ? [note(t('allWell'))] : lines;
  });
  void read();
  refresh(fleet, signal, () => void read());
}
