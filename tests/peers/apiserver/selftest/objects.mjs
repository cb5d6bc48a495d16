// Writing: versions, patches, validation, events, server-side apply, deletion, policies.
import assert from 'node:assert/strict';
import { podObject } from '../seed.mjs';
import { eventually } from './kubectl.mjs';
import { isStatus } from './rig.mjs';

const node = '/api/v1/nodes/node-1', status = `${node}/status`;
const events = '/apis/events.k8s.io/v1/namespaces/default/events';
const leases = '/apis/coordination.k8s.io/v1/namespaces/aiinfra-system/leases';

const event = (name, extra = {}) => ({
  apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name, namespace: 'default' }, eventTime: '2026-01-02T03:04:05.000006Z', reportingController: 'example.com/agent',
  reportingInstance: 'node-1', action: 'Observed', reason: 'Xid79', type: 'Warning', note: 'words', regarding: { apiVersion: 'v1', kind: 'Node', name: 'node-1' }, ...extra,
});

export const topics = {
  async 'versions and conflicts'(rig) {
    const { body: before } = await rig.get(node);
    const first = await rig.patch(node, { metadata: { labels: { a: '1' } } }, 'merge');
    assert.equal(first.status, 200);
    assert.notEqual(first.body.metadata.resourceVersion, before.metadata.resourceVersion);
    const stale = isStatus(await rig.patch(node, { metadata: { resourceVersion: before.metadata.resourceVersion, labels: { a: '2' } } }, 'merge'), 409, 'Conflict', /^Operation cannot be fulfilled on nodes "node-1": the object has been modified/);
    assert.deepEqual(stale.details, { name: 'node-1', kind: 'nodes' });
    const same = await rig.patch(node, { metadata: { labels: { a: '1' } } }, 'merge');
    assert.equal(same.body.metadata.resourceVersion, first.body.metadata.resourceVersion); // nothing changed, nothing was written
    isStatus(await rig.send('PUT', node, before), 409, 'Conflict');
    isStatus(await rig.patch(node, { metadata: { uid: 'other' } }, 'merge'), 409, 'Conflict', /Precondition failed: UID/);
    isStatus(await rig.send('DELETE', node, { preconditions: { uid: 'other' } }), 409, 'Conflict', /UID in precondition: other/);
    isStatus(await rig.send('DELETE', node, { preconditions: { resourceVersion: before.metadata.resourceVersion } }), 409, 'Conflict');

    const lease = { metadata: { name: 'l' }, spec: { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '2026-01-02T03:04:05.000006Z' } };
    const { body: made } = await rig.post(leases, lease);
    isStatus(await rig.post(leases, lease), 409, 'AlreadyExists', /leases\.coordination\.k8s\.io "l" already exists/);
    isStatus(await rig.send('PUT', `${leases}/l`, lease), 422, 'Invalid', /metadata\.resourceVersion: Invalid value: 0: must be specified for an update/);
    const renewed = await rig.send('PUT', `${leases}/l`, { ...made, spec: { ...made.spec, holderIdentity: 'b' } });
    assert.equal(renewed.status, 200);
    isStatus(await rig.send('PUT', `${leases}/l`, { ...made, spec: { ...made.spec, holderIdentity: 'c' } }), 409, 'Conflict');
    isStatus(await rig.post('/apis/coordination.k8s.io/v1/namespaces/none/leases', lease), 404, 'NotFound', /namespaces "none" not found/);
    isStatus(await rig.patch('/api/v1/nodes/none', {}, 'merge'), 404, 'NotFound');

    const old = (await rig.get(node)).body.metadata.uid;
    await rig.control('recreate', { name: 'node-1' });
    assert.notEqual((await rig.get(node)).body.metadata.uid, old);
  },

  async 'patches'(rig) {
    const condition = (type, value, extra) => ({ type, status: value, reason: 'R', message: 'm', lastTransitionTime: '2026-01-02T03:04:05Z', ...extra });
    const types = ({ body }) => body.status.conditions.map(({ type }) => type);
    const added = await rig.patch(status, { status: { conditions: [condition('GpuHealthy', 'True')] } }, 'strategic');
    assert.deepEqual(types(added), ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready', 'GpuHealthy']);
    const changed = await rig.patch(status, { status: { conditions: [{ type: 'GpuHealthy', status: 'False' }] } }, 'strategic');
    assert.deepEqual(changed.body.status.conditions.at(-1), condition('GpuHealthy', 'False'));
    const ordered = await rig.patch(status, { status: { '$setElementOrder/conditions': [{ type: 'GpuHealthy' }, { type: 'Ready' }], conditions: [{ type: 'GpuHealthy', status: 'True' }] } }, 'strategic');
    assert.ok(types(ordered).indexOf('GpuHealthy') < types(ordered).indexOf('Ready'));
    const removed = await rig.patch(status, { status: { conditions: [{ $patch: 'delete', type: 'GpuHealthy' }] } }, 'strategic');
    assert.ok(!types(removed).includes('GpuHealthy'));
    assert.deepEqual(types(await rig.patch(status, { status: { conditions: [{ $patch: 'replace' }, condition('Ready', 'True')] } }, 'strategic')), ['Ready']);
    assert.deepEqual(types(await rig.patch(status, { status: { conditions: [condition('Only', 'True')] } }, 'merge')), ['Only']); // a merge patch replaces lists
    assert.equal((await rig.patch(status, { status: { conditions: [{ status: 'True' }] } }, 'strategic')).status, 500); // no merge key

    const taint = (key) => ({ key, effect: 'NoSchedule' });
    await rig.patch(node, { spec: { taints: [taint('a')] } }, 'strategic');
    assert.deepEqual((await rig.patch(node, { spec: { taints: [taint('b')] } }, 'strategic')).body.spec.taints, [taint('b')]); // atomic
    const back = (await rig.patch(node, { spec: { taints: null, unschedulable: true }, status: { phase: 'Running' } }, 'strategic')).body;
    assert.deepEqual([back.spec.taints, back.spec.unschedulable, back.status.phase], [undefined, true, undefined]);
    assert.equal((await rig.patch(status, { spec: { unschedulable: false }, metadata: { labels: { via: 'status' } } }, 'strategic')).body.spec.unschedulable, true);

    isStatus(await rig.patch(node, {}, 'application/json'), 415, 'UnsupportedMediaType', /strategic-merge-patch/);
    isStatus(await rig.send('PATCH', node, undefined, { raw: '{', contentType: 'application/merge-patch+json' }), 400, 'BadRequest');
    isStatus(await rig.patch(node, [], 'merge'), 400, 'BadRequest');
    isStatus(await rig.patch(node, [{ op: 'test', path: '/metadata/name', value: 'x' }], 'json'), 422, 'Invalid');
    isStatus(await rig.patch(node, [{ op: 'remove', path: '/metadata/labels/none' }], 'json'), 422, 'Invalid');
    const listed = await rig.patch(node, [{ op: 'add', path: '/spec/taints', value: [] }, { op: 'add', path: '/spec/taints/-', value: taint('c') }], 'json');
    assert.deepEqual(listed.body.spec.taints.at(-1), taint('c'));
    isStatus(await rig.patch(node, { metadata: { name: 'other' } }, 'merge'), 422, 'Invalid', /field is immutable/);
    isStatus(await rig.post(node, {}), 405, 'MethodNotAllowed');
  },

  async 'unknown fields and wrong values'(rig) {
    const loose = await rig.patch(`${node}?fieldValidation=Warn`, { spec: { colour: 'red' } }, 'merge');
    assert.equal(loose.status, 200);
    assert.match(loose.headers.warning, /^299 - "unknown field \\"spec\.colour\\""$/);
    assert.equal(loose.body.spec.colour, undefined);
    assert.equal((await rig.patch(`${node}?fieldValidation=Ignore`, { spec: { colour: 'red' } }, 'merge')).headers.warning, undefined);
    isStatus(await rig.patch(`${node}?fieldValidation=Strict`, { spec: { colour: 'red' } }, 'merge'), 422, 'Invalid', /strict decoding error: unknown field "spec\.colour"/);
    isStatus(await rig.post(`${leases}?fieldValidation=Strict`, { metadata: { name: 'x' }, spec: { holder: 'a' } }), 400, 'BadRequest', /Lease in version "v1" cannot be handled as a Lease: strict decoding error: unknown field "spec\.holder"/);
    isStatus(await rig.patch(node, { spec: { unschedulable: 'yes' } }, 'merge'), 400, 'BadRequest', /cannot unmarshal string into Go struct field NodeSpec\.spec\.unschedulable of type bool/);
    isStatus(await rig.patch(node, { metadata: { labels: { 'a b': 'c' } } }, 'merge'), 422, 'Invalid', /name part must consist of/);
    isStatus(await rig.patch(node, { metadata: { labels: { a: 'x'.repeat(64) } } }, 'merge'), 422, 'Invalid', /must be no more than 63 characters/);
    isStatus(await rig.patch(node, { metadata: { annotations: { a: 'x'.repeat(300_000) } } }, 'merge'), 422, 'Invalid', /Too long/);
    isStatus(await rig.patch(node, { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }, { key: 'a', effect: 'NoSchedule', value: 'v' }] } }, 'merge'), 422, 'Invalid', /unique by key and effect/);
    isStatus(await rig.patch(status, { status: { conditions: [{ type: 'X', status: 'maybe' }] } }, 'strategic'), 422, 'Invalid', /Unsupported value: "maybe"/);
    isStatus(await rig.post(leases, { kind: 'Lease', apiVersion: 'v1', metadata: { name: 'x' } }), 400, 'BadRequest', /does not match the expected API version/);
    isStatus(await rig.post(leases, { metadata: { name: 'Upper' } }), 422, 'Invalid', /RFC 1123 subdomain/);
    for (const time of ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.0000007Z', 'now']) // six digits, neither none nor seven
      isStatus(await rig.post(leases, { metadata: { name: 'x' }, spec: { renewTime: time } }), 400, 'BadRequest', /parsing time/);
    isStatus(await rig.send('POST', leases, undefined, { raw: '<html>', contentType: 'application/json' }), 400, 'BadRequest');
    isStatus(await rig.send('POST', leases, undefined, { raw: 'x', contentType: 'text/plain' }), 415, 'UnsupportedMediaType');
    isStatus(await rig.get(node, { headers: { accept: 'text/html' } }), 406, 'NotAcceptable');
    isStatus(await rig.get('/apis/example.com/v1/things'), 404, 'NotFound');
    isStatus(await rig.post(leases, { metadata: { name: 'x', annotations: { a: 'x'.repeat(3_200_000) } } }), 413, 'RequestEntityTooLarge', /limit is 3145728/);
    const large = await rig.post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'large' }, data: { a: 'x'.repeat(1_600_000) } });
    assert.match(large.body.message, /etcdserver: request is too large/);
    const fresh = await rig.post(leases, { metadata: { name: 'times' }, spec: { renewTime: '2026-01-02T05:04:05.000006+02:00' } });
    assert.equal(fresh.body.spec.renewTime, '2026-01-02T03:04:05.000006Z');
  },

  async 'events'(rig) {
    assert.equal((await rig.post(events, event('good'))).status, 201);
    const core = (await rig.get('/api/v1/namespaces/default/events/good')).body;
    assert.deepEqual([core.message, core.involvedObject.name, core.reportingComponent, core.note], ['words', 'node-1', 'example.com/agent', undefined]);
    const refusals = [
      [{ eventTime: undefined }, /eventTime: Required value/], [{ reportingController: undefined }, /reportingController: Required value/],
      [{ reportingController: 'not qualified!' }, /reportingController: Invalid value/], [{ reportingInstance: 'x'.repeat(129) }, /reportingInstance: Invalid value[^]*at most 128/],
      [{ action: undefined }, /action: Required value/], [{ reason: 'x'.repeat(129) }, /reason: Invalid value[^]*128/], [{ note: 'x'.repeat(1025) }, /at most 1024/],
      [{ type: 'Error' }, /type: Invalid value/], [{ series: { count: 1, lastObservedTime: '2026-01-02T03:04:05.000006Z' } }, /series\.count[^]*at least 2/],
      [{ series: { count: 2 } }, /series\.lastObservedTime: Required value/], [{ deprecatedCount: 3 }, /deprecatedCount[^]*needs to be unset/],
      [{ regarding: { kind: 'Pod', namespace: 'elsewhere', name: 'p' } }, /does not match event\.namespace/],
    ];
    for (const [extra, pattern] of refusals) isStatus(await rig.post(events, event('bad', extra)), 422, 'Invalid', pattern);
    isStatus(await rig.post('/apis/events.k8s.io/v1/namespaces/kube-public/events', event('bad', { metadata: { name: 'bad' } })), 422, 'Invalid', /does not match event\.namespace/);
    const series = { count: 2, lastObservedTime: '2026-01-02T03:05:05.000006Z' };
    assert.equal((await rig.patch(`${events}/good`, { series }, 'merge')).body.series.count, 2);
    assert.equal((await rig.patch(`${events}/good`, { series: { ...series, count: 3 } }, 'strategic')).body.series.count, 3);
    isStatus(await rig.patch(`${events}/good`, { note: 'other words' }, 'merge'), 422, 'Invalid', /note: Invalid value[^]*immutable/);
    isStatus(await rig.patch(`${events}/good`, { eventTime: '2026-01-02T03:04:06.000006Z' }, 'merge'), 422, 'Invalid', /eventTime/);
    assert.equal((await rig.get('/api/v1/events?fieldSelector=involvedObject.name%3Dnode-1,reason%3DXid79')).body.items.length, 1);
    assert.equal((await rig.get('/apis/events.k8s.io/v1/events?fieldSelector=regarding.kind%3DPod')).body.items.length, 0);
  },

  async 'server-side apply'(rig) {
    const body = (conditions) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' }, status: { conditions } });
    const gpu = { type: 'GpuHealthy', status: 'True', reason: 'R' };
    isStatus(await rig.patch(status, body([gpu]), 'apply'), 422, 'Invalid', /fieldManager: Required value/);
    const mine = await rig.patch(`${status}?fieldManager=agent`, body([gpu]), 'apply');
    assert.equal(mine.status, 200, mine.text);
    assert.equal(mine.body.status.conditions.length, 5);
    const entry = mine.body.metadata.managedFields.find(({ manager }) => manager === 'agent');
    assert.deepEqual([entry.operation, entry.subresource, Object.keys(entry.fieldsV1['f:status']['f:conditions'])], ['Apply', 'status', ['k:{"type":"GpuHealthy"}']]);
    const again = await rig.patch(`${status}?fieldManager=agent`, body([gpu]), 'apply');
    assert.equal(again.body.metadata.resourceVersion, mine.body.metadata.resourceVersion);
    const taken = isStatus(await rig.patch(`${status}?fieldManager=agent`, body([gpu, { type: 'Ready', status: 'False' }]), 'apply'), 409, 'Conflict', /^Apply failed with 1 conflict: conflict with "stand-in" using v1: \.status\.conditions/);
    assert.equal(taken.details.causes[0].reason, 'FieldManagerConflict');
    assert.match(taken.details.causes[0].field, /\.status\.conditions\[type="Ready"\]\.status/);
    const forced = await rig.patch(`${status}?fieldManager=agent&force=true`, body([gpu, { type: 'Ready', status: 'False' }]), 'apply');
    assert.equal(forced.body.status.conditions.find(({ type }) => type === 'Ready').status, 'False');
    const dropped = await rig.patch(`${status}?fieldManager=agent&force=true`, body([{ type: 'Ready', status: 'False' }]), 'apply');
    assert.ok(!dropped.body.status.conditions.some(({ type }) => type === 'GpuHealthy'));
    assert.match((await rig.patch(`${node}?fieldManager=agent`, { apiVersion: 'v1', kind: 'Node', spec: { colour: 1 } }, 'apply')).body.message, /\.spec\.colour: field not declared in schema/);
    isStatus(await rig.patch(`${node}?force=true`, {}, 'merge'), 422, 'Invalid', /force: Forbidden/);
    const made = await rig.patch(`${leases}/new?fieldManager=agent`, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', spec: { holderIdentity: 'a' } }, 'apply');
    assert.equal(made.status, 201);
  },

  async 'deletion and eviction'(rig) {
    const pods = '/api/v1/namespaces/default/pods';
    const pod = (name, extra) => rig.control('put', { object: podObject({ namespace: 'default', name, node: 'node-1', labels: { app: name }, ...extra }) });
    const evict = (name, deleteOptions) => rig.post(`${pods}/${name}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'default' }, deleteOptions });
    const budget = (name, app, spec) => rig.control('put', { object: { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name, namespace: 'default' }, spec: { selector: { matchLabels: { app } }, ...spec } } });
    const gone = (name) => eventually(async () => (await rig.get(`${pods}/${name}`)).status === 404);

    const first = await pod('a', { annotations: { 'stand-in/stop-seconds': 'never' } });
    isStatus(await evict('a', { preconditions: { uid: 'other' } }), 409, 'Conflict');
    assert.equal((await evict('a', { dryRun: ['All'] })).status, 201);
    assert.equal((await rig.get(`${pods}/a`)).body.metadata.deletionTimestamp, undefined);
    assert.equal((await evict('a', { preconditions: { uid: first.metadata.uid }, gracePeriodSeconds: 20 })).status, 201);
    const stopping = (await rig.get(`${pods}/a`)).body;
    assert.equal(stopping.metadata.deletionGracePeriodSeconds, 20);
    assert.equal(stopping.status.conditions.find(({ type }) => type === 'DisruptionTarget').reason, 'EvictionByEvictionAPI');
    await rig.send('DELETE', `${pods}/a`, { gracePeriodSeconds: 0 });
    isStatus(await rig.get(`${pods}/a`), 404, 'NotFound');
    isStatus(await evict('a'), 404, 'NotFound');

    await pod('b');
    await budget('b', 'b', { maxUnavailable: 0 });
    await eventually(async () => (await rig.get('/apis/policy/v1/namespaces/default/poddisruptionbudgets/b')).body.status?.expectedPods === 1);
    const refused = await evict('b');
    const { details } = isStatus(refused, 429, 'TooManyRequests', /Cannot evict pod as it would violate the pod's disruption budget\./);
    assert.equal(refused.headers['retry-after'], undefined);
    assert.deepEqual(details.causes, [{ reason: 'DisruptionBudget', message: 'The disruption budget b needs 1 healthy pods and has 1 currently' }]);
    await rig.control('controllers', { run: false });
    await rig.patch('/apis/policy/v1/namespaces/default/poddisruptionbudgets/b', { spec: { maxUnavailable: 1 } }, 'merge');
    const behind = await evict('b');
    isStatus(behind, 429, 'TooManyRequests');
    assert.equal(behind.headers['retry-after'], '10');
    await rig.control('controllers', { run: true });
    await budget('b2', 'b', { minAvailable: '50%' });
    isStatus(await evict('b'), 500, 'InternalError', /more than one PodDisruptionBudget/);
    await rig.send('DELETE', '/apis/policy/v1/namespaces/default/poddisruptionbudgets/b2');
    await eventually(async () => (await evict('b')).status === 201);
    await gone('b');

    await pod('c');
    await rig.patch(`${pods}/c`, { metadata: { finalizers: ['example.com/wait'] } }, 'merge');
    await rig.send('DELETE', `${pods}/c`, { gracePeriodSeconds: 0 });
    assert.ok((await rig.get(`${pods}/c`)).body.metadata.deletionTimestamp);
    await rig.patch(`${pods}/c`, { metadata: { finalizers: null } }, 'merge');
    await gone('c');
    isStatus(await rig.patch('/api/v1/namespaces/aiinfra-system/pods/aiinfra-agent-node-1', { spec: { nodeName: 'node-2' } }, 'merge'), 422, 'Invalid', /pod updates may not change fields/);
  },

  async 'admission policies'(rig) {
    const group = '/apis/admissionregistration.k8s.io/v1';
    const policy = {
      metadata: { name: 'own-node' },
      spec: {
        failurePolicy: 'Fail', matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['nodes', 'nodes/status'] }] },
        matchConditions: [{ name: 'agents', expression: "request.userInfo.username == 'system:serviceaccount:aiinfra-system:aiinfra-agent'" }],
        variables: [{ name: 'home', expression: "request.userInfo.extra[?'authentication.kubernetes.io/node-name'].orValue([''])[0]" }],
        validations: [
          { expression: 'variables.home == object.metadata.name', messageExpression: "'this agent belongs to ' + variables.home", reason: 'Forbidden' },
          { expression: 'has(object.spec) == has(oldObject.spec) && (!has(object.spec) || object.spec == oldObject.spec)', message: 'an agent changes no spec' },
        ],
      },
    };
    assert.equal((await rig.post(`${group}/validatingadmissionpolicies?fieldValidation=Strict`, policy)).status, 201);
    const label = { metadata: { labels: { seen: 'yes' } } };
    const [one, two] = [{ token: rig.token('node-1') }, { token: rig.token('node-2') }];
    assert.equal((await rig.patch(node, label, 'merge', two)).status, 200); // no binding yet
    await rig.post(`${group}/validatingadmissionpolicybindings`, { metadata: { name: 'own-node' }, spec: { policyName: 'own-node', validationActions: ['Deny'] } });
    assert.equal((await rig.patch(node, { metadata: { labels: { seen: 'again' } } }, 'merge', one)).status, 200);
    isStatus(await rig.patch(node, label, 'merge', two), 403, 'Forbidden', /nodes "node-1" is forbidden: ValidatingAdmissionPolicy 'own-node' with binding 'own-node' denied request: this agent belongs to node-2/);
    isStatus(await rig.patch(status, { status: { conditions: [{ type: 'X', status: 'True' }] } }, 'strategic', two), 403, 'Forbidden');
    isStatus(await rig.patch(node, { spec: { unschedulable: true } }, 'strategic', one), 422, 'Invalid', /an agent changes no spec/);
    assert.equal((await rig.patch(node, { spec: { unschedulable: true } }, 'strategic')).status, 200); // the administrator may
    await rig.patch(`${group}/validatingadmissionpolicies/own-node`, { spec: { validations: [{ expression: 'object.spec.nothing.here == 1' }] } }, 'merge');
    isStatus(await rig.patch(node, label, 'merge', one), 422, 'Invalid', /resulted in error/); // an expression that fails denies
    await rig.patch(`${group}/validatingadmissionpolicies/own-node`, { spec: { failurePolicy: 'Ignore' } }, 'merge');
    assert.equal((await rig.patch(node, label, 'merge', one)).status, 200);
  },
};
