// The rest of the cluster, as far as a client of the API sees it: a kubelet that stops pods, the budgets' controller, the taint of
// an unschedulable node, the end of namespaces.
import { find } from './kinds.mjs';
import { matchesLabels } from './selectors.mjs';
import { isReady } from './eviction.mjs';
import { now, timestamp } from './clock.mjs';

const unschedulable = 'node.kubernetes.io/unschedulable';

/** How long a pod takes to stop; 'never' is a node that does not answer any more. */
const stopAnnotation = 'stand-in/stop-seconds';

export class Controllers {
  #server;
  #timers = new Set();
  #stopping = new Map(); // uid -> timer
  isRunning = true;

  constructor(server) {
    this.#server = server;
    server.store.on('change', (change) => this.isRunning && this.#later(() => this.#see(change)));
  }

  stop() {
    this.isRunning = false;
    for (const timer of [...this.#timers, ...this.#stopping.values()]) clearTimeout(timer);
  }

  /** After a pause: looks at everything again. */
  resume() {
    this.isRunning = true;
    for (const table of ['pods', 'nodes', 'namespaces']) for (const object of this.#server.store.list(table)) this.#see({ table, object });
    this.#settleBudgets();
  }

  #later(action) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (this.isRunning) action();
    }, 5);
    this.#timers.add(timer);
  }

  #see({ table, object, previous }) {
    if (table === 'pods') {
      if (object?.metadata.deletionTimestamp) this.#stopPod(object);
      this.#settleBudgets(object ?? previous);
    } else if (table === 'poddisruptionbudgets.policy' && object) this.#settle(object);
    else if (table === 'nodes' && object) this.#taint(object);
    else if (table === 'namespaces' && object?.metadata.deletionTimestamp) this.#endNamespace(object);
  }

  #stopPod(pod) {
    const { uid, namespace, name, deletionTimestamp, annotations, finalizers } = pod.metadata;
    clearTimeout(this.#stopping.get(uid));
    const wanted = annotations?.[stopAnnotation] ?? this.#server.options.podStopSeconds;
    if (finalizers?.length > 0 || wanted === 'never') return;
    const wait = Math.min(Number(wanted) * 1000, Math.max(0, Date.parse(deletionTimestamp) - now()));
    this.#stopping.set(uid, setTimeout(() => {
      this.#stopping.delete(uid);
      const current = this.#server.store.get('pods', namespace, name);
      if (this.isRunning && current?.metadata.uid === uid) this.#server.store.remove('pods', current);
    }, wait));
  }

  #settleBudgets(pod) {
    const table = find('policy', 'v1', 'poddisruptionbudgets').table;
    for (const budget of this.#server.store.list(table, pod?.metadata.namespace)) this.#settle(budget);
  }

  #settle({ metadata: { namespace, name } }) {
    const { store } = this.#server;
    const { table } = find('policy', 'v1', 'poddisruptionbudgets');
    const budget = store.get(table, namespace, name);
    if (!budget) return;
    const pods = store.list('pods', namespace).filter((pod) => budget.spec?.selector && matchesLabels(budget.spec.selector, pod.metadata.labels)
      && !['Succeeded', 'Failed'].includes(pod.status?.phase));
    const stopping = Object.fromEntries(Object.entries(budget.status?.disruptedPods ?? {})
      .filter(([one]) => pods.some((pod) => pod.metadata.name === one && !pod.metadata.deletionTimestamp)));
    const currentHealthy = pods.filter((pod) => isReady(pod) && !pod.metadata.deletionTimestamp && !stopping[pod.metadata.name]).length;
    const amount = (value) => (typeof value === 'string' && value.endsWith('%') ? Math.ceil((parseInt(value, 10) / 100) * pods.length) : Number(value));
    const { minAvailable, maxUnavailable } = budget.spec ?? {};
    const desiredHealthy = maxUnavailable === undefined ? amount(minAvailable ?? 1) : Math.max(0, pods.length - amount(maxUnavailable));
    const disruptionsAllowed = pods.length > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
    const old = budget.status ?? {};
    const isSufficient = disruptionsAllowed > 0;
    const [condition] = old.conditions ?? [];
    const status = {
      ...(Object.keys(stopping).length > 0 && { disruptedPods: stopping }), currentHealthy, desiredHealthy, disruptionsAllowed,
      expectedPods: pods.length, observedGeneration: budget.metadata.generation,
      conditions: [{
        type: 'DisruptionAllowed', status: isSufficient ? 'True' : 'False', reason: isSufficient ? 'SufficientPods' : 'InsufficientPods', message: '',
        observedGeneration: budget.metadata.generation,
        lastTransitionTime: condition?.status === (isSufficient ? 'True' : 'False') ? condition.lastTransitionTime : timestamp(),
      }],
    };
    if (JSON.stringify(status) !== JSON.stringify(old)) store.put(table, { ...structuredClone(budget), status });
  }

  #taint({ metadata: { name } }) {
    const node = this.#server.store.get('nodes', undefined, name);
    if (!node) return;
    const taints = node.spec?.taints ?? [];
    const is = taints.some(({ key, effect }) => key === unschedulable && effect === 'NoSchedule');
    if (is === Boolean(node.spec?.unschedulable)) return;
    const others = taints.filter(({ key }) => key !== unschedulable);
    const wanted = is ? others : [...others, { key: unschedulable, effect: 'NoSchedule', timeAdded: timestamp() }];
    const changed = structuredClone(node);
    changed.spec = { ...changed.spec, taints: wanted };
    if (wanted.length === 0) delete changed.spec.taints;
    this.#server.store.put('nodes', changed);
  }

  #endNamespace({ metadata: { name } }) {
    const { store, kinds } = this.#server;
    for (const { table } of kinds.filter((kind) => kind.namespaced && !kind.isReview)) for (const object of store.list(table, name)) store.remove(table, object);
    const home = store.get('namespaces', undefined, name);
    if (home && !home.metadata.finalizers?.length) store.remove('namespaces', home);
  }
}
