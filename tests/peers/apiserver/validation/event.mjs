// Events. Both groups show the same objects; they are kept in the form of core v1 and checked by the group they came through.
import { fault, required } from '../status.mjs';
import { qualifiedNameFaults } from './names.mjs';

const renamed = [ // core v1, events.k8s.io/v1
  ['involvedObject', 'regarding'], ['message', 'note'], ['source', 'deprecatedSource'], ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'], ['count', 'deprecatedCount'], ['reportingComponent', 'reportingController'],
];

const rename = (event, pairs) => {
  const names = new Map(pairs);
  return Object.fromEntries(Object.entries(event).map(([key, value]) => [names.get(key) ?? key, value]));
};

export const toCore = (event) => ({ ...rename(event, renamed.map(([core, other]) => [other, core])), apiVersion: 'v1' });
export const fromCore = (event) => ({ ...rename(event, renamed), apiVersion: 'events.k8s.io/v1' });

const longest = (event, field, most, shown = field) => (Buffer.byteLength(event[field] ?? '') > most ? [fault(shown, `can have at most ${most} characters`, '')] : []);

/** @param event in the form of core v1 */
export function eventFaults(event, old, isCore) {
  const faults = legacyFaults(event, isCore);
  if (isCore) return faults;
  if (!event.eventTime) faults.push(required('eventTime'));
  if (!['Normal', 'Warning'].includes(event.type)) faults.push(fault('type', `has invalid value: ${event.type ?? ''}`, ''));
  return old ? [...faults, ...updateFaults(event, old)] : [...faults, ...createFaults(event)];
}

function legacyFaults(event, isCore) {
  const [object, { namespace }] = [event.involvedObject?.namespace ?? '', event.metadata];
  const controller = isCore ? 'reportingComponent' : 'reportingController';
  const faults = [];
  const isHome = object === '' ? (event.eventTime ? ['default', 'kube-system'] : ['', 'default']).includes(namespace) : object === namespace;
  if (!isHome) faults.push(fault('involvedObject.namespace', 'does not match event.namespace', object));
  if (!event.eventTime) return faults;
  if (!event.reportingComponent) faults.push(required(controller));
  else faults.push(...qualifiedNameFaults(event.reportingComponent, controller));
  for (const field of ['reportingInstance', 'action', 'reason']) faults.push(...(event[field] ? longest(event, field, 128) : [required(field)]));
  faults.push(...longest(event, 'message', 1024));
  return faults;
}

function createFaults(event) {
  const unset = [['firstTimestamp', 'deprecatedFirstTimestamp'], ['lastTimestamp', 'deprecatedLastTimestamp'], ['count', 'deprecatedCount'], ['source', 'deprecatedSource']];
  return [
    ...unset.filter(([core]) => event[core] && JSON.stringify(event[core]) !== '{}').map(([core, shown]) => fault(shown, 'needs to be unset', event[core])),
    ...seriesFaults(event.series),
  ];
}

function seriesFaults(series) {
  if (!series) return [];
  return [
    ...((series.count ?? 0) < 2 ? [fault('series.count', 'should be at least 2', series.count ?? 0)] : []),
    ...(series.lastObservedTime ? [] : [required('series.lastObservedTime')]),
  ];
}

const immutable = { involvedObject: 'regarding', reason: 'reason', message: 'note', source: 'deprecatedSource', firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp', count: 'deprecatedCount', related: 'related', reportingComponent: 'reportingController',
  reportingInstance: 'reportingInstance', action: 'action', type: 'type', eventTime: 'eventTime' };

/** After its creation nothing but the series of an event may change. */
function updateFaults(event, old) {
  const changed = Object.entries(immutable).filter(([core]) => JSON.stringify(event[core] ?? null) !== JSON.stringify(old[core] ?? null));
  return [...changed.map(([core, shown]) => fault(shown, 'field is immutable', event[core])), ...seriesFaults(event.series)];
}
