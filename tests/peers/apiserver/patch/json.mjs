// JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7396).
import { badRequest, StatusError, tooLarge } from '../status.mjs';
import { isObject } from '../schema.mjs';

export function mergePatch(target, patch) {
  if (!isObject(patch)) return patch;
  const result = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

const failed = (message) => new StatusError(422, 'Invalid', `the server rejected our request due to an error in our request: ${message}`, { details: {} });

export function jsonPatch(target, operations) {
  if (!Array.isArray(operations)) throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  if (operations.length > 10_000) throw tooLarge('The allowed maximum operations in a JSON patch is 10000, got ' + operations.length);
  return operations.reduce(applyOne, structuredClone(target));
}

function applyOne(document, { op, path, from, value }) {
  switch (op) {
    case 'test': {
      const is = read(document, path, true);
      if (!equal(is ?? null, value ?? null)) throw failed(`testing value ${path} failed`);
      return document;
    }
    case 'remove': return write(document, path, 'remove');
    case 'add': return write(document, path, 'add', value);
    case 'replace': return write(document, path, 'replace', value);
    case 'copy': return write(document, path, 'add', structuredClone(read(document, from)));
    case 'move': {
      const moved = read(document, from);
      return write(write(document, from, 'remove'), path, 'add', moved);
    }
    default: throw failed(`Unexpected kind: ${op}`);
  }
}

const parts = (path) => {
  if (typeof path !== 'string' || (path !== '' && path[0] !== '/')) throw failed(`unable to use path ${JSON.stringify(path)}`);
  return path.split('/').slice(1).map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'));
};

function read(document, path, isLenient = false) {
  let value = document;
  for (const part of parts(path)) {
    const has = Array.isArray(value) ? /^\d+$/.test(part) && Number(part) < value.length : isObject(value) && Object.hasOwn(value, part);
    if (!has && isLenient) return undefined;
    if (!has) throw failed(`path ${path} does not exist`);
    value = value[part];
  }
  return value;
}

function write(document, path, how, value) {
  const steps = parts(path);
  if (steps.length === 0) return value;
  const last = steps.pop();
  const parent = steps.reduce((place, step) => {
    const next = Array.isArray(place) ? place[Number(step)] : isObject(place) ? place[step] : undefined;
    if (next === undefined || next === null) throw failed(`${how} operation does not apply: doc is missing path: "${path}": missing value`);
    return next;
  }, document);
  if (Array.isArray(parent)) {
    const index = last === '-' && how === 'add' ? parent.length : Number(last);
    if (!Number.isInteger(index) || index < 0 || index > parent.length - (how === 'add' ? 0 : 1)) throw failed(`Unable to access invalid index: ${last}`);
    if (how === 'add') parent.splice(index, 0, value);
    else if (how === 'remove') parent.splice(index, 1);
    else parent[index] = value;
    return document;
  }
  if (how !== 'add' && !Object.hasOwn(parent, last)) throw failed(`${how} operation does not apply: doc is missing key: ${path}: missing value`);
  if (how === 'remove') delete parent[last];
  else parent[last] = value;
  return document;
}

export function equal(a, b) {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index]));
  if (!isObject(a)) return a === b;
  const keys = Object.keys(a);
  return isObject(b) && keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}
