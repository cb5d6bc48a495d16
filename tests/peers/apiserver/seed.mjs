// A small cluster to begin with: namespaces, nodes with their leases, the agent's account and a pod of it on every node.
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import YAML from 'yaml';
import { findByKind } from './kinds.mjs';
import { commands } from './control.mjs';
import { microTimestamp, timestamp } from './clock.mjs';

const bookkeeping = (kind) => findByKind(kind.apiVersion, kind.kind);

/** Loads a file of manifests, YAML or JSON. @returns the kinds in it that are not served */
export function loadManifest(server, file) {
  const objects = YAML.parseAllDocuments(fs.readFileSync(file, 'utf8')).flatMap((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0].message}`);
    const object = document.toJS();
    return object === null ? [] : object.kind === 'List' ? object.items : [object];
  });
  const [served, others] = [objects.filter(bookkeeping), objects.filter((object) => !bookkeeping(object))];
  const isNamespace = (object) => object.kind === 'Namespace';
  for (const object of [...served.filter(isNamespace), ...served.filter((one) => !isNamespace(one))]) {
    const { namespaced } = bookkeeping(object);
    const metadata = { ...object.metadata, ...(namespaced && { namespace: object.metadata.namespace ?? 'default' }) };
    try {
      commands.put(server, { object: { ...object, metadata } });
    } catch (error) {
      throw new Error(`${file}: ${object.kind} ${object.metadata?.name}: ${error.message}`);
    }
  }
  return others.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`);
}

const ensure = (server, object) => {
  const { namespace, name } = object.metadata;
  return server.store.get(bookkeeping(object).table, namespace, name) ?? commands.put(server, { object });
};

export function seed(server, { nodes, agent: { namespace, account } }) {
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease', namespace]) ensure(server, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  ensure(server, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'default', name: 'default' } });
  ensure(server, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: 'nobody' } });
  ensure(server, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: account } });
  const set = ensure(server, { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { namespace, name: account }, spec: {} });
  const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: account, uid: set.metadata.uid, controller: true };
  for (const name of nodes) {
    ensure(server, nodeObject(name));
    ensure(server, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace: 'kube-node-lease', name }, spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTimestamp() } });
    ensure(server, podObject({ namespace, name: `${account}-${name}`, node: name, account, labels: { app: account }, owner }));
  }
}

/** The least that an agent needs, for tests that bring no manifest of their own. */
export function grantDefaults(server, { namespace, account }) {
  const rules = [
    { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch', 'patch'] },
    { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
  ];
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  ensure(server, { apiVersion, kind: 'ClusterRole', metadata: { name: account }, rules });
  ensure(server, {
    apiVersion, kind: 'ClusterRoleBinding', metadata: { name: account }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: account },
    subjects: [{ kind: 'ServiceAccount', namespace, name: account }],
  });
}

function nodeObject(name) {
  const at = timestamp();
  const condition = (type, status, reason, message) => ({ type, status, reason, message, lastHeartbeatTime: at, lastTransitionTime: at });
  const resources = { cpu: '16', memory: '64Gi', 'ephemeral-storage': '500Gi', pods: '110', 'nvidia.com/gpu': '8' };
  return {
    apiVersion: 'v1', kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64', 'beta.kubernetes.io/os': 'linux' }, annotations: { 'node.alpha.kubernetes.io/ttl': '0' } },
    spec: { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'], providerID: `stand-in://${name}` },
    status: {
      capacity: resources, allocatable: resources,
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
        condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
      ],
      addresses: [{ type: 'InternalIP', address: '192.0.2.1' }, { type: 'Hostname', address: name }],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        machineID: randomUUID().replaceAll('-', ''), systemUUID: randomUUID(), bootID: randomUUID(), kernelVersion: '6.1.0', osImage: 'Debian GNU/Linux 12 (bookworm)', containerRuntimeVersion: 'containerd://2.1.0',
        kubeletVersion: 'v1.36.0', kubeProxyVersion: '', operatingSystem: 'linux', architecture: 'amd64',
      },
    },
  };
}

export function podObject({ namespace, name, node, account = 'default', labels = {}, annotations, owner }) {
  const at = timestamp();
  return {
    apiVersion: 'v1', kind: 'Pod',
    metadata: { namespace, name, labels, ...(annotations && { annotations }), ...(owner && { ownerReferences: [owner] }) },
    spec: { nodeName: node, serviceAccountName: account, containers: [{ name: 'main', image: 'example.com/main:1' }] },
    status: {
      phase: 'Running', podIP: '10.0.0.7', podIPs: [{ ip: '10.0.0.7' }], hostIP: '192.0.2.1', startTime: at, qosClass: 'BestEffort',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({ type, status: 'True', lastTransitionTime: at })),
      containerStatuses: [{ name: 'main', image: 'example.com/main:1', imageID: 'example.com/main@sha256:0', containerID: 'containerd://0', ready: true, started: true, restartCount: 0, state: { running: { startedAt: at } } }],
    },
  };
}
