// The fields of every kind served (schemas.json: names and types of Kubernetes 1.36) and what lists mean in a patch.
import fs from 'node:fs';
import { badRequest } from './status.mjs';

export const types = JSON.parse(fs.readFileSync(new URL('./schemas.json', import.meta.url), 'utf8'));

/** Lists that a strategic merge patch merges, by the key of their elements. All others are replaced whole. */
const mergeKeys = {
  'ObjectMeta.ownerReferences': 'uid',
  'NodeStatus.conditions': 'type', 'NodeStatus.addresses': 'type', 'PodStatus.conditions': 'type', 'PodStatus.podIPs': 'ip',
  'PodStatus.resourceClaimStatuses': 'name', 'DaemonSetStatus.conditions': 'type', 'DeploymentStatus.conditions': 'type',
  'NamespaceStatus.conditions': 'type', 'PodDisruptionBudgetStatus.conditions': 'type', 'ServiceStatus.conditions': 'type',
  'FlowSchemaStatus.conditions': 'type', 'PriorityLevelConfigurationStatus.conditions': 'type',
  'PodSpec.containers': 'name', 'PodSpec.initContainers': 'name', 'PodSpec.ephemeralContainers': 'name', 'PodSpec.volumes': 'name',
  'PodSpec.imagePullSecrets': 'name', 'PodSpec.hostAliases': 'ip', 'PodSpec.topologySpreadConstraints': 'topologyKey',
  'PodSpec.resourceClaims': 'name', 'PodSpec.schedulingGates': 'name', 'ServiceSpec.ports': 'port',
  'Container.env': 'name', 'Container.ports': 'containerPort', 'Container.volumeMounts': 'mountPath', 'Container.volumeDevices': 'devicePath',
  'EphemeralContainer.env': 'name', 'EphemeralContainer.ports': 'containerPort', 'EphemeralContainer.volumeMounts': 'mountPath',
  'ServiceAccount.secrets': 'name', 'ServiceAccount.imagePullSecrets': 'name',
  'ValidatingAdmissionPolicySpec.matchConditions': 'name', 'ValidatingAdmissionPolicySpec.variables': 'name',
  'ContainerStatus.volumeMounts': 'mountPath', 'ContainerStatus.allocatedResourcesStatus': 'name',
};

/** Lists of plain values that are merged as sets. */
const sets = new Set(['ObjectMeta.finalizers', 'NodeSpec.podCIDRs']);

/** Server-side apply knows more about some lists than strategic merge does. */
const applyKeys = {
  'Container.ports': ['containerPort', 'protocol'], 'EphemeralContainer.ports': ['containerPort', 'protocol'],
  'PodSpec.topologySpreadConstraints': ['topologyKey', 'whenUnsatisfiable'], 'ServiceSpec.ports': ['port', 'protocol'],
  'ContainerStatus.allocatedResourcesStatus': ['name'], 'ResourceStatus.resources': ['resourceID'],
};
const applyAtomic = new Set(['ServiceAccount.imagePullSecrets']);
const atomicTypes = new Set(['LabelSelector', 'ObjectReference', 'LocalObjectReference', 'NodeSelector', 'NodeSelectorTerm',
  'SecretKeySelector', 'ConfigMapKeySelector', 'ObjectFieldSelector', 'ResourceFieldSelector', 'RoleRef', 'any']);
const atomicFields = new Set(['PodSpec.nodeSelector', 'ServiceSpec.selector']);

export const mergeKeyOf = (owner, field) => mergeKeys[`${owner}.${field}`];
export const isSet = (owner, field) => sets.has(`${owner}.${field}`);
export const applyKeysOf = (owner, field) => {
  const place = `${owner}.${field}`;
  if (applyAtomic.has(place)) return undefined;
  return applyKeys[place] ?? (mergeKeys[place] && [mergeKeys[place]]);
};
export const isAtomic = (owner, field, type) => atomicTypes.has(type) || atomicFields.has(`${owner}.${field}`);

export const isList = (type) => type?.startsWith('[]');
export const isMap = (type) => type?.startsWith('map:');
export const elementOf = (type) => (isList(type) ? type.slice(2) : isMap(type) ? type.slice(4) : undefined);
export const fieldType = (owner, field) => types[owner]?.[field];

const integer = (bits) => (value) => Number.isInteger(value) && Math.abs(value) <= (bits === 32 ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER);
const quantity = /^[+-]?(\d+|\d+\.\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;
const scalars = {
  string: (value) => typeof value === 'string',
  bool: (value) => typeof value === 'boolean',
  int32: integer(32), int64: integer(64),
  number: (value) => typeof value === 'number',
  bytes: (value) => typeof value === 'string',
  IntOrString: (value) => typeof value === 'string' || integer(32)(value),
  quantity: (value) => typeof value === 'number' || (typeof value === 'string' && quantity.test(value)),
  any: () => true,
};
const goTypes = { bool: 'bool', int32: 'int32', int64: 'int64', number: 'float64', string: 'string', bytes: '[]uint8' };
const rfc3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Reads a value as the server's own types would: names of unknown fields go to `unknown` and are dropped, a value of the wrong
 * type is a 400, times are brought to their stored form, nulls and empty lists and maps vanish.
 */
export function decode(value, type, unknown, { kind = type, version = 'v1', path = '' } = {}) {
  const context = { unknown, kind, version };
  return read(value, type, path, context, type);
}

function read(value, type, path, context, owner) {
  if (value === null || value === undefined) return undefined;
  if (isList(type)) {
    if (!Array.isArray(value)) throw mismatch(value, type, path, context, owner);
    const items = value.map((item, index) => read(item, elementOf(type), `${path}[${index}]`, context, owner) ?? zero(elementOf(type)));
    return items.length > 0 ? items : undefined;
  }
  if (isMap(type)) {
    if (!isObject(value)) throw mismatch(value, type, path, context, owner);
    const entries = Object.entries(value).map(([key, item]) => [key, read(item, elementOf(type), `${path}.${key}`, context, owner) ?? zero(elementOf(type))]);
    return entries.length > 0 ? Object.fromEntries(entries) : undefined;
  }
  if (type === 'Time') return time(value, path, context);
  if (type === 'MicroTime') return microTime(value, path, context);
  if (scalars[type]) {
    if (scalars[type](value)) return type === 'quantity' ? String(value) : value;
    if (type === 'quantity') throw cannot(context, `quantities must match the regular expression '${quantity.source}'`);
    throw mismatch(value, type, path, context, owner);
  }
  if (!isObject(value)) throw mismatch(value, type, path, context, owner);
  const result = {};
  for (const [key, item] of Object.entries(value)) {
    const place = path ? `${path}.${key}` : key;
    const inner = types[type][key];
    if (!inner) context.unknown.push(`unknown field "${place}"`);
    else {
      const kept = read(item, inner, place, context, type);
      if (kept !== undefined && !(type === 'NodeSpec' && key === 'unschedulable' && kept === false)) result[key] = kept;
    }
  }
  return result;
}

export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const zero = (type) => ({ string: '', bool: false, int32: 0, int64: 0 })[type] ?? (types[type] || isMap(type) ? {} : undefined);
const cannot = ({ kind, version }, why) => badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);

function mismatch(value, type, path, context, owner) {
  const is = Array.isArray(value) ? 'array' : typeof value;
  const wanted = goTypes[type] ?? (isList(type) ? `[]v1.${elementOf(type)}` : isMap(type) ? 'map[string]string' : `v1.${type}`);
  return cannot(context, `json: cannot unmarshal ${is === 'boolean' ? 'bool' : is} into Go struct field ${owner}.${path.replace(/\[\d+\]/g, '')} of type ${wanted}`);
}

function time(value, path, context) {
  const parts = typeof value === 'string' ? rfc3339.exec(value) : null;
  if (!parts || Number.isNaN(Date.parse(value))) throw cannot(context, `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse it (field ${path})`);
  return new Date(Math.floor(Date.parse(value) / 1000) * 1000).toISOString().replace('.000', '');
}

/** Exactly six digits of a second, as Go's layout demands; seven (.NET's "O") or none are refused. */
function microTime(value, path, context) {
  const parts = typeof value === 'string' ? rfc3339.exec(value) : null;
  if (!parts || parts[2]?.length !== 7 || Number.isNaN(Date.parse(value)))
    throw cannot(context, `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse it (field ${path})`);
  const whole = new Date(Math.floor(Date.parse(`${parts[1]}${parts[3]}`))).toISOString().slice(0, 19);
  return `${whole}${parts[2]}Z`;
}
