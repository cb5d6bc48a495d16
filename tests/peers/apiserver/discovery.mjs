// What a client asks before it does anything: groups, resources, versions, and the schemas of OpenAPI v3.
import { groups, kinds } from './kinds.mjs';
import { elementOf, isList, isMap, mergeKeyOf, types } from './schema.mjs';
import { noSuchPath, notAcceptable } from './status.mjs';

export const version = {
  major: '1', minor: '36', emulationMajor: '1', emulationMinor: '36', minCompatibilityMajor: '1', minCompatibilityMinor: '35', gitVersion: 'v1.36.0',
  gitCommit: '0000000000000000000000000000000000000000', gitTreeState: 'clean', buildDate: '2026-04-22T00:00:00Z', goVersion: 'go1.26.0', compiler: 'gc', platform: 'linux/amd64',
};

const named = groups.filter((group) => group !== '');
const versioned = (group) => ({ groupVersion: `${group}/v1`, version: 'v1' });
const groupInfo = (group) => ({ name: group, versions: [versioned(group)], preferredVersion: versioned(group) });

function resources(group) {
  return kinds.filter((kind) => kind.group === group).flatMap((kind) => [
    {
      name: kind.plural, singularName: kind.singular, namespaced: kind.namespaced, kind: kind.kind, verbs: kind.verbs,
      ...(kind.short.length > 0 && { shortNames: kind.short }), ...(kind.categories && { categories: kind.categories }),
    },
    ...(kind.hasStatus ? [{ name: `${kind.plural}/status`, singularName: '', namespaced: kind.namespaced, kind: kind.kind, verbs: ['get', 'patch', 'update'] }] : []),
    ...kind.subresources.map((sub) => ({ name: `${kind.plural}/${sub.name}`, singularName: '', namespaced: kind.namespaced, group: sub.group, version: sub.version, kind: sub.kind, verbs: sub.verbs })),
  ]);
}

/** Discovery in one answer, for clients that ask for it in their Accept header. */
function aggregated(chosen) {
  const entry = ({ name, namespaced, kind, verbs, singularName, shortNames, categories }, group) => ({
    resource: name, responseKind: { group, version: 'v1', kind }, scope: namespaced ? 'Namespaced' : 'Cluster', singularResource: singularName, verbs,
    ...(shortNames && { shortNames }), ...(categories && { categories }),
  });
  return {
    kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {},
    items: chosen.map((group) => {
      const all = resources(group);
      const tops = all.filter(({ name }) => !name.includes('/'));
      return { metadata: { name: group || undefined, creationTimestamp: null }, versions: [{ version: 'v1', freshness: 'Current', resources: tops.map((top) => {
        const under = all.filter(({ name }) => name.startsWith(`${top.name}/`)).map((sub) => ({
          subresource: sub.name.split('/')[1], responseKind: { group: sub.group ?? group, version: 'v1', kind: sub.kind }, verbs: sub.verbs,
        }));
        return { ...entry(top, group), ...(under.length > 0 && { subresources: under }) };
      }) }] };
    }),
  };
}

/** @returns { body, type } for a path that is no resource */
export function discover(path, accept) {
  const isAggregated = /as=APIGroupDiscoveryList/.test(accept) && /v=v2[;,]|v=v2$/.test(accept.replace(/v=v2beta1/g, ''));
  const type = isAggregated ? 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' : 'application/json';
  if (path === '/api') return isAggregated ? { body: aggregated(['']), type }
    : { body: { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1' }] } };
  if (path === '/apis') return isAggregated ? { body: aggregated(named), type } : { body: { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map(groupInfo) } };
  if (path === '/api/v1') return { body: { kind: 'APIResourceList', groupVersion: 'v1', resources: resources('') } };
  if (path === '/version' || path === '/version/') return { body: version };
  if (['/healthz', '/livez', '/readyz'].includes(path)) return { body: 'ok', type: 'text/plain; charset=utf-8' };
  if (path === '/openapi/v2') {
    if (/protobuf/.test(accept) && !/application\/json/.test(accept)) throw notAcceptable();
    return { body: { swagger: '2.0', info: { title: 'Kubernetes', version: 'v1.36.0' }, paths: {}, definitions: {} } };
  }
  if (path === '/openapi/v3') return { body: { paths: Object.fromEntries(groups.map((group) => [placeOf(group), { serverRelativeURL: `/openapi/v3/${placeOf(group)}?hash=stand-in` }])) } };
  const schema = groups.find((group) => path === `/openapi/v3/${placeOf(group)}`);
  if (schema !== undefined) return { body: openapi(schema) };
  const group = named.find((one) => path === `/apis/${one}` || path === `/apis/${one}/v1`);
  if (!group) throw noSuchPath();
  return path.endsWith('/v1') ? { body: { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/v1`, resources: resources(group) } }
    : { body: { kind: 'APIGroup', apiVersion: 'v1', ...groupInfo(group) } };
}

const placeOf = (group) => (group === '' ? 'api/v1' : `apis/${group}/v1`);

function openapi(group) {
  const own = kinds.filter((kind) => kind.group === group);
  const found = {};
  own.forEach((kind) => collect(kind.schema, found));
  for (const kind of own) found[kind.schema]['x-kubernetes-group-version-kind'] = [{ group, version: 'v1', kind: kind.kind }];
  const operation = (kind, action, fields) => ({
    'x-kubernetes-action': action, 'x-kubernetes-group-version-kind': { group, version: 'v1', kind: kind.kind },
    parameters: fields.map((name) => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } })), responses: { 200: { description: 'OK' } },
  });
  const paths = Object.fromEntries(own.flatMap((kind) => {
    const base = `/${placeOf(group)}/${kind.namespaced ? 'namespaces/{namespace}/' : ''}${kind.plural}`;
    const writes = ['dryRun', 'fieldManager', 'fieldValidation'];
    return [
      [base, { get: operation(kind, 'list', []), post: operation(kind, 'post', writes) }],
      ...(kind.isReview ? [] : [[`${base}/{name}`, { get: operation(kind, 'get', []), put: operation(kind, 'put', writes), patch: operation(kind, 'patch', [...writes, 'force']), delete: operation(kind, 'delete', ['dryRun']) }]]),
    ];
  }));
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.36.0' }, paths, components: { schemas: found } };
}

function collect(name, found) {
  if (found[name]) return;
  found[name] = { type: 'object', properties: {} };
  for (const [field, type] of Object.entries(types[name])) found[name].properties[field] = property(type, found, mergeKeyOf(name, field));
}

const plain = {
  string: { type: 'string' }, bool: { type: 'boolean' }, int32: { type: 'integer', format: 'int32' }, int64: { type: 'integer', format: 'int64' }, number: { type: 'number' },
  bytes: { type: 'string', format: 'byte' }, Time: { type: 'string', format: 'date-time' }, MicroTime: { type: 'string', format: 'date-time' },
  quantity: { type: 'string' }, IntOrString: { type: 'string', format: 'int-or-string' }, any: { type: 'object' },
};

function property(type, found, mergeKey) {
  if (isList(type)) return {
    type: 'array', items: property(elementOf(type), found),
    ...(mergeKey && { 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': mergeKey, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [mergeKey] }),
  };
  if (isMap(type)) return { type: 'object', additionalProperties: property(elementOf(type), found) };
  if (plain[type]) return plain[type];
  collect(type, found);
  return { allOf: [{ $ref: `#/components/schemas/${type}` }], default: {} };
}
