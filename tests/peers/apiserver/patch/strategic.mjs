// Strategic merge patch: lists that have a key are merged by it, and directives ($patch, $retainKeys, ...) steer the rest.
import { badRequest, unworded } from '../status.mjs';
import { elementOf, fieldType, isMap, isObject, isSet, mergeKeyOf } from '../schema.mjs';

const fromPrimitive = '$deleteFromPrimitiveList/', order = '$setElementOrder/';

export function strategicMerge(original, patch, type) {
  if (!isObject(patch)) throw badRequest('Invalid JSON document');
  return mergeObject(original ?? {}, patch, type);
}

function mergeObject(original, patch, type) {
  const { $patch: directive, $retainKeys: retained, ...fields } = patch;
  if (directive === 'replace') return stripped(fields);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') throw badRequest(`Unknown patch type found: ${directive}`);
  const result = { ...original };
  if (retained) for (const key of Object.keys(result)) if (!retained.includes(key)) delete result[key];

  for (const [key, values] of Object.entries(fields)) {
    if (!key.startsWith(fromPrimitive)) continue;
    const field = key.slice(fromPrimitive.length);
    if (!Array.isArray(values)) throw badRequest('Invalid patch format of primitive list');
    if (result[field]) result[field] = result[field].filter((item) => !values.includes(item));
  }
  for (const [key, value] of Object.entries(fields)) {
    if (key.startsWith(fromPrimitive) || key.startsWith(order)) continue;
    if (value === null) {
      delete result[key];
      continue;
    }
    result[key] = mergeField(result[key], value, { type, key, order: fields[order + key] });
  }
  for (const [key, wanted] of Object.entries(fields)) {
    const field = key.slice(order.length);
    if (key.startsWith(order) && !(field in fields) && result[field])
      result[field] = sort(result[field], wanted, original[field] ?? [], mergeKeyOf(type, field));
  }
  return result;
}

function mergeField(was, value, { type, key, order: wanted }) {
  const inner = isMap(type) ? elementOf(type) : fieldType(type, key);
  if (isObject(value)) return mergeObject(isObject(was) ? was : {}, value, inner);
  if (!Array.isArray(value)) return value;
  const mergeKey = mergeKeyOf(type, key);
  const before = Array.isArray(was) ? was : [];
  if (mergeKey) return sort(mergeList(before, value, mergeKey, elementOf(inner)), wanted, before, mergeKey);
  if (isSet(type, key)) return sort([...before, ...value.filter((item) => !before.includes(item))], wanted, before);
  return stripped(value);
}

function mergeList(before, patch, key, type) {
  if (patch.some((item) => item?.$patch === 'replace')) return stripped(patch.filter((item) => item.$patch !== 'replace'));
  let result = [...before];
  for (const item of patch) {
    if (!isObject(item)) throw badRequest('Invalid JSON document');
    if (item[key] === undefined) throw unworded(500, `map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const place = result.findIndex((one) => one[key] === item[key]);
    if (item.$patch === 'delete') result = result.filter((one) => one[key] !== item[key]);
    else if (place < 0) result.push(mergeObject({}, item, type));
    else result[place] = mergeObject(result[place], item, type);
  }
  return result;
}

/** Puts the elements that $setElementOrder names into its order; those that only the server has keep their place among them. */
function sort(items, wanted, before, key) {
  if (!wanted) return items;
  const identity = (item) => (key ? item[key] : item);
  const names = wanted.map((item) => (key && isObject(item) ? item[key] : item));
  if (items.some((item) => before.every((one) => identity(one) !== identity(item)) && !names.includes(identity(item))))
    throw badRequest('Invalid patch format of setElementOrder list');
  const named = names.map((name) => items.find((item) => identity(item) === name)).filter((item) => item !== undefined);
  const others = items.filter((item) => !names.includes(identity(item)));
  const live = (item) => before.findIndex((one) => identity(one) === identity(item));
  const result = [];
  while (named.length > 0 || others.length > 0) {
    const isOther = named.length === 0 || (others.length > 0 && live(named[0]) >= 0 && live(others[0]) < live(named[0]));
    result.push(isOther ? others.shift() : named.shift());
  }
  return result;
}

/** A value for a place where nothing was: without directives and nulls. */
function stripped(value) {
  if (Array.isArray(value)) return value.filter((item) => !isObject(item) || item.$patch !== 'delete').map(stripped);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key, item]) => !key.startsWith('$') && item !== null).map(([key, item]) => [key, stripped(item)]));
}
