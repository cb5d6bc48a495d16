// The real kubectl must be able to work with the stand-in.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { podObject } from '../seed.mjs';

const event = (name, extra = {}) => ({
  apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name, namespace: 'default' }, eventTime: '2026-01-02T03:04:05.000006Z', reportingController: 'example.com/agent',
  reportingInstance: 'node-1', action: 'Observed', reason: 'Xid79', type: 'Warning', note: 'GPU 3 has fallen off the bus.',
  regarding: { apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: 'node-1' }, ...extra,
});

const pod = (name, extra = {}) => podObject({ namespace: 'default', name, node: 'node-2', labels: { app: 'web' }, ...extra });

export const topics = {
  async 'kubectl reads'(rig) {
    const table = await rig.k('get', 'nodes', '-o', 'wide');
    assert.match(table, /^NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP.*CONTAINER-RUNTIME\nnode-1 +Ready +<none> +\d+s +v1\.36\.0 +192\.0\.2\.1/m);
    assert.equal((await rig.k('get', 'nodes', '-o', 'name')).trim(), 'node/node-1\nnode/node-2\nnode/node-3');
    assert.match(await rig.k('get', 'node', 'node-1', '-o', 'yaml'), /^apiVersion: v1\nkind: Node\n/);
    assert.equal(JSON.parse(await rig.k('get', 'nodes', '-o', 'json', '--chunk-size=2')).items.length, 3);
    assert.equal((await rig.k('get', 'pods', '-A', '--field-selector', 'spec.nodeName=node-2', '-o', 'name')).trim(), 'pod/aiinfra-agent-node-2');
    assert.equal((await rig.k('get', 'nodes', '-l', 'kubernetes.io/hostname in (node-1,node-3)', '--no-headers')).trim().split('\n').length, 2);
    assert.match(await rig.k('get', 'po,no', '-n', 'aiinfra-system'), /pod\/aiinfra-agent-node-1[^]*node\/node-1/);
    await rig.refused(/Error from server \(NotFound\): nodes "other" not found/, ['get', 'node', 'other']);
    await rig.refused(/field label not supported: spec.colour/, ['get', 'pods', '--field-selector', 'spec.colour=red']);
    assert.match(await rig.k('version'), /Server Version: v1\.36\.0/);
    assert.match(await rig.k('api-resources'), /nodes +no +v1 +false +Node/);
    assert.match(await rig.k('api-versions'), /events\.k8s\.io\/v1/);
    assert.match(await rig.k('explain', 'node.spec.taints'), /FIELDS:[^]*effect/);
    assert.match(await rig.k('wait', '--for=condition=Ready', 'node/node-1', '--timeout=5s'), /condition met/);
    assert.match(await rig.k('get', '--raw', '/readyz'), /ok/);
    assert.match(await rig.k('get', 'leases', '-A'), /kube-node-lease +node-1 +node-1/);
  },

  async 'kubectl sees events'(rig) {
    await rig.post('/apis/events.k8s.io/v1/namespaces/default/events', event('one'));
    await rig.post('/apis/events.k8s.io/v1/namespaces/aiinfra-system/events', event('two', {
      metadata: { name: 'two', namespace: 'aiinfra-system' }, note: 'Your device is unhealthy.',
      regarding: { apiVersion: 'v1', kind: 'Pod', namespace: 'aiinfra-system', name: 'aiinfra-agent-node-1', uid: (JSON.parse(await rig.k('get', 'pod', '-n', 'aiinfra-system', 'aiinfra-agent-node-1', '-o', 'json'))).metadata.uid },
    }));
    assert.match(await rig.k('get', 'events'), /Warning +Xid79 +node\/node-1 +GPU 3 has fallen off the bus\./);
    assert.match(await rig.k('get', 'events.events.k8s.io', '-o', 'yaml'), /regarding:[^]*reportingController: example.com\/agent/);
    assert.match(await rig.k('get', 'events', 'one', '-o', 'yaml'), /involvedObject:[^]*message: GPU 3[^]*reportingComponent: example.com\/agent/);
    assert.match(await rig.k('events', '-A'), /Xid79/);
    assert.match(await rig.k('describe', 'node', 'node-1'), /Conditions:[^]*Ready +True[^]*aiinfra-agent-node-1[^]*Events:[^]*Xid79[^]*GPU 3 has fallen/);
    assert.match(await rig.k('describe', 'pod', '-n', 'aiinfra-system', 'aiinfra-agent-node-1'), /Your device is unhealthy/);
  },

  async 'kubectl watches'(rig) {
    const watching = spawn(rig.kubectlFile, ['get', 'nodes', '-w'], { env: { HOME: rig.folder, KUBECONFIG: path.join(rig.folder, 'admin.kubeconfig') } });
    const lines = readline.createInterface({ input: watching.stdout })[Symbol.asyncIterator]();
    const until = async (pattern) => {
      for (let line = await lines.next(); !line.done; line = await lines.next()) if (pattern.test(line.value)) return;
      assert.fail(`the watch ended without ${pattern}`);
    };
    const limit = setTimeout(() => watching.kill('SIGKILL'), 15_000);
    await until(/^node-3/);
    await rig.k('cordon', 'node-2');
    await until(/^node-2 +Ready,SchedulingDisabled/);
    await rig.k('uncordon', 'node-2');
    await until(/^node-2 +Ready +/);
    watching.kill();
    clearTimeout(limit);
    const waiting = rig.k('wait', '--for=delete', 'pod/short', '--timeout=10s');
    await rig.control('put', { object: pod('short') });
    await rig.k('delete', 'pod', 'short', '--wait=false');
    await waiting;
  },

  async 'kubectl writes'(rig) {
    await rig.k('label', 'node', 'node-1', 'example.com/gpu=h100');
    await rig.refused(/already has a value \(h100\)/, ['label', 'node', 'node-1', 'example.com/gpu=a100']);
    await rig.k('label', 'node', 'node-1', 'example.com/gpu=a100', '--overwrite', '--resource-version=' + (await node(rig)).metadata.resourceVersion);
    await rig.refused(/the object has been modified/, ['label', 'node', 'node-1', 'x=y', '--resource-version=1']);
    await rig.k('annotate', 'node', 'node-1', 'example.com/note=some words, all kept');
    assert.equal((await node(rig)).metadata.annotations['example.com/note'], 'some words, all kept');
    await rig.k('label', 'node', 'node-1', 'example.com/gpu-');
    assert.equal((await node(rig)).metadata.labels['example.com/gpu'], undefined);
    await rig.refused(/Invalid|invalid/, ['label', 'node', 'node-1', 'bad=' + 'x'.repeat(64)]);

    await rig.k('taint', 'node', 'node-1', 'example.com/broken=xid79:NoSchedule');
    assert.deepEqual((await node(rig)).spec.taints, [{ key: 'example.com/broken', value: 'xid79', effect: 'NoSchedule' }]);
    await rig.k('taint', 'node', 'node-1', 'example.com/broken-');
    assert.equal((await node(rig)).spec.taints, undefined);
    await rig.k('cordon', 'node-1');
    await eventually(async () => (await node(rig)).spec.taints?.[0].key === 'node.kubernetes.io/unschedulable');
    await rig.k('uncordon', 'node-1');
    await eventually(async () => (await node(rig)).spec.taints === undefined);

    await rig.k('patch', 'node', 'node-1', '--subresource=status', '--type=strategic', '-p', '{"status":{"conditions":[{"type":"GpuHealthy","status":"False","reason":"Xid79","message":"m"}]}}');
    assert.equal((await node(rig)).status.conditions.length, 5);
    await rig.k('patch', 'node', 'node-1', '--type=merge', '-p', '{"metadata":{"labels":{"a":"b"}},"status":{"phase":"Running"}}');
    assert.equal((await node(rig)).status.phase, undefined); // the status is written through its own path only
    await rig.k('patch', 'node', 'node-1', '--type=json', '-p', '[{"op":"test","path":"/metadata/labels/a","value":"b"},{"op":"remove","path":"/metadata/labels/a"}]');
    await rig.refused(/testing value|the server rejected our request/, ['patch', 'node', 'node-1', '--type=json', '-p', '[{"op":"test","path":"/metadata/labels/kubernetes.io~1os","value":"windows"}]']);
    await rig.refused(/Unsupported value: "Sometimes"/, ['patch', 'node', 'node-1', '-p', '{"spec":{"taints":[{"key":"a","effect":"Sometimes"}]}}']);
    assert.match(await rig.k('label', 'node', 'node-1', 'dry=run', '--dry-run=server'), /labeled/);
    assert.equal((await node(rig)).metadata.labels.dry, undefined);
  },

  async 'kubectl applies'(rig) {
    const map = (data, extra) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'default', ...extra }, data });
    assert.match(await rig.k('apply', '-f', '-', map({ a: '1', b: '2' })), /created/);
    assert.match(await rig.k('apply', '-f', '-', map({ a: '1', b: '2' })), /unchanged/);
    assert.match(await rig.k('apply', '-f', '-', map({ a: '3' })), /configured/);
    assert.deepEqual(JSON.parse(await rig.k('get', 'cm', 'settings', '-o', 'json')).data, { a: '3' });
    await rig.refused(/unknown field "metadata.colour"/, ['apply', '-f', '-'], { input: map({ a: '3' }, { colour: 'red' }) });
    assert.match(await rig.k('diff', '-f', '-', map({ a: '3' })), /^$/);

    const set = (image, args) => ({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'agent', namespace: 'default' }, spec: {
      selector: { matchLabels: { app: 'agent' } }, template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [{ name: 'main', image, ...(args && { args }) }, { name: 'side', image: 'side' }] } },
    } });
    await rig.k('apply', '-f', '-', set('one', ['a']));
    await rig.k('apply', '-f', '-', set('two'));
    const stored = JSON.parse(await rig.k('get', 'ds', 'agent', '-o', 'json'));
    assert.deepEqual(stored.spec.template.spec.containers, [{ name: 'main', image: 'two' }, { name: 'side', image: 'side' }]);
    assert.equal(stored.metadata.generation, 2);

    const labels = (value) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', labels: { 'example.com/mode': value } } });
    await rig.k('apply', '--server-side', '--field-manager=first', '-f', '-', labels('a'));
    await rig.refused(/conflict with "first": \.metadata\.labels\.example\.com\/mode/, ['apply', '--server-side', '--field-manager=second', '-f', '-'], { input: labels('b') });
    await rig.k('apply', '--server-side', '--field-manager=second', '--force-conflicts', '-f', '-', labels('b'));
    assert.equal((await node(rig)).metadata.labels['example.com/mode'], 'b');
    await rig.k('apply', '--server-side', '--field-manager=second', '-f', '-', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } });
    assert.equal((await node(rig)).metadata.labels['example.com/mode'], undefined); // dropped from what is applied: removed
    assert.match(await rig.k('create', 'namespace', 'jobs'), /created/);
    assert.match(await rig.k('delete', 'namespace', 'jobs'), /deleted/);
    assert.match(await rig.k('delete', 'ds', 'agent'), /deleted/);
    const stale = await node(rig);
    await rig.k('label', 'node', 'node-1', 'changed=since');
    await rig.refused(/the object has been modified/, ['replace', '-f', '-'], { input: stale });
  },

  async 'kubectl drains'(rig) {
    const { metadata } = JSON.parse(await rig.k('create', '-f', '-', '-o', 'json', { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'web', namespace: 'default' }, spec: {} }));
    await rig.control('put', { object: pod('web-1') });
    await rig.control('put', { object: pod('web-2') });
    await rig.control('put', { object: pod('daemon', { labels: { app: 'daemon' }, owner: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'web', uid: metadata.uid, controller: true } }) });
    await rig.control('put', { object: { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'web', namespace: 'default' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } } } });
    await eventually(async () => /web +1 +N\/A +1 /.test(await rig.k('get', 'pdb')));

    await rig.refused(/cannot delete DaemonSet-managed Pods/, ['drain', 'node-2', '--force', '--timeout=5s']);
    const said = await rig.refused(/violate the pod's disruption budget[^]*global timeout reached/, ['drain', 'node-2', '--force', '--ignore-daemonsets', '--timeout=2s']);
    assert.match(said, /will retry after 5s/);
    const left = (await rig.k('get', 'pods', '-o', 'name')).trim().split('\n');
    assert.equal(left.length, 2, left.join()); // one of web, and the daemon
    await rig.k('patch', 'pdb', 'web', '-p', '{"spec":{"minAvailable":0}}', '--type=merge');
    assert.match(await rig.k('drain', 'node-2', '--force', '--ignore-daemonsets', '--timeout=10s'), /node\/node-2 drained/);
    assert.equal((await rig.k('get', 'pods', '-o', 'name')).trim(), 'pod/daemon');
    const evictions = await rig.control('journal', { where: { resource: '^pods/eviction$' } });
    assert.ok(evictions.some(({ status }) => status === 429) && evictions.some(({ status }) => status === 201));
  },

  async 'kubectl and rights'(rig) {
    const agent = (...words) => rig.kubectl('agent', words);
    assert.equal((await agent('auth', 'can-i', 'patch', 'nodes', '--subresource=status')).out.trim(), 'yes');
    assert.equal((await agent('auth', 'can-i', 'delete', 'nodes')).out.trim(), 'no');
    assert.match((await agent('auth', 'can-i', '--list')).out, /nodes\/status +\[\] +\[\] +\[patch\]/);
    assert.match((await agent('auth', 'whoami')).out, /system:serviceaccount:aiinfra-system:aiinfra-agent[^]*authentication.kubernetes.io\/node-name +\[node-1\]/);
    assert.equal((await rig.k('auth', 'can-i', 'create', 'pods', '--subresource=eviction')).trim(), 'yes');
    assert.equal((await rig.kubectl('admin', ['auth', 'can-i', 'get', 'nodes', '--as=system:serviceaccount:aiinfra-system:nobody'])).out.trim(), 'no');
    await rig.refused(/Error from server \(Forbidden\): nodes "node-1" is forbidden: User "system:serviceaccount:aiinfra-system:aiinfra-agent" cannot delete resource "nodes" in API group "" at the cluster scope/, ['delete', 'node', 'node-1'], { as: 'agent' });
    await rig.refused(/pods is forbidden: User "system:serviceaccount:aiinfra-system:nobody" cannot list resource "pods" in API group "" in the namespace "default"/, ['get', 'pods'], { as: 'nobody' });
    await rig.refused(/Unauthorized/, ['get', 'nodes'], { as: 'expired' });
    await rig.refused(/Unauthorized/, ['get', 'nodes'], { as: 'expired-client' });
    assert.equal((await rig.kubectl('agent-file', ['get', 'nodes', '-o', 'name'])).code, 0);
    const bound = (await rig.k('create', 'token', 'aiinfra-agent', '-n', 'aiinfra-system', '--bound-object-kind=Pod', '--bound-object-name=aiinfra-agent-node-3')).trim();
    assert.deepEqual(JSON.parse(Buffer.from(bound.split('.')[1], 'base64url'))['kubernetes.io'].node.name, 'node-3');
    assert.match(await rig.k('create', '--validate=false', '-f', '-', '-o', 'yaml', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: bound } }), /authenticated: true[^]*aiinfra-agent/);
    await rig.k('create', '-f', '-', { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'more' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'aiinfra-agent' }, subjects: [{ kind: 'ServiceAccount', namespace: 'aiinfra-system', name: 'nobody' }] });
    assert.equal((await rig.kubectl('nobody', ['get', 'nodes', '-o', 'name'])).code, 0); // rights count from the moment they are granted
    await rig.k('delete', 'clusterrolebinding', 'aiinfra-agent');
    await rig.refused(/forbidden/, ['get', 'nodes'], { as: 'agent' });
  },
};

const node = async (rig, name = 'node-1') => JSON.parse(await rig.k('get', 'node', name, '-o', 'json'));

export async function eventually(check) {
  for (let tries = 0; tries < 100; tries++) {
    if (await check()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`it never became so: ${check}`);
}
