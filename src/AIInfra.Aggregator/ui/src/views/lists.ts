import { all, get, type AuditEntry, type Page, type ProblemLine } from '../api';
import { h, put } from '../dom';
import type { Fleet } from '../fleet';
import { badge, foreign, headlines, load, nodeLink, note, refresh, short, table, when } from '../parts';
import { moment, t } from '../texts';

const most = 2000;

export function problemsView(into: HTMLElement, fleet: Fleet, signal: AbortSignal): void {
  const body = h('div');
  const severity = h('select', { id: 'severity', change: () => void read() }, ...['', 'fatal', 'degraded', 'info'].map((word) => h('option', { value: word }, word === '' ? t('every') : t(word as 'fatal'))));
  const find = h('input', { id: 'find', type: 'search', placeholder: t('findAny'), 'aria-label': t('findAny'), input: () => void read() });
  put(into, h('h1', {}, t('problems')), h('div.bar', {}, h('label', { for: 'severity' }, `${t('severity')} `, severity), find), body);
  const read = () => load(body, signal, async () => {
    const { items, isCut } = await all<ProblemLine>(`problems${severity.value === '' ? '' : `?severity=${severity.value}`}`, most, signal);
    const wanted = find.value.toLowerCase();
    return { isCut, rows: headlines(items.filter((row) => [row.node, row.id, row.subject, row.message].some((text) => text.toLowerCase().includes(wanted)))) };
  }, ({ isCut, rows }) => [...(isCut ? [note(t('cut'))] : []), table<{ head: ProblemLine; also: ProblemLine[] }>(t('problems'), [
    { title: t('severity'), cell: ({ head }) => badge(head.severity), narrow: true }, { title: t('node'), cell: ({ head }) => nodeLink(head.node), narrow: true },
    { title: t('problem'), cell: ({ head, also }) => h('div', {}, h('code', {}, head.id), also.length > 0 && h('div.detail', {}, `${t('also')} ${also.map((one) => one.id).join(', ')}`)) },
    { title: t('subject'), cell: ({ head }) => h('span', {}, `${head.subjectKind} `, short(head.subject)) }, { title: t('message'), cell: ({ head }) => foreign(head.message) },
    { title: t('action'), cell: ({ head }) => head.action, narrow: true }, { title: t('since'), cell: ({ head }) => when(head.firstSeen), narrow: true }], rows, find.value === '' ? t('noProblems') : t('none'))]);
  void read();
  refresh(fleet, signal, () => void read());
}

export function auditView(into: HTMLElement, fleet: Fleet, signal: AbortSignal): void {
  const body = h('div');
  const kinds = ['', 'grant', 'breaker', 'incident', 'operation', 'certificate', 'node', 'notice'];
  const what = h('select', { id: 'what', change: () => { pages = 1; void read(); } }, ...kinds.map((kind) => h('option', { value: kind }, kind === '' ? t('every') : kind)));
  const node = h('input', { id: 'find', type: 'search', placeholder: t('wholeName'), 'aria-label': t('wholeName'), change: () => { pages = 1; void read(); } });
  let pages = 1;
  put(into, h('h1', {}, t('audit')), h('div.bar', {}, h('label', { for: 'what' }, `${t('what')} `, what), node), body);
  const read = () => load(body, signal, async () => {
    const rows: AuditEntry[] = [];
    let next: string | null = null;
    for (let page = 0; page < pages; page++) {
      const query = new URLSearchParams({ limit: '100', ...(what.value !== '' && { what: what.value }), ...(node.value !== '' && { node: node.value }), ...(next !== null && { after: next }) });
      const answer: Page<AuditEntry> = await get(`audit?${query}`, signal);
      rows.push(...answer.items);
      next = answer.next;
      if (next === null) break;
    }
    return { rows, hasMore: next !== null };
  }, ({ rows, hasMore }) => [table<AuditEntry>(t('audit'), [
    { title: t('when'), cell: (row) => h('time', { datetime: row.at, title: row.at }, moment(row.at)), narrow: true }, { title: t('who'), cell: (row) => foreign(row.actor) },
    { title: t('what'), cell: (row) => h('code', {}, row.what), narrow: true }, { title: t('node'), cell: (row) => (row.node === '' ? '' : nodeLink(row.node)), narrow: true },
    { title: t('says'), cell: (row) => foreign(row.says) }], rows, t('noAudit')),
  ...(hasMore ? [h('p', {}, h('button', { type: 'button', 'data-key': 'more', click: () => { pages++; void read(); } }, t('more')))] : [])]);
  void read();
  refresh(fleet, signal, () => void read());
}
