import { get, send, type BudgetReport, type PauseLine } from '../api';
import { h, put } from '../dom';
import type { Fleet } from '../fleet';
import { alarm, button, foreign, load, nodeLink, note, refresh, short, table, when } from '../parts';
import { count, moment, t } from '../texts';

type Row<K extends 'domains' | 'grants' | 'waiting'> = BudgetReport[K][number];

/** What may be disrupted, by whose leave, and what stops it. */
export function budgetsView(into: HTMLElement, fleet: Fleet, signal: AbortSignal): void {
  const body = h('div');
  const said = h('p.fault', { role: 'alert', hidden: true });
  const why = h('input', { id: 'why', maxlength: 253, placeholder: t('reason'), 'aria-label': t('reason') });
  const minutes = h('select', { id: 'minutes', 'aria-label': t('howLong') }, ...['', '30', '120', '720'].map((value) => h('option', { value }, value === '' ? t('untilResumed') : `${value} min`)));
  const hold = h('form.bar', { submit: (event) => { event.preventDefault(); void act('POST', 'pauses', { says: why.value, minutes: minutes.value }); } },
    why, minutes, h('button', { type: 'submit' }, t('pauseFleet')));
  put(into, h('h1', {}, t('budgets')), said, fleet.mayOperate ? hold : note(t('needsOperator'), fleet.caller === null ? '' : `${fleet.caller.name}: ${fleet.caller.role}`), body);
  const act = async (method: 'POST' | 'DELETE', path: string, query: Record<string, string | null> = {}) => {
    try {
      await send(method, path, query);
      said.hidden = true;
      why.value = '';
    } catch (fault) {
      put(said, fault instanceof Error ? fault.message : String(fault));
      said.hidden = false;
    }
    void read();
  };
  const path = (one: { node: string; operation: string }) => `${encodeURIComponent(one.node)}/${encodeURIComponent(one.operation)}`;
  const read = () => load(body, signal, async () => {
    const { at: _, ...report } = await get<BudgetReport>('budgets', signal);
    return report;
  }, (report) => [
    ...(report.notTrusted !== null ? [alarm('degraded', h('strong', {}, t('notTrusted')), ' ', foreign(report.notTrusted))] : []),
    ...(report.breaker !== null ? [alarm('fatal', h('strong', {}, `${t('breaker')} `), foreign(report.breaker.why), ' ', when(report.breaker.since), ' ',
      button(t('closeBreaker'), fleet.mayOperate, () => void act('DELETE', 'breaker', { says: why.value })))] : []),
    ...report.pauses.map((pause) => pauseLine(pause, fleet.mayOperate, () => void act('DELETE', 'pauses', { node: pause.node, label: pause.label, value: pause.value }))),
    h('h2', {}, t('waiting')), table<Row<'waiting'>>(t('waiting'), [
      { title: t('node'), cell: (row) => nodeLink(row.node), narrow: true }, { title: t('step'), cell: (row) => h('code', {}, row.action), narrow: true }, { title: t('says'), cell: (row) => foreign(row.why) },
      { title: t('since'), cell: (row) => when(row.asked), narrow: true },
      { title: '', cell: (row) => row.approvedUntil !== null ? `${t('approved')}: ${row.actor}, – ${moment(row.approvedUntil)}`
        : button(t('approve'), fleet.mayOperate, () => void act('POST', `approvals/${path(row)}`), `approve ${path(row)}`), narrow: true }],
      report.waiting, t('none')),
    h('h2', {}, t('granted')), table<Row<'grants'>>(t('granted'), [
      { title: t('node'), cell: (row) => nodeLink(row.node), narrow: true }, { title: t('step'), cell: (row) => h('code', {}, row.action), narrow: true }, { title: t('says'), cell: (row) => foreign(row.reason) },
      { title: t('since'), cell: (row) => when(row.given), narrow: true }, { title: t('state'), cell: (row) => (row.hasLapsed ? h('span.badge.degraded', {}, t('lapsed')) : h('span.badge.fine', {}, t('held'))), narrow: true },
      { title: '', cell: (row) => button(t('revoke'), fleet.mayOperate, () => void act('DELETE', `grants/${path(row)}`, { says: why.value }), `revoke ${path(row)}`), narrow: true }], report.grants, t('none')),
    h('h2', {}, t('domains')), table<Row<'domains'>>(t('domains'), [
      { title: t('budget'), cell: (row) => short(row.budget) }, { title: t('domain'), cell: (row) => short(row.domain) }, { title: t('nodes'), cell: (row) => count(row.nodes) },
      { title: t('unavailable'), cell: use }, { title: t('limit'), cell: (row) => (row.allowed === 0 ? `0 – ${t('nothingAllowed')}` : count(row.allowed)) }, { title: t('starts'), cell: (row) => count(row.starts) }], report.domains, t('none')),
    h('p.detail', {}, `${t('inSight')}: ${count(report.fleet.seen)} / ${count(report.fleet.known)}`, report.fleet.completeSince !== null && ` · ${t('since')} `, report.fleet.completeSince !== null && when(report.fleet.completeSince)),
  ]);
  void read();
  const often = setInterval(() => { if (fleet.link === 'live') void read(); }, 3000); // no event tells of grants
  signal.addEventListener('abort', () => clearInterval(often));
  refresh(fleet, signal, () => void read());
}

function use(row: Row<'domains'>): HTMLElement {
  const most = Math.max(row.allowed, row.unavailable, 1);
  return h('span.nowrap', {}, h('meter', { min: 0, max: most, low: row.allowed - 0.5, high: row.allowed + 0.5, optimum: 0, value: row.unavailable, 'aria-hidden': true }), ` ${count(row.unavailable)}`);
}

function pauseLine(pause: PauseLine, may: boolean, resume: () => void): HTMLElement {
  return alarm('degraded', h('strong', {}, `${t('paused')}: `), short(pause.where), ' ', foreign([pause.says, pause.actor].filter((text) => text !== '').join(' · ')), ' ', when(pause.since),
    pause.until === null ? '' : ` – ${moment(pause.until)}`, ' ', button(t('resume'), may, resume, `resume ${pause.where}`));
}
