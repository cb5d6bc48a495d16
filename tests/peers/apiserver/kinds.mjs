// Every kind that is served: where it lives, what its fields are, what is checked, and what writing it means.
import { toCore, fromCore, eventFaults } from './validation/event.mjs';
import { conditionFaults, nodeFaults, nodeUpdateFaults } from './validation/node.mjs';
import { podFaults, podUpdateFaults } from './validation/pod.mjs';
import { bindingFaults, budgetFaults, leaseFaults, roleFaults } from './validation/others.mjs';

const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const same = (object) => object;

function kind(definition) {
  const { group = '', version = 'v1', plural, kind: name } = definition;
  return {
    group, version, apiVersion: group ? `${group}/${version}` : version, singular: name.toLowerCase(), schema: name, short: [], verbs: all,
    namespaced: true, hasStatus: false, unconditional: true, createOnUpdate: false, subresources: [], table: group ? `${plural}.${group}` : plural,
    in: same, out: same, faults: () => [], createFaults: () => [], updateFaults: () => [], prepare: () => {}, columns: 'default', ...definition,
  };
}

const bump = (object, old) => {
  const isChanged = !old || JSON.stringify(object.spec) !== JSON.stringify(old.spec);
  object.metadata.generation = (old?.metadata.generation ?? 0) + (isChanged ? 1 : 0);
};

const rbac = (definition) => kind({ group: 'rbac.authorization.k8s.io', nameRule: 'path', ...definition });
const review = (group, name, plural, extra) => kind({ group, kind: name, plural, namespaced: false, verbs: ['create'], isReview: true, ...extra });

const eventFields = (prefix) => Object.fromEntries([
  ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((field) => [`${prefix}.${field}`, (event) => event.involvedObject?.[field]]),
  ['reason', (event) => event.reason], ['type', (event) => event.type], ['reportingComponent', (event) => event.reportingComponent],
  ['reportingController', (event) => event.reportingComponent], ['source', (event) => event.source?.component || event.reportingComponent],
]);

export const kinds = [
  kind({
    plural: 'nodes', kind: 'Node', short: ['no'], namespaced: false, hasStatus: true, columns: 'nodes',
    fields: { 'spec.unschedulable': (node) => String(node.spec?.unschedulable ?? false) },
    faults: (node) => [...nodeFaults(node), ...conditionFaults(node)], updateFaults: nodeUpdateFaults,
  }),
  kind({
    plural: 'pods', kind: 'Pod', short: ['po'], categories: ['all'], hasStatus: true, columns: 'pods', returnsDeleted: true,
    subresources: [{ name: 'eviction', kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] }],
    fields: {
      'spec.nodeName': (pod) => pod.spec?.nodeName, 'status.phase': (pod) => pod.status?.phase, 'spec.restartPolicy': (pod) => pod.spec?.restartPolicy,
      'spec.schedulerName': (pod) => pod.spec?.schedulerName, 'spec.serviceAccountName': (pod) => pod.spec?.serviceAccountName,
      'spec.hostNetwork': (pod) => String(pod.spec?.hostNetwork ?? false), 'status.podIP': (pod) => pod.status?.podIP, 'status.nominatedNodeName': (pod) => pod.status?.nominatedNodeName,
    },
    faults: (pod) => [...podFaults(pod), ...conditionFaults(pod)], updateFaults: podUpdateFaults,
    prepare: (pod, old) => {
      bump(pod, old);
      if (old) return;
      pod.spec = { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst', serviceAccountName: 'default', securityContext: {}, schedulerName: 'default-scheduler', enableServiceLinks: true, ...pod.spec };
      pod.status = { phase: 'Pending', qosClass: 'BestEffort' };
    },
  }),
  kind({
    plural: 'events', kind: 'Event', short: ['ev'], columns: 'events', fields: eventFields('involvedObject'), createOnUpdate: true,
    faults: (event) => eventFaults(event, null, true), updateFaults: () => [],
  }),
  kind({
    group: 'events.k8s.io', plural: 'events', kind: 'Event', short: ['ev'], columns: 'events', schema: 'events.Event', table: 'events',
    fields: eventFields('regarding'), createOnUpdate: true, in: toCore, out: fromCore,
    createFaults: (event) => eventFaults(event, null, false), updateFaults: (event, old) => eventFaults(event, old, false),
  }),
  kind({
    plural: 'namespaces', kind: 'Namespace', short: ['ns'], namespaced: false, hasStatus: true, nameRule: 'label', columns: 'namespaces', returnsDeleted: true,
    fields: { 'status.phase': (namespace) => namespace.status?.phase },
    prepare: (namespace, old) => {
      namespace.status ??= { phase: 'Active' };
      namespace.metadata.labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': namespace.metadata.name };
      if (!old) namespace.spec = { finalizers: ['kubernetes'] };
    },
  }),
  kind({
    plural: 'serviceaccounts', kind: 'ServiceAccount', short: ['sa'], returnsDeleted: true,
    subresources: [{ name: 'token', kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1', verbs: ['create'] }],
  }),
  kind({ plural: 'configmaps', kind: 'ConfigMap', short: ['cm'] }),
  kind({ plural: 'services', kind: 'Service', short: ['svc'], nameRule: 'label', hasStatus: true, categories: ['all'] }),
  kind({ group: 'coordination.k8s.io', plural: 'leases', kind: 'Lease', unconditional: false, createOnUpdate: true, faults: leaseFaults, columns: 'leases' }),
  kind({
    group: 'policy', plural: 'poddisruptionbudgets', kind: 'PodDisruptionBudget', short: ['pdb'], hasStatus: true, unconditional: false,
    faults: budgetFaults, prepare: bump, columns: 'budgets',
  }),
  kind({ group: 'apps', plural: 'daemonsets', kind: 'DaemonSet', short: ['ds'], categories: ['all'], hasStatus: true, prepare: bump, columns: 'daemonsets' }),
  kind({ group: 'apps', plural: 'deployments', kind: 'Deployment', short: ['deploy'], categories: ['all'], hasStatus: true, prepare: bump }),
  kind({ group: 'networking.k8s.io', plural: 'networkpolicies', kind: 'NetworkPolicy', short: ['netpol'], prepare: bump }),
  kind({ group: 'storage.k8s.io', plural: 'volumeattachments', kind: 'VolumeAttachment', namespaced: false, hasStatus: true }),
  kind({ group: 'scheduling.k8s.io', plural: 'priorityclasses', kind: 'PriorityClass', short: ['pc'], namespaced: false }),
  kind({
    group: 'resource.k8s.io', plural: 'resourceslices', kind: 'ResourceSlice', namespaced: false, prepare: bump,
    fields: { 'spec.nodeName': (slice) => slice.spec?.nodeName, 'spec.driver': (slice) => slice.spec?.driver },
  }),
  kind({ group: 'flowcontrol.apiserver.k8s.io', plural: 'flowschemas', kind: 'FlowSchema', namespaced: false, hasStatus: true, prepare: bump }),
  kind({ group: 'flowcontrol.apiserver.k8s.io', plural: 'prioritylevelconfigurations', kind: 'PriorityLevelConfiguration', namespaced: false, hasStatus: true, prepare: bump }),
  kind({ group: 'admissionregistration.k8s.io', plural: 'validatingadmissionpolicies', kind: 'ValidatingAdmissionPolicy', namespaced: false, hasStatus: true, prepare: bump }),
  kind({ group: 'admissionregistration.k8s.io', plural: 'validatingadmissionpolicybindings', kind: 'ValidatingAdmissionPolicyBinding', namespaced: false, prepare: bump }),
  rbac({ plural: 'clusterroles', kind: 'ClusterRole', namespaced: false, faults: (role) => roleFaults(role, false) }),
  rbac({ plural: 'clusterrolebindings', kind: 'ClusterRoleBinding', namespaced: false, faults: bindingFaults, updateFaults: bindingFaults }),
  rbac({ plural: 'roles', kind: 'Role', faults: (role) => roleFaults(role, true) }),
  rbac({ plural: 'rolebindings', kind: 'RoleBinding', faults: bindingFaults, updateFaults: bindingFaults }),
  review('authentication.k8s.io', 'TokenReview', 'tokenreviews'),
  review('authentication.k8s.io', 'SelfSubjectReview', 'selfsubjectreviews'),
  review('authorization.k8s.io', 'SubjectAccessReview', 'subjectaccessreviews'),
  review('authorization.k8s.io', 'SelfSubjectAccessReview', 'selfsubjectaccessreviews'),
  review('authorization.k8s.io', 'SelfSubjectRulesReview', 'selfsubjectrulesreviews'),
  review('authorization.k8s.io', 'LocalSubjectAccessReview', 'localsubjectaccessreviews', { namespaced: true }),
];

export const find = (group, version, plural) => kinds.find((one) => one.group === group && one.version === version && one.plural === plural);
export const findByKind = (apiVersion, name) => kinds.find((one) => one.apiVersion === apiVersion && one.kind === name);
export const groups = [...new Set(kinds.map((one) => one.group))];
