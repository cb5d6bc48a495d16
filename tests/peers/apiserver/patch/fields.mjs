// Field sets as managedFields writes them: {"f:spec":{"f:taints":{}}}, with k:{...} for elements of keyed lists and v:... for sets.
import { applyKeysOf, elementOf, fieldType, isAtomic, isList, isMap, isObject, isSet } from '../schema.mjs';

/** Every leaf of a value: path (strings such as 'f:spec') -> value. An atomic value is one leaf; of a keyed element its mere presence, too. */
export function leaves(value, type, path = [], found = new Map()) {
  const fields = Object.entries(value);
  if (fields.length === 0 && path.length > 0) found.set(JSON.stringify(path), value);
  for (const [key, item] of fields) {
    const place = [...path, `f:${key}`];
    const inner = isMap(type) ? elementOf(type) : fieldType(type, key);
    if (isObject(item) && !isAtomic(type, key, inner)) leaves(item, inner, place, found);
    else if (Array.isArray(item)) listLeaves(item, inner, place, found, { keys: applyKeysOf(type, key), set: isSet(type, key) });
    else found.set(JSON.stringify(place), item);
  }
  return found;
}

function listLeaves(items, type, place, found, { keys, set }) {
  if (!keys && !set) {
    found.set(JSON.stringify(place), items);
    return;
  }
  for (const item of items) {
    const element = [...place, keys ? `k:${JSON.stringify(keyOf(item, keys))}` : `v:${JSON.stringify(item)}`];
    found.set(JSON.stringify(keys ? [...element, '.'] : element), keys ? null : item);
    if (keys) leaves(item, elementOf(type), element, found);
  }
}

export const keyOf = (item, keys) => Object.fromEntries([...keys].sort().map((key) => [key, item[key] ?? (key === 'protocol' ? 'TCP' : undefined)]));

/** Fields that nobody owns. */
export function managed(object, type) {
  const { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, managedFields, generateName, selfLink, ...metadata } = {}, ...rest } = object;
  return leaves({ ...rest, ...(Object.keys(metadata).length > 0 && { metadata }) }, type);
}

export function toFieldsV1(paths) {
  const root = {};
  for (const path of paths) {
    let place = root;
    for (const step of JSON.parse(path)) place = place[step] ??= {};
  }
  return root;
}

export function fromFieldsV1(fields, path = [], found = new Set()) {
  for (const [step, inner] of Object.entries(fields ?? {})) {
    if (Object.keys(inner).length === 0) found.add(JSON.stringify([...path, step]));
    else fromFieldsV1(inner, [...path, step], found);
  }
  return found;
}

/** A path in the words of a conflict: `.status.conditions[type="Ready"].status`. */
export const spoken = (path) => JSON.parse(path).filter((step) => step !== '.').map((step) => {
  const rest = step.slice(2);
  if (step.startsWith('f:')) return `.${rest}`;
  return step.startsWith('k:') ? `[${Object.entries(JSON.parse(rest)).map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]` : `[=${rest}]`;
}).join('');
