// Server-side apply and the managedFields that every write leaves behind.
import { badRequest, StatusError } from '../status.mjs';
import { applyKeysOf, decode, elementOf, fieldType, isAtomic, isMap, isObject, isSet } from '../schema.mjs';
import { timestamp } from '../clock.mjs';
import { equal } from './json.mjs';
import { fromFieldsV1, keyOf, managed, spoken, toFieldsV1 } from './fields.mjs';

const isEntry = (entry, { manager, operation, subresource = '' }) =>
  entry.manager === manager && entry.operation === operation && (entry.subresource ?? '') === subresource;

/** After a plain write: who changed what owns it. */
export function recordUpdate(object, old, kind, who) {
  const [before, after] = [old ? managed(old, kind.schema) : new Map(), managed(object, kind.schema)];
  const changed = new Set([...after].filter(([path, value]) => !before.has(path) || !equal(before.get(path), value)).map(([path]) => path));
  const entries = (old?.metadata.managedFields ?? []).map((entry) => ({ entry, owned: fromFieldsV1(entry.fieldsV1) }));
  const isUnchanged = changed.size === 0 && before.size === after.size;
  object.metadata.managedFields = isUnchanged ? old?.metadata.managedFields : written(entries, after, changed, kind, { ...who, operation: 'Update' });
}

function written(entries, after, gained, kind, who) {
  const kept = entries.map(({ entry, owned }) => {
    const isOwn = isEntry(entry, who);
    const rest = [...owned].filter((path) => after.has(path) && (isOwn || !gained.has(path)));
    return { entry, isOwn, rest: isOwn ? new Set([...rest, ...gained]) : new Set(rest), isChanged: isOwn || rest.length !== owned.size };
  });
  if (gained.size > 0 && !kept.some(({ isOwn }) => isOwn)) kept.push({ entry: newEntry(kind, who), rest: gained, isChanged: true });
  return kept.filter(({ rest }) => rest.size > 0).map(({ entry, rest, isOwn, isChanged }) =>
    (isChanged ? { ...entry, ...(isOwn && { time: timestamp() }), fieldsV1: toFieldsV1(rest) } : entry));
}

const newEntry = (kind, { manager, operation, subresource }) => ({
  manager, operation, apiVersion: kind.apiVersion, time: timestamp(), fieldsType: 'FieldsV1', fieldsV1: {}, ...(subresource && { subresource }),
});

/** @returns the object with the applied fields, owned by the manager; throws 409 where another manager owns a field that would change. */
export function apply(live, applied, kind, { manager, subresource, force }) {
  if (applied.metadata?.managedFields) throw badRequest('metadata.managedFields must be nil');
  const unknown = [];
  const clean = decode(applied, kind.schema, unknown, kind);
  if (unknown.length > 0)
    throw new StatusError(500, '', `failed to create typed patch object (${live.metadata.namespace ?? ''}/${live.metadata.name}; ${kind.apiVersion}, Kind=${kind.kind}): ${unknown.map((one) => `.${/"(.*)"/.exec(one)[1]}: field not declared in schema`).join(', ')}`);
  const who = { manager, operation: 'Apply', subresource };
  const [wanted, is] = [managed(clean, kind.schema), managed(live, kind.schema)];
  const entries = (live.metadata.managedFields ?? []).map((entry) => ({ entry, owned: fromFieldsV1(entry.fieldsV1) }));
  const others = entries.filter(({ entry }) => !isEntry(entry, who));

  const changed = [...wanted].filter(([path, value]) => is.has(path) && !equal(is.get(path), value)).map(([path]) => path);
  const conflicts = others.flatMap(({ entry, owned }) => changed.filter((path) => owned.has(path)).map((path) => ({ entry, path })));
  if (conflicts.length > 0 && !force) throw conflicting(conflicts);

  const own = entries.find(({ entry }) => isEntry(entry, who))?.owned ?? new Set();
  const dropped = [...own].filter((path) => !wanted.has(path) && !others.some(({ owned }) => owned.has(path)));
  const result = dropped.reduce((object, path) => without(object, JSON.parse(path), kind.schema), merge(live, clean, kind.schema));
  const taken = new Set(conflicts.map(({ path }) => path));
  const isSame = own.size === wanted.size && [...own].every((path) => wanted.has(path)) && equal(strip(result), strip(live));
  result.metadata = { ...result.metadata, managedFields: isSame ? live.metadata.managedFields : [
    ...others.map(({ entry, owned }) => ({ entry, rest: [...owned].filter((path) => !taken.has(path)) })).filter(({ rest }) => rest.length > 0)
      .map(({ entry, rest }) => ({ ...entry, fieldsV1: toFieldsV1(rest) })),
    { ...newEntry(kind, who), fieldsV1: toFieldsV1(wanted.keys()) },
  ] };
  return result;
}

const strip = ({ metadata: { managedFields, ...metadata }, ...rest }) => ({ ...rest, metadata });

function conflicting(conflicts) {
  const words = ({ entry }) => `conflict with ${JSON.stringify(entry.manager)}${entry.subresource ? ` with subresource ${JSON.stringify(entry.subresource)}` : ''}${entry.operation === 'Update' ? ` using ${entry.apiVersion}` : ''}`;
  const lines = conflicts.map((one) => `${words(one)}: ${spoken(one.path)}`);
  return new StatusError(409, 'Conflict', `Apply failed with ${conflicts.length} conflict${conflicts.length > 1 ? 's' : ''}: ${lines.join('\n')}`,
    { details: { causes: conflicts.map((one) => ({ reason: 'FieldManagerConflict', message: words(one), field: spoken(one.path) })) } });
}

function merge(live, applied, type) {
  const result = { ...live };
  for (const [key, value] of Object.entries(applied)) {
    const inner = isMap(type) ? elementOf(type) : fieldType(type, key);
    const keys = applyKeysOf(type, key);
    if (isObject(value) && !isAtomic(type, key, inner)) result[key] = merge(isObject(live[key]) ? live[key] : {}, value, inner);
    else if (Array.isArray(value) && keys) result[key] = mergeKeyed(live[key] ?? [], value, keys, elementOf(inner));
    else if (Array.isArray(value) && isSet(type, key)) result[key] = [...new Set([...(live[key] ?? []), ...value])];
    else result[key] = value;
  }
  return result;
}

function mergeKeyed(live, applied, keys, type) {
  const result = [...live];
  for (const item of applied) {
    const place = result.findIndex((one) => equal(keyOf(one, keys), keyOf(item, keys)));
    if (place < 0) result.push(item);
    else result[place] = merge(result[place], item, type);
  }
  return result;
}

function without(object, [step, ...rest], type) {
  const key = step.slice(2);
  if (object[key] === undefined) return object;
  const inner = isMap(type) ? elementOf(type) : fieldType(type, key);
  const copy = { ...object };
  if (rest.length === 0) delete copy[key];
  else if (isObject(object[key])) copy[key] = without(object[key], rest, inner);
  else copy[key] = withoutElement(object[key], rest, elementOf(inner));
  return copy;
}

function withoutElement(items, [element, ...rest], type) {
  const named = JSON.parse(element.slice(2));
  const is = (item) => (element.startsWith('v:') ? equal(item, named) : Object.entries(named).every(([key, value]) => (item[key] ?? (key === 'protocol' ? 'TCP' : undefined)) === value));
  if (rest.length === 0 || rest[0] === '.') return items.filter((item) => !is(item));
  return items.map((item) => (is(item) ? without(item, rest, type) : item));
}
