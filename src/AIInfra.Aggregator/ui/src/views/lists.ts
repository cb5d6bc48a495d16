import { all, get, send, type AuditEntry, type BudgetReport, type IncidentLine, type Page, type ProblemLine } from '../api';
import { h, put } from '../dom';
import type { Fleet } from '../fleet';
import { badge, load, nodeLink, note, table, when } from '../parts';
import { count, moment, t } from '../texts';

const most = 2000;

/** Reads again after events, at most once a second. */
function refresh(fleet: Fleet, signal: AbortSignal, read: () => void): void {
  let isWaiting = false;
  fleet.onEvent(() => {
    if (isWaiting) return;
    isWaiting = true;
    setTimeout(() => { isWaiting = false; if (!signal.aborted) read(); }, 1000);
  }, signal);
}

export function problemsView(into: HTMLElement, fleet: Fleet, signal: AbortSignal): void {
  const body = h('div');
  const severity = h('select', { id: 'severity', change: () => void read() }, ...['', 'fatal', 'degraded', 'info'].map((word) => h('option', { value: word }, word === '' ? '—' : t(word as 'fatal'))));
  put(into, h('h1', {}, t('problems')), h('div.bar', {}, h('label', { for: 'severity' }, `${t('severity')} `, severity)), body);
  const order = { fatal: 0, degraded: 1, info: 2 };
  const read = () => load(body, signal, async () => {
    const { items, isCut } = await all<ProblemLine>(`problems${severity.value === '' ? '' : `?severity=${severity.value}`}`, most, signal);
    items.sort((one, other) => order[one.severity] - order[other.severity] || other.lastSeen.localeCompare(one.lastSeen));
    return [...(isCut ? [note(t('cut'))] : []), table<ProblemLine>(t('problems'), [
      { title: t('severity'), cell: (row) => badge(row.severity) }, { title: t('node'), cell: (row) => nodeLink(row.node) }, { title: t('problem'), cell: (row) => h('code', {}, row.id) },
      { title: t('subject'), cell: (row) => `${row.subjectKind} ${row.subject}` }, { title: t('says'), cell: (row) => row.message }, { title: t('action'), cell: (row) => row.action },
      { title: t('since'), cell: (row) => when(row.firstSeen) }], items, t('noProblems'))];
  });
  void read();
  refresh(fleet, signal, () => void read());
}

export function incidentsView(into: HTMLElement, fleet: Fleet, signal: AbortSignal): void {
  const body = h('div');
  put(into, h('h1', {}, t('incidents')), body);
  const read = () => load(body, signal, async () => {
    const { items } = await get<Page<IncidentLine>>('incidents', signal);
    if (items.length === 0) return [note(t('noIncidents'))];
    return items.map((incident) => h(`article.problem.${incident.ended === null ? 'fatal' : 'info'}` as 'article', {},
      h('h3', {}, h('code', {}, incident.problem), incident.suspect !== '' && ` · ${t('part')}: ${incident.suspectKind} ${incident.suspect}`), h('p', {}, incident.says),
      h('p.detail', {}, `${t('since')} `, when(incident.started), incident.ended !== null && ` – ${moment(incident.ended)}`),
      h('details', {}, h('summary', {}, `${t('members')} (${count(incident.members.length)})`), h('p.members', {}, ...incident.members.flatMap((name) => [nodeLink(name), ' '])))));
  });
  void read();
  refresh(fleet, signal, () => void read());
}

export function budgetsView(into: HTMLElement, fleet: Fleet, signal: AbortSignal): void {
  const body = h('div');
  const said = h('p.fault', { role: 'alert', hidden: true });
  put(into, h('h1', {}, t('budgets')), said, body);
  const act = async (path: string, what?: unknown) => {
    try {
      await send('POST', path, what);
      said.hidden = true;
    } catch (fault) {
      put(said, fault instanceof Error ? fault.message : String(fault));
      said.hidden = false;
    }
    void read();
  };
  const read = () => load(body, signal, async () => {
    const report = await get<BudgetReport>('budgets', signal);
    const isPaused = report.pauses.some((pause) => pause.scope === '');
    return [
      ...(report.notTrusted !== null ? [h('div.fault', { role: 'alert' }, report.notTrusted)] : []),
      ...(report.breakerSince !== null ? [h('div.fault', { role: 'alert' }, `${t('breaker')}: ${report.breakerWhy} `, when(report.breakerSince))] : []),
      h('p', {}, h('button', { type: 'button', click: () => void act(isPaused ? 'resume' : 'pause', {}) }, t(isPaused ? 'resume' : 'pause'))),
      ...report.pauses.map((pause) => note(`${t('paused')}: ${pause.where}`, [pause.actor, pause.says, pause.until === null ? '' : `– ${moment(pause.until)}`].filter((text) => text !== '').join(', '))),
      h('h2', {}, t('waiting')), table<BudgetReport['waiting'][number]>(t('waiting'), [
        { title: t('node'), cell: (row) => nodeLink(row.node) }, { title: t('step'), cell: (row) => h('code', {}, row.action) }, { title: t('says'), cell: (row) => row.why }, { title: t('since'), cell: (row) => when(row.asked) },
        { title: '', cell: (row) => row.approvedUntil !== null ? `${row.actor}, – ${moment(row.approvedUntil)}` : h('button', { type: 'button', click: () => void act(`operations/${encodeURIComponent(row.node)}/${encodeURIComponent(row.operation)}/approve`) }, t('approve')) }],
        report.waiting, t('none')),
      h('h2', {}, t('domain')), table<BudgetReport['domains'][number]>(t('domain'), [
        { title: t('domain'), cell: (row) => row.domain }, { title: t('nodes'), cell: (row) => count(row.nodes) }, { title: t('limit'), cell: (row) => count(row.allowed) },
        { title: t('unavailable'), cell: (row) => h('span', {}, h('meter', { min: 0, max: Math.max(row.allowed, 1), high: Math.max(row.allowed, 1) * 0.99, value: row.unavailable, 'aria-hidden': true }), ` ${count(row.unavailable)}`) }], report.domains, t('none')),
      h('h2', {}, t('actions')), table<BudgetReport['grants'][number]>(t('actions'), [
        { title: t('node'), cell: (row) => nodeLink(row.node) }, { title: t('step'), cell: (row) => h('code', {}, row.action) }, { title: t('says'), cell: (row) => row.reason }, { title: t('since'), cell: (row) => when(row.given) }], report.grants, t('none')),
    ];
  });
  void read();
  const again = setInterval(() => void read(), 5000);
  signal.addEventListener('abort', () => clearInterval(again));
  refresh(fleet, signal, () => void read());
}

export function auditView(into: HTMLElement, signal: AbortSignal): void {
  const body = h('div');
  put(into, h('h1', {}, t('audit')), body);
  void load(body, signal, async () => {
    const { items, next } = await get<Page<AuditEntry>>('audit?limit=200', signal);
    const rows = [...items];
    const list = h('div');
    const draw = (after: string | null) => put(list, table<AuditEntry>(t('audit'), [
      { title: t('when'), cell: (row) => h('time', { datetime: row.at }, moment(row.at)) }, { title: t('who'), cell: (row) => row.actor }, { title: t('what'), cell: (row) => h('code', {}, row.what) },
      { title: t('node'), cell: (row) => (row.node === '' ? '' : nodeLink(row.node)) }, { title: t('says'), cell: (row) => row.says }], rows, t('noAudit')),
    after !== null && h('button', { type: 'button', click: () => void more(after) }, t('more')));
    const more = async (after: string) => {
      const page = await get<Page<AuditEntry>>(`audit?limit=200&after=${encodeURIComponent(after)}`, signal);
      rows.push(...page.items);
      draw(page.next);
    };
    draw(next);
    return [list];
  });
}
