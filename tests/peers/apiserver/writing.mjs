// create, update, patch and delete: preconditions, what a client cannot set, validation, admission, and the write itself.
import { randomUUID } from 'node:crypto';
import YAML from 'yaml';
import { alreadyExists, badRequest, conflict, fault, forbidden, invalid, methodNotAllowed, modified, notFound, unsupported, unsupportedMedia, unworded } from './status.mjs';
import { decode, isObject } from './schema.mjs';
import { timestamp } from './clock.mjs';
import { parseProtobuf, protobufType } from './protobuf.mjs';
import { metadataFaults } from './validation/names.mjs';
import { jsonPatch, mergePatch } from './patch/json.mjs';
import { strategicMerge } from './patch/strategic.mjs';
import { apply, recordUpdate } from './patch/apply.mjs';
import { sorted } from './validation/pod.mjs';

const largestObject = 1.5 * 1024 * 1024;
const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'];

export const mediaType = (text) => (text ?? '').split(';')[0].trim().toLowerCase();

/** The body as an object; kinds of writing that the real server takes and this one does not are a 415. */
export function parseBody({ body, contentType }) {
  const type = mediaType(contentType) || 'application/json';
  if (type === protobufType) return parseProtobuf(body);
  if (!['application/json', 'application/yaml'].includes(type)) throw unsupportedMedia(['application/json', 'application/yaml']);
  return parse(body, type);
}

function parse(body, type) {
  try {
    return type === 'application/json' ? JSON.parse(body.toString()) : YAML.parse(body.toString());
  } catch (error) {
    throw badRequest(`the object provided is unrecognized (must be of type ${type}): couldn't get version/kind; json parse error: ${error.message}`);
  }
}

/** Reads an object of a kind; unknown fields end the request, warn, or are passed over, as fieldValidation says. */
export function decodeObject(value, kind, request) {
  if (!isObject(value)) throw badRequest(`couldn't get version/kind; json parse error: json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go value`);
  if (value.apiVersion !== undefined && value.apiVersion !== kind.apiVersion)
    throw badRequest(`the API version in the data (${value.apiVersion}) does not match the expected API version (${kind.apiVersion})`);
  if (value.kind !== undefined && value.kind !== kind.kind)
    throw badRequest(`${value.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: converting (v1.${value.kind}) to (core.${kind.kind}): unknown conversion`);
  const unknown = [];
  const object = decode(value, kind.schema, unknown, kind);
  if (unknown.length > 0) strictness(unknown, kind, request);
  return { ...object, apiVersion: kind.apiVersion, kind: kind.kind, metadata: object.metadata ?? {} };
}

function strictness(unknown, kind, request) {
  const level = request.query.get('fieldValidation') || 'Warn';
  if (!['Ignore', 'Warn', 'Strict'].includes(level))
    throw invalid({ kind: 'CreateOptions', group: 'meta.k8s.io' }, '', [unsupported('fieldValidation', level, ['', 'Ignore', 'Strict', 'Warn'])]);
  if (level === 'Warn') request.warnings.push(...unknown);
  if (level !== 'Strict') return;
  const words = `strict decoding error: ${unknown.join(', ')}`;
  if (request.verb === 'patch') throw invalid({ kind: '', group: '' }, '', [fault('patch', words, request.body.toString())]);
  throw badRequest(`${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${words}`);
}

export const isDryRun = (request, options) => {
  const asked = [...request.query.getAll('dryRun'), ...(options?.dryRun ?? [])];
  if (asked.some((one) => one !== 'All' && one !== '')) throw invalid({ kind: 'CreateOptions', group: 'meta.k8s.io' }, '', [unsupported('dryRun', asked, ['All'])]);
  return asked.includes('All');
};

/** Who a write is recorded under in managedFields. */
const writer = ({ query, userAgent, subresource }) => ({ manager: query.get('fieldManager') || (userAgent ?? 'unknown').split('/')[0] || 'unknown', subresource });

export function create(server, request) {
  const { kind, namespace } = request;
  const object = decodeObject(parseBody(request), kind, request);
  return createObject(server, request, kind, namespace, object, writer(request));
}

function createObject(server, request, kind, namespace, given, who) {
  const { metadata } = given;
  if (metadata.namespace && metadata.namespace !== (namespace ?? '')) throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  if (metadata.resourceVersion) throw unworded(500, 'resourceVersion should not be set on objects to be created');
  const object = kind.in(given);
  if (!metadata.name && metadata.generateName) object.metadata.name = `${metadata.generateName.slice(0, 58)}${randomUUID().slice(0, 5)}`;
  Object.assign(object.metadata, { ...(namespace && { namespace }), uid: randomUUID(), creationTimestamp: timestamp() });
  for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'generation', 'selfLink']) delete object.metadata[field];
  if (!who.keep) delete object.metadata.managedFields;
  if (kind.hasStatus && !['Node', 'Namespace'].includes(kind.kind)) delete object.status;
  checkNamespace(server, kind, namespace, object.metadata.name);
  kind.prepare(object, null);
  validate(kind, object, [...metadataFaults(object.metadata, kind), ...kind.faults(object), ...kind.createFaults(object)]);
  admit(server, request, 'CREATE', kind, object, null);
  if (server.store.get(kind.table, namespace, object.metadata.name)) {
    if (metadata.generateName && !given.metadata.name) throw alreadyExists(kind, metadata.generateName);
    throw alreadyExists(kind, object.metadata.name);
  }
  if (!who.keep) recordUpdate(object, null, internalOf(kind), who);
  return { code: 201, object: kind.out(commit(server, request, kind, object)) };
}

/** Fields are recorded in the stored form. */
const internalOf = (kind) => (kind.schema === 'events.Event' ? { ...kind, schema: 'Event' } : kind);

const namespaces = { plural: 'namespaces', group: '', kind: 'Namespace' };

function checkNamespace(server, kind, namespace, name) {
  if (!kind.namespaced) return;
  const home = server.store.get('namespaces', undefined, namespace);
  if (!home) throw notFound(namespaces, namespace);
  if (home.metadata.deletionTimestamp)
    throw forbidden(kind, name, `unable to create new content in namespace ${namespace} because it is being terminated`,
      [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }]);
}

function validate(kind, object, faults) {
  if (faults.length > 0) throw invalid(kind, object.metadata.name ?? '', faults);
}

function admit(server, request, operation, kind, object, old) {
  server.policies.admit({ ...request, kind, operation, object: object && kind.out(object), oldObject: old && kind.out(old), dryRun: isDryRun(request) });
}

function commit(server, request, kind, object) {
  if (Buffer.byteLength(JSON.stringify(object)) > largestObject) throw unworded(500, 'etcdserver: request is too large');
  if (isDryRun(request)) return object;
  return server.store.put(kind.table, object);
}

export function update(server, request) {
  const { kind, namespace, name } = request;
  const given = decodeObject(parseBody(request), kind, request);
  if (given.metadata.name !== undefined && given.metadata.name !== name) throw badRequest(`the name of the object (${given.metadata.name}) does not match the name on the URL (${name})`);
  if (given.metadata.namespace && given.metadata.namespace !== (namespace ?? '')) throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  const current = server.store.get(kind.table, namespace, name);
  if (!current) {
    if (!kind.createOnUpdate || request.subresource) throw notFound(kind, name);
    if (given.metadata.resourceVersion && given.metadata.resourceVersion !== '0') throw notFound(kind, name);
    return createObject(server, request, kind, namespace, { ...given, metadata: { ...given.metadata, name, resourceVersion: undefined } }, writer(request));
  }
  if (!given.metadata.resourceVersion && !kind.unconditional)
    throw invalid(kind, name, [fault('metadata.resourceVersion', 'must be specified for an update', 0)]);
  return replace(server, request, current, given, writer(request));
}

/** Writes a new form of an object that exists, keeping what the caller may not change here. */
function replace(server, request, current, given, who) {
  const { kind, subresource } = request;
  const { name } = current.metadata;
  const { metadata } = given;
  if (metadata.uid && metadata.uid !== current.metadata.uid)
    throw conflict(kind, name, `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${current.metadata.uid}`);
  if (metadata.resourceVersion && metadata.resourceVersion !== current.metadata.resourceVersion) throw modified(kind, name);
  if (metadata.name !== undefined && metadata.name !== name) throw invalid(kind, metadata.name, [fault('metadata.name', 'field is immutable', metadata.name)]);

  const object = kind.in(given);
  for (const field of ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation', 'generateName', 'selfLink']) {
    if (current.metadata[field] === undefined) delete object.metadata[field];
    else object.metadata[field] = current.metadata[field];
  }
  if (!who.keep) object.metadata.managedFields = current.metadata.managedFields;
  if (subresource === 'status') {
    keep(object, current, 'spec');
    if (kind.kind === 'Pod') keep(object.metadata, current.metadata, 'ownerReferences');
  } else if (kind.hasStatus) keep(object, current, 'status');
  if (subresource !== 'status') kind.prepare(object, current);
  validate(kind, object, [...metadataFaults(object.metadata, kind), ...kind.faults(object), ...kind.updateFaults(object, current)]);
  admit(server, request, 'UPDATE', kind, object, current);
  if (!who.keep) recordUpdate(object, current, internalOf(kind), who);
  if (JSON.stringify(sorted(object)) === JSON.stringify(sorted(current))) return { code: 200, object: kind.out(current) }; // nothing to write
  const isGone = object.metadata.deletionTimestamp && !object.metadata.finalizers?.length && !object.metadata.deletionGracePeriodSeconds && kind.kind !== 'Pod';
  const stored = commit(server, request, kind, object);
  if (isGone && !isDryRun(request)) server.store.remove(kind.table, stored);
  return { code: 200, object: kind.out(stored) };
}

function keep(object, current, field) {
  if (current[field] === undefined) delete object[field];
  else object[field] = current[field];
}

export function patch(server, request) {
  const { kind, namespace, name, subresource } = request;
  const type = mediaType(request.contentType);
  if (!patchTypes.includes(type)) throw unsupportedMedia(patchTypes);
  const isApply = type === 'application/apply-patch+yaml';
  const options = { kind: 'PatchOptions', group: 'meta.k8s.io' };
  if (isApply && !request.query.get('fieldManager'))
    throw invalid(options, '', [{ reason: 'FieldValueRequired', message: 'Required value: is required for apply patch', field: 'fieldManager' }]);
  if (!isApply && request.query.has('force')) throw invalid(options, '', [{ reason: 'FieldValueForbidden', message: 'Forbidden: may not be specified for non-apply patch', field: 'force' }]);
  const body = isApply ? parse(request.body, 'application/yaml') : parsePatch(request.body);
  const current = server.store.get(kind.table, namespace, name);
  if (!current && !(isApply && !subresource)) throw notFound(kind, name);
  if (isApply) return applyPatch(server, request, current, body);

  const shown = kind.out(current);
  const patched = type === patchTypes[0] ? jsonPatch(shown, body)
    : type === patchTypes[1] ? mergePatch(shown, object(body)) : strategicMerge(shown, object(body), kind.schema);
  return replace(server, request, current, decodeObject(patched, kind, request), writer(request));
}

function parsePatch(body) {
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    throw badRequest(`error decoding patch: ${error.message}`);
  }
}

function object(body) {
  if (!isObject(body)) throw badRequest('error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}');
  return body;
}

function applyPatch(server, request, current, body) {
  const { kind, namespace, name, query, subresource } = request;
  if (!isObject(body)) throw badRequest('error decoding YAML: the applied configuration is not an object');
  if (body.apiVersion !== kind.apiVersion || body.kind !== kind.kind)
    throw badRequest(`invalid object type: the applied configuration is ${body.apiVersion}, Kind=${body.kind}, the resource is ${kind.apiVersion}, Kind=${kind.kind}`);
  if (body.metadata?.name && body.metadata.name !== name) throw badRequest(`the name of the object (${body.metadata.name}) does not match the name on the URL (${name})`);
  if (!current && body.metadata?.uid) throw conflict(kind, name, `uid mismatch: the provided object specified uid ${body.metadata.uid}, and no existing object was found`);
  const live = current ? kind.out(current) : { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name, ...(namespace && { namespace }) } };
  const { metadata: { resourceVersion, uid, ...metadata } = {}, ...rest } = body;
  const merged = apply(live, { ...rest, metadata }, kind, { manager: query.get('fieldManager'), subresource, force: query.get('force') === 'true' });
  const given = decodeObject({ ...merged, metadata: { ...merged.metadata, ...(resourceVersion && { resourceVersion }), ...(uid && { uid }) } }, kind, request);
  if (!current) return createObject(server, request, kind, namespace, given, { keep: true });
  return replace(server, request, current, given, { keep: true });
}

/** DeleteOptions from the body or, where there is none, from the query. */
export function deleteOptions(request) {
  const given = request.body.length > 0 ? parseBody(request) : {};
  const unknown = [];
  const options = decode(given, 'DeleteOptions', unknown, { kind: 'DeleteOptions', version: 'v1' });
  const grace = request.query.get('gracePeriodSeconds');
  if (grace !== null) options.gracePeriodSeconds ??= Number(grace);
  if (options.gracePeriodSeconds < 0) throw invalid({ kind: 'DeleteOptions', group: 'meta.k8s.io' }, '', [fault('gracePeriodSeconds', 'must be greater than or equal to 0', options.gracePeriodSeconds)]);
  return options;
}

export function checkPreconditions(kind, object, { uid, resourceVersion } = {}) {
  const failed = (what, asked, is) => conflict(kind, object.metadata.name, `Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${is}`);
  if (uid && uid !== object.metadata.uid) throw failed('UID', uid, object.metadata.uid);
  if (resourceVersion && resourceVersion !== object.metadata.resourceVersion) throw failed('ResourceVersion', resourceVersion, object.metadata.resourceVersion);
}

export function remove(server, request) {
  const { kind, namespace, name } = request;
  if (request.subresource) throw methodNotAllowed();
  const object = server.store.get(kind.table, namespace, name);
  if (!object) throw notFound(kind, name);
  const options = deleteOptions(request);
  const result = removeObject(server, request, kind, object, options);
  if (kind.returnsDeleted || !result.isGone) return { code: 200, object: kind.out(result.object) };
  return { code: 200, object: {
    kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success',
    details: { name, ...(kind.group && { group: kind.group }), kind: kind.plural, uid: object.metadata.uid },
  } };
}

/** Deletes, or marks for deletion what has finalizers or, as a running pod, takes time to stop. */
export function removeObject(server, request, kind, object, options, { change = same, isAdmitted = false } = {}) {
  checkPreconditions(kind, object, options.preconditions);
  if (!isAdmitted) admit(server, request, 'DELETE', kind, null, object);
  const dryRun = isDryRun(request, options);
  const grace = kind.kind === 'Pod' ? podGrace(object, options) : 0;
  const waits = grace > 0 || object.metadata.finalizers?.length > 0 || kind.kind === 'Namespace';
  if (!waits) return { isGone: true, object: dryRun ? object : server.store.remove(kind.table, change(structuredClone(object))) };
  const earlier = object.metadata.deletionGracePeriodSeconds;
  if (object.metadata.deletionTimestamp && !(earlier > grace)) return { isGone: false, object };
  const marked = change(structuredClone(object));
  Object.assign(marked.metadata, { deletionTimestamp: timestamp(server.now() + grace * 1000), deletionGracePeriodSeconds: grace });
  if (kind.kind === 'Namespace') marked.status = { ...marked.status, phase: 'Terminating' };
  if (kind.kind === 'Pod') marked.metadata.generation = (marked.metadata.generation ?? 1) + 1;
  return { isGone: false, object: dryRun ? marked : server.store.put(kind.table, marked) };
}

const same = (object) => object;

function podGrace(pod, { gracePeriodSeconds }) {
  if (!pod.spec?.nodeName || ['Succeeded', 'Failed'].includes(pod.status?.phase)) return 0;
  return gracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30;
}
