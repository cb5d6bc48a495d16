// Server-side printing: the columns that kubectl get shows.
import { now } from './clock.mjs';

const column = (name, type = 'string', priority = 0) => ({ name, type, format: name === 'Name' ? 'name' : '', description: name, priority });
const wide = (name) => column(name, 'string', 1);

const age = (time) => {
  if (!time) return '<unknown>';
  const seconds = Math.max(0, Math.floor((now() - Date.parse(time)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
};

const created = (object) => age(object.metadata.creationTimestamp);
const address = (node, type) => node.status?.addresses?.find((one) => one.type === type)?.address ?? '<none>';

function nodeStatus({ status, spec }) {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  const words = [ready === 'True' ? 'Ready' : ready ? 'NotReady' : 'Unknown'];
  return [...words, ...(spec?.unschedulable ? ['SchedulingDisabled'] : [])].join(',');
}

const roles = ({ metadata }) => Object.keys(metadata.labels ?? {}).filter((key) => key.startsWith('node-role.kubernetes.io/')).map((key) => key.split('/')[1]).sort().join(',') || '<none>';

function podStatus({ metadata, status }) {
  if (metadata.deletionTimestamp) return 'Terminating';
  const waiting = status?.containerStatuses?.find((one) => one.state?.waiting?.reason)?.state.waiting.reason;
  return waiting ?? status?.reason ?? status?.phase ?? 'Unknown';
}

const columns = {
  default: [['Name', (object) => object.metadata.name], ['Age', created]],
  nodes: [['Name', (node) => node.metadata.name], ['Status', nodeStatus], ['Roles', roles], ['Age', created], ['Version', (node) => node.status?.nodeInfo?.kubeletVersion ?? ''],
    ['Internal-IP', (node) => address(node, 'InternalIP'), wide], ['External-IP', (node) => address(node, 'ExternalIP'), wide],
    ['OS-Image', (node) => node.status?.nodeInfo?.osImage ?? '<unknown>', wide], ['Kernel-Version', (node) => node.status?.nodeInfo?.kernelVersion ?? '<unknown>', wide],
    ['Container-Runtime', (node) => node.status?.nodeInfo?.containerRuntimeVersion ?? '<unknown>', wide]],
  pods: [['Name', (pod) => pod.metadata.name],
    ['Ready', (pod) => `${(pod.status?.containerStatuses ?? []).filter((one) => one.ready).length}/${pod.spec?.containers?.length ?? 0}`], ['Status', podStatus],
    ['Restarts', (pod) => String((pod.status?.containerStatuses ?? []).reduce((sum, one) => sum + (one.restartCount ?? 0), 0))], ['Age', created],
    ['IP', (pod) => pod.status?.podIP ?? '<none>', wide], ['Node', (pod) => pod.spec?.nodeName ?? '<none>', wide],
    ['Nominated Node', (pod) => pod.status?.nominatedNodeName ?? '<none>', wide], ['Readiness Gates', () => '<none>', wide]],
  events: [['Last Seen', (event) => age(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.deprecatedLastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp)],
    ['Type', (event) => event.type ?? ''], ['Reason', (event) => event.reason ?? ''],
    ['Object', (event) => `${(event.involvedObject ?? event.regarding)?.kind?.toLowerCase() ?? ''}/${(event.involvedObject ?? event.regarding)?.name ?? ''}`],
    ['Message', (event) => (event.message ?? event.note ?? '').trim()], ['Name', (event) => event.metadata.name, wide]],
  namespaces: [['Name', (object) => object.metadata.name], ['Status', (object) => object.status?.phase ?? ''], ['Age', created]],
  leases: [['Name', (object) => object.metadata.name], ['Holder', (lease) => lease.spec?.holderIdentity ?? ''], ['Age', created]],
  budgets: [['Name', (object) => object.metadata.name], ['Min Available', (budget) => String(budget.spec?.minAvailable ?? 'N/A')],
    ['Max Unavailable', (budget) => String(budget.spec?.maxUnavailable ?? 'N/A')], ['Allowed Disruptions', (budget) => budget.status?.disruptionsAllowed ?? 0], ['Age', created]],
  daemonsets: [['Name', (object) => object.metadata.name], ['Desired', (set) => set.status?.desiredNumberScheduled ?? 0], ['Current', (set) => set.status?.currentNumberScheduled ?? 0],
    ['Ready', (set) => set.status?.numberReady ?? 0], ['Up-to-date', (set) => set.status?.updatedNumberScheduled ?? 0], ['Available', (set) => set.status?.numberAvailable ?? 0],
    ['Node Selector', (set) => Object.entries(set.spec?.template?.spec?.nodeSelector ?? {}).map((pair) => pair.join('=')).join(',') || '<none>'], ['Age', created]],
};

const partial = ({ kind, apiVersion, metadata }) => ({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata });

/** What the Accept header wants instead of the object: 'Table', 'PartialObjectMetadata', 'PartialObjectMetadataList' or null; undefined if nothing served is accepted. */
export function wanted(accept) {
  if (!accept) return null;
  for (const part of accept.split(',')) {
    const [type, ...parameters] = part.trim().split(';').map((one) => one.trim());
    const values = Object.fromEntries(parameters.map((one) => one.split('=')));
    if (!['application/json', 'application/*', '*/*'].includes(type)) continue;
    if (values.as === undefined) return null;
    if (values.g === 'meta.k8s.io' && values.v === 'v1' && /^(Table|PartialObjectMetadata(List)?)$/.test(values.as)) return values.as;
  }
  return undefined;
}

function table(kind, objects, metadata, { include = 'Metadata', withColumns = true }) {
  const all = columns[kind.columns];
  return {
    kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata,
    columnDefinitions: withColumns ? all.map(([name, , make = column]) => make(name)) : [],
    rows: objects.map((object) => ({
      cells: all.map(([, cell]) => cell(object)),
      ...(include !== 'None' && { object: include === 'Object' ? object : partial(object) }),
    })),
  };
}

/** An answer in the form that the client asked for. */
export function shaped(answer, kind, as, query, withColumns = true) {
  if (!as || answer.kind === 'Status') return answer;
  const isList = answer.kind === `${kind.kind}List`;
  const items = isList ? answer.items.map((item) => ({ kind: kind.kind, apiVersion: kind.apiVersion, ...item })) : [answer];
  const { resourceVersion, continue: next, remainingItemCount } = answer.metadata;
  const metadata = { resourceVersion, ...(next && { continue: next }), ...(remainingItemCount && { remainingItemCount }) };
  if (as === 'Table') return table(kind, items, metadata, { include: query.get('includeObject') ?? undefined, withColumns });
  if (!isList) return partial(answer);
  return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: items.map(partial) };
}
