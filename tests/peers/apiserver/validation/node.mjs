// Nodes: taints and what an update may not change.
import { fault, refused, required, unsupported } from '../status.mjs';
import { labelValueFaults, qualifiedNameFaults } from './names.mjs';

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const statuses = ['True', 'False', 'Unknown'];

export function nodeFaults(node) {
  return [...taintFaults(node.spec?.taints ?? []), ...addressFaults(node.status?.addresses ?? [])];
}

function taintFaults(taints) {
  const seen = new Set();
  return taints.flatMap((taint, index) => {
    const place = `metadata.taints[${index}]`; // the API server's own word for spec.taints
    const faults = [...qualifiedNameFaults(taint.key ?? '', `${place}.key`), ...labelValueFaults(taint.value ?? '', `${place}.value`)];
    if (!taint.effect) faults.push(required(`${place}.effect`));
    else if (!effects.includes(taint.effect)) faults.push(unsupported(`${place}.effect`, taint.effect, effects));
    const identity = `${taint.key}:${taint.effect}`;
    if (seen.has(identity)) faults.push({ ...fault(place, 'taints must be unique by key and effect pair', taint, 'FieldValueDuplicate') });
    seen.add(identity);
    return faults;
  });
}

function addressFaults(addresses) {
  const seen = new Set();
  return addresses.flatMap((address, index) => {
    const identity = JSON.stringify(address);
    const faults = seen.has(identity) ? [fault(`status.addresses[${index}]`, '', address, 'FieldValueDuplicate')] : [];
    seen.add(identity);
    return faults;
  });
}

export function nodeUpdateFaults(node, old) {
  const faults = [];
  if (old.spec?.providerID && node.spec?.providerID !== old.spec.providerID)
    faults.push(refused('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  if (old.spec?.podCIDRs?.length && JSON.stringify(node.spec?.podCIDRs) !== JSON.stringify(old.spec.podCIDRs))
    faults.push(refused('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  return faults;
}

/**
 * Stricter than the API server, which stores anything here: a condition without type or with another status than True, False or
 * Unknown is nothing that anyone could read.
 */
export const conditionFaults = (object) => (object.status?.conditions ?? []).flatMap((condition, index) => [
  ...(condition.type ? [] : [required(`status.conditions[${index}].type`)]),
  ...(statuses.includes(condition.status) ? [] : [unsupported(`status.conditions[${index}].status`, condition.status ?? '', statuses)]),
]);
