// Label and field selectors of lists and watches.
import { badRequest } from './status.mjs';

const keyPattern = /^([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** @returns a test of an object's labels. */
export function labelSelector(text) {
  if (!text) return () => true;
  const tests = splitOutside(text).map((part) => requirement(part.trim()));
  return (object) => tests.every((test) => test(object.metadata.labels ?? {}));
}

function requirement(part) {
  let found;
  const key = (name) => {
    if (!keyPattern.test(name)) throw badRequest(`unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(name)}: name part must consist of alphanumeric characters, '-', '_' or '.'`);
    return name;
  };
  if ((found = /^!\s*(\S+)$/.exec(part))) return ((name) => (labels) => !(name in labels))(key(found[1]));
  if ((found = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(part))) {
    const [name, isIn, values] = [key(found[1]), found[2] === 'in', found[3].split(',').map((value) => value.trim())];
    return (labels) => (name in labels && values.includes(labels[name])) === isIn;
  }
  if ((found = /^([^=!<>\s]+)\s*(==|=|!=)\s*([^=\s]*)$/.exec(part))) {
    const [name, isEqual, value] = [key(found[1]), found[2] !== '!=', found[3]];
    return (labels) => (labels[name] === value) === isEqual;
  }
  if ((found = /^([^=!<>\s]+)\s*([<>])\s*(-?\d+)$/.exec(part))) {
    const [name, isLess, value] = [key(found[1]), found[2] === '<', Number(found[3])];
    return (labels) => name in labels && (isLess ? Number(labels[name]) < value : Number(labels[name]) > value);
  }
  if (/^\S+$/.test(part)) return ((name) => (labels) => name in labels)(key(part));
  throw badRequest(`unable to parse requirement: ${part}`);
}

const splitOutside = (text) => text.split(/,(?![^(]*\))/);

/** A LabelSelector object (matchLabels, matchExpressions); an empty one matches everything. */
export function matchesLabels(selector, labels = {}) {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (labels[key] !== value) return false;
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const has = key in labels;
    const met = { In: has && values.includes(labels[key]), NotIn: !has || !values.includes(labels[key]), Exists: has, DoesNotExist: !has }[operator];
    if (!met) return false;
  }
  return true;
}

/** @returns the terms of a field selector; a field that the kind does not offer is refused. */
export function fieldTerms(text, kind) {
  if (!text) return [];
  return text.split(/(?<!\\),/).map((part) => {
    const found = /^([^=!]+)(==|=|!=)(.*)$/.exec(part);
    if (!found) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    const [, field, operator, value] = found;
    if (!['metadata.name', 'metadata.namespace', ...Object.keys(kind.fields ?? {})].includes(field))
      throw badRequest(kind.fields ? `field label not supported: ${field}` : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`);
    return { field, isEqual: operator !== '!=', value: value.replace(/\\([\\,=])/g, '$1') };
  });
}

export function fieldSelector(terms, kind) {
  return (object) => terms.every(({ field, isEqual, value }) => {
    const is = field === 'metadata.name' ? object.metadata.name
      : field === 'metadata.namespace' ? object.metadata.namespace ?? ''
        : kind.fields[field](object) ?? '';
    return (String(is) === value) === isEqual;
  });
}
