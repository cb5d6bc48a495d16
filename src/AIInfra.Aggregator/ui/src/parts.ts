// What several views are made of.

import { ApiFault, type Severity, type SeverityCounts } from './api';
import { h, put } from './dom';
import { ago, moment, t } from './texts';

export const nodeLink = (name: string) => h('a', { href: `#/node/${encodeURIComponent(name)}` }, name);

export const when = (text: string | null) => text === null ? h('span') : h('time', { datetime: text, title: `${moment(text)} (${text})` }, ago(text));

export const badge = (severity: Severity) => h(`span.badge.${severity}`, {}, t(severity));

export const note = (text: string, detail = '') => h('p.note', {}, text, detail !== '' && h('span.detail', {}, detail));

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

/** Shows that something is read, then what came, or why nothing came with a way to try again. */
export async function load(into: HTMLElement, signal: AbortSignal, read: () => Promise<Node[]>): Promise<void> {
  into.setAttribute('aria-busy', 'true');
  if (into.childElementCount === 0) put(into, h('p.note.loading', { role: 'status' }, t('loading')));
  try {
    const nodes = await read();
    if (!signal.aborted) put(into, ...nodes);
  } catch (fault) {
    if (signal.aborted) return;
    const missing = fault instanceof ApiFault && fault.status === 404;
    put(into, h('div.fault', { role: 'alert' }, h('strong', {}, missing ? t('notYet') : t('failed')), !missing && h('p', {}, fault instanceof Error ? fault.message : String(fault)),
      !missing && h('button', { type: 'button', click: () => void load(into, signal, read) }, t('retry'))));
  } finally {
    into.removeAttribute('aria-busy');
  }
}
