import { get, send, type DeadLetter, type IncidentLine, type Page } from '../api';
import { h, put } from '../dom';
import type { Fleet } from '../fleet';
import { button, foreign, load, nodeLink, note, refresh, table, when } from '../parts';
import { count, moment, t } from '../texts';

/** What began on several nodes at once, and what nobody could be told about it. */
export function incidentsView(into: HTMLElement, fleet: Fleet, signal: AbortSignal): void {
  const body = h('div');
  const said = h('p.fault', { role: 'alert', hidden: true });
  put(into, h('h1', {}, t('incidents')), said, body);
  const again = async (letter: DeadLetter) => {
    try {
      await send('POST', `dead-letters/${letter.id}`);
      said.hidden = true;
    } catch (fault) {
      put(said, fault instanceof Error ? fault.message : String(fault));
      said.hidden = false;
    }
    void read();
  };
  const read = () => load(body, signal, async () => {
    const [incidents, letters] = await Promise.all([get<Page<IncidentLine>>('incidents?limit=200', signal), get<Page<DeadLetter>>('dead-letters', signal)]);
    return { incidents: incidents.items, letters: letters.items };
  }, ({ incidents, letters }) => [
    ...(incidents.length === 0 ? [note(t('noIncidents'))] : incidents.map(card)),
    ...(letters.length === 0 ? [] : [h('h2', {}, t('letters')), table<DeadLetter>(t('letters'), [
      { title: t('when'), cell: (row) => when(row.made), narrow: true }, { title: t('what'), cell: (row) => foreign(row.subject) }, { title: t('target'), cell: (row) => foreign(row.target) },
      { title: t('says'), cell: (row) => foreign(`${row.says} (${count(row.attempts)} ${t('attempts')})`) },
      { title: '', cell: (row) => button(t('retry'), fleet.mayOperate, () => void again(row), `letter ${row.id}`), narrow: true }], letters, '')])]);
  void read();
  refresh(fleet, signal, () => void read());
}

function card(incident: IncidentLine): HTMLElement {
  return h(`article.problem.${incident.ended === null ? 'fatal' : 'info'}` as 'article', {},
    h('h3', {}, h(`span.badge.${incident.ended === null ? 'fatal' : 'fine'}` as 'span', {}, t(incident.ended === null ? 'open' : 'over')), ' ', h('code', {}, incident.problem),
      ` · ${count(incident.members.length)} / ${count(incident.ofNodes)} ${t('nodesOf')}`),
    incident.suspect !== null && h('p.suspect', {}, `${t('part')}: `, h('strong', {}, `${incident.suspect.kind} `, foreign(incident.suspect.name))),
    h('p', {}, foreign(incident.says)),
    h('p.detail', {}, `${t('since')} `, when(incident.started), incident.ended !== null && ` – ${moment(incident.ended)}`),
    h('details', { 'data-key': incident.id }, h('summary', {}, `${t('members')} (${count(incident.members.length)})`), h('p.members', {}, ...incident.members.flatMap((name) => [nodeLink(name), ' ']))));
}
