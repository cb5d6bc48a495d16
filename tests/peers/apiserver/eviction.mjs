// POST pods/NAME/eviction: deletion that asks the disruption budgets first.
import { badRequest, forbidden, internal, notFound, tooManyRequests } from './status.mjs';
import { find } from './kinds.mjs';
import { matchesLabels } from './selectors.mjs';
import { timestamp } from './clock.mjs';
import { checkPreconditions, decodeObject, isDryRun, parseBody, removeObject } from './writing.mjs';

const mostDisrupted = 2000;
const done = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
const eviction = { plural: 'pods', group: '', kind: 'Eviction', version: 'v1', apiVersion: 'policy/v1', schema: 'Eviction' };

export const isReady = (pod) => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
const isOver = (pod) => ['Succeeded', 'Failed', 'Pending'].includes(pod.status?.phase) || Boolean(pod.metadata.deletionTimestamp);

export const budgetsOf = (server, pod) => server.store.list(find('policy', 'v1', 'poddisruptionbudgets').table, pod.metadata.namespace)
  .filter((budget) => budget.spec?.selector && matchesLabels(budget.spec.selector, pod.metadata.labels));

export function evict(server, request) {
  const { kind, namespace, name } = request;
  const given = decodeObject(parseBody(request), eviction, request);
  if (given.metadata.name !== undefined && given.metadata.name !== name) throw badRequest(`name in URL does not match name in Eviction object: ${name} != ${given.metadata.name}`);
  const options = given.deleteOptions ?? {};
  const dryRun = isDryRun(request, options);
  const pod = server.store.get(kind.table, namespace, name);
  if (!pod) throw notFound(kind, name);
  server.policies.admit({ ...request, kind: { ...kind, kind: 'Eviction' }, operation: 'CREATE', object: given, oldObject: null, dryRun });
  checkPreconditions(kind, pod, options.preconditions);
  if (!isOver(pod)) spend(server, pod, dryRun);
  const change = (gone) => {
    gone.status = { ...gone.status, conditions: [...(gone.status?.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget'), {
      type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting', lastTransitionTime: timestamp(),
    }] };
    return gone;
  };
  removeObject(server, { ...request, query: new URLSearchParams(dryRun ? 'dryRun=All' : '') }, kind, pod, options, { change, isAdmitted: true });
  return { code: 201, object: done };
}

/** Takes one disruption from the pod's budget, or refuses. */
function spend(server, pod, dryRun) {
  const budgets = budgetsOf(server, pod);
  if (budgets.length > 1) throw internal('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
  if (budgets.length === 0) return;
  const [budget] = budgets;
  const { status = {}, spec } = budget;
  const kind = find('policy', 'v1', 'poddisruptionbudgets');
  if (!isReady(pod) && (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow' || (status.currentHealthy >= status.desiredHealthy && status.desiredHealthy > 0))) return;
  const cannot = (seconds, message) => tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", seconds, [{ reason: 'DisruptionBudget', message }]);
  if ((status.observedGeneration ?? 0) < budget.metadata.generation) throw cannot(10, `The disruption budget ${budget.metadata.name} is still being processed by the server.`);
  if ((status.disruptionsAllowed ?? 0) < 0) throw forbidden(kind, budget.metadata.name, 'pdb disruptions allowed is negative');
  if (Object.keys(status.disruptedPods ?? {}).length > mostDisrupted) throw forbidden(kind, budget.metadata.name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  if (!status.disruptionsAllowed) throw cannot(0, `The disruption budget ${budget.metadata.name} needs ${status.desiredHealthy} healthy pods and has ${status.currentHealthy} currently`);
  if (dryRun) return;
  server.store.put(kind.table, { ...structuredClone(budget), status: {
    ...status, disruptionsAllowed: status.disruptionsAllowed - 1, disruptedPods: { ...status.disruptedPods, [pod.metadata.name]: timestamp() },
  } });
}
