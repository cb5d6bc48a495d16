// Rules for names, labels and metadata.
import { fault, required } from '../status.mjs';

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const qualifiedPart = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const words = {
  label: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  subdomain: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  qualified: "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
  value: "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
};

/** @returns what is wrong with a name under a rule ('label', 'subdomain', 'path'), or null. */
export function nameFault(name, rule) {
  if (rule === 'label') return name.length > 63 ? 'must be no more than 63 characters' : label.test(name) ? null : words.label;
  if (rule === 'subdomain') return name.length > 253 ? 'must be no more than 253 characters' : subdomain.test(name) ? null : words.subdomain;
  return name === '.' || name === '..' ? `may not be '${name}'` : /[/%]/.test(name) ? "may not contain '/' or '%'" : null;
}

/** Faults of a qualified name: an optional subdomain, a slash, at most 63 characters. */
export function qualifiedNameFaults(key, place) {
  const parts = key.split('/');
  const name = parts.at(-1);
  const faults = [];
  if (parts.length > 2) faults.push(fault(place, `a qualified name ${words.qualified.slice('name part '.length)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`, key));
  else {
    if (parts.length === 2 && (parts[0] === '' || nameFault(parts[0], 'subdomain'))) faults.push(fault(place, `prefix part ${parts[0] === '' ? 'must be non-empty' : words.subdomain}`, key));
    if (name === '') faults.push(fault(place, 'name part must be non-empty', key));
    else if (name.length > 63) faults.push(fault(place, 'name part must be no more than 63 characters', key));
    if (!qualifiedPart.test(name)) faults.push(fault(place, words.qualified, key));
  }
  return faults;
}

export function labelValueFaults(value, place) {
  if (value.length > 63) return [fault(place, 'must be no more than 63 characters', value)];
  return labelValue.test(value) ? [] : [fault(place, words.value, value)];
}

export const labelsFaults = (labels, place) => Object.entries(labels ?? {})
  .flatMap(([key, value]) => [...qualifiedNameFaults(key, place), ...labelValueFaults(value, place)]);

export function metadataFaults(metadata, kind) {
  const faults = [];
  const nameProblem = nameFault(metadata.name ?? '', kind.nameRule ?? 'subdomain');
  if (!metadata.name) faults.push(required('metadata.name', 'name or generateName is required'));
  else if (nameProblem) faults.push(fault('metadata.name', nameProblem, metadata.name));
  faults.push(...labelsFaults(metadata.labels, 'metadata.labels'));
  let bytes = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    faults.push(...qualifiedNameFaults(key.toLowerCase(), 'metadata.annotations'));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > 256 * 1024) faults.push(fault('metadata.annotations', 'may not be more than 262144 bytes', undefined, 'FieldValueTooLong'));
  for (const finalizer of metadata.finalizers ?? []) {
    faults.push(...qualifiedNameFaults(finalizer, 'metadata.finalizers'));
    if (!finalizer.includes('/') && !['kubernetes', 'orphan', 'foregroundDeletion'].includes(finalizer))
      faults.push(fault('metadata.finalizers', 'name is neither a standard finalizer name nor is it fully qualified', finalizer));
  }
  (metadata.ownerReferences ?? []).forEach((owner, index) => {
    for (const field of ['apiVersion', 'kind', 'name', 'uid'])
      if (!owner[field]) faults.push(fault(`metadata.ownerReferences[${index}].${field}`, `${field} must not be empty`, ''));
  });
  if ((metadata.ownerReferences ?? []).filter((owner) => owner.controller).length > 1)
    faults.push(fault('metadata.ownerReferences', 'Only one reference can have Controller set to true', metadata.ownerReferences));
  return faults;
}
