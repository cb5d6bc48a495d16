// What several views are made of.

import { ApiFault, type ProblemLine, type Severity, type SeverityCounts } from './api';
import { h, put } from './dom';
import type { Fleet } from './fleet';
import { ago, moment, t } from './texts';

export const nodeLink = (name: string) => h('a', { href: `#/node/${encodeURIComponent(name)}` }, name);

/** "3 min ago"; kept right by `tick`. */
export const when = (text: string | null) => text === null ? h('span') : h('time.ago', { datetime: text, title: `${moment(text)} (${text})` }, ago(text));

export function tick(): void {
  for (const element of document.querySelectorAll<HTMLTimeElement>('time.ago')) {
    const text = ago(element.dateTime);
    if (element.textContent !== text) element.textContent = text;
  }
}

/** Text from a node, apart from what stands around it: its direction and length change nothing beyond its own place. */
export const foreign = (text: string) => h('bdi.says', {}, text);

/** An id that may be long: cut by its place, whole in the tooltip. */
export const short = (text: string) => h('bdi.short', { title: text.slice(0, 500) }, text);

/** A button that says why it does nothing for readers. */
export const button = (name: string, may: boolean, click: () => void, key = name) =>
  h('button', { type: 'button', disabled: !may, title: may ? null : t('needsOperator'), 'data-key': key, click }, name);

export const badge = (severity: Severity) => h(`span.badge.${severity}`, {}, t(severity));

export const note = (text: string, detail = '') => h('p.note', {}, text, detail !== '' && h('span.detail', {}, detail));

/** Something that a person should see before the rest. */
export const alarm = (kind: 'fatal' | 'degraded' | 'lost', ...children: (Node | string)[]) => h(`div.alarm.${kind}` as 'div', {}, ...children);

export function worst(problems: SeverityCounts, state: string): 'lost' | Severity | 'fine' {
  return state === 'lost' ? 'lost' : problems.fatal > 0 ? 'fatal' : problems.degraded > 0 ? 'degraded' : problems.info > 0 ? 'info' : 'fine';
}

export interface Column<T> { title: string; cell: (row: T) => Node | string | number | null; narrow?: boolean }

export function table<T>(label: string, columns: Column<T>[], rows: T[], empty: string): HTMLElement {
  if (rows.length === 0) return note(empty);
  return h('div.scroll', { tabindex: 0, role: 'region', 'aria-label': label },
    h('table', {},
      h('thead', {}, h('tr', {}, ...columns.map((column) => h('th', { scope: 'col' }, column.title)))),
      h('tbody', {}, ...rows.map((row) => h('tr', {}, ...columns.map((column) => h(column.narrow ? 'td.narrow' : 'td', {}, column.cell(row))))))));
}

/** What was read last into an element: the same again is not drawn again. */
const shown = new WeakMap<HTMLElement, string>();

/** Shows that something is read, then what came, or why nothing came with a way to try again. What was open or focused stays so. */
export async function load<T>(into: HTMLElement, signal: AbortSignal, read: () => Promise<T>, draw: (what: T) => Node[]): Promise<void> {
  into.setAttribute('aria-busy', 'true');
  if (into.childElementCount === 0) put(into, h('p.note.loading', { role: 'status' }, t('loading')));
  try {
    const what = await read();
    const text = JSON.stringify(what);
    if (signal.aborted || shown.get(into) === text) return;
    keeping(into, () => put(into, ...draw(what)));
    shown.set(into, text);
  } catch (fault) {
    if (signal.aborted) return;
    if (fault instanceof ApiFault && fault.status === 0 && shown.has(into)) return; // what was read stays in sight; the head of the page says that it is old
    shown.delete(into);
    put(into, h('div.fault', { role: 'alert' }, h('strong', {}, t('failed')), h('p', {}, fault instanceof ApiFault && fault.status === 0 ? t('noAnswer') : fault instanceof Error ? fault.message : String(fault)),
      h('button', { type: 'button', click: () => void load(into, signal, read, draw) }, t('retry'))));
  } finally {
    into.removeAttribute('aria-busy');
  }
}

/** Draws anew without closing what the reader opened, and without taking the focus away. */
export function keeping(into: HTMLElement, draw: () => void): void {
  const keyOf = (element: Element | null) => element === null || !into.contains(element) ? null : element.getAttribute('data-key') ?? element.getAttribute('href');
  const open = new Set([...into.querySelectorAll('details[open]')].map(keyOf));
  const focused = keyOf(document.activeElement);
  draw();
  for (const details of into.querySelectorAll('details')) if (open.has(keyOf(details))) details.open = true;
  if (focused !== null) into.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"], [href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

/** Reads again after events, at most once a second, and every 15 s for what no event tells. */
export function refresh(fleet: Fleet, signal: AbortSignal, read: () => void): void {
  let isWaiting = false;
  fleet.onEvent(() => {
    if (isWaiting) return;
    isWaiting = true;
    setTimeout(() => { isWaiting = false; if (!signal.aborted) read(); }, 1000);
  }, signal);
  fleet.onChange((changed) => { if (changed === 'all' && fleet.link === 'live') read(); }, signal);
  const beat = setInterval(() => { if (fleet.link === 'live') read(); }, 15_000);
  signal.addEventListener('abort', () => clearInterval(beat));
}

/** The problems that say most on their subject, the worst and newest first, each with the others that came with it. */
export function headlines(problems: ProblemLine[]): { head: ProblemLine; also: ProblemLine[] }[] {
  const order = { fatal: 0, degraded: 1, info: 2 };
  const place = (one: ProblemLine, id: string) => JSON.stringify([one.node, one.subjectKind, one.subject, id]);
  const heads = new Map(problems.filter((one) => one.headline === '' || one.headline === one.id).map((one) => [place(one, one.id), { head: one, also: [] as ProblemLine[] }]));
  for (const one of problems) {
    if (one.headline === '' || one.headline === one.id) continue;
    const head = heads.get(place(one, one.headline));
    if (head !== undefined) head.also.push(one);
    else heads.set(place(one, one.id), { head: one, also: [] });
  }
  return [...heads.values()].sort((one, other) => order[one.head.severity] - order[other.head.severity] || other.head.firstSeen.localeCompare(one.head.firstSeen));
}
