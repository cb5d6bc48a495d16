// Pods: what a pod must have and the little that an update may change.
import { fault, refused, required } from '../status.mjs';
import { nameFault } from './names.mjs';

export function podFaults(pod) {
  const faults = [];
  const { spec = {} } = pod;
  if (!spec.containers) faults.push(required('spec.containers'));
  const names = new Set();
  (spec.containers ?? []).forEach((container, index) => {
    const place = `spec.containers[${index}]`;
    if (!container.name) faults.push(required(`${place}.name`));
    else if (nameFault(container.name, 'label')) faults.push(fault(`${place}.name`, nameFault(container.name, 'label'), container.name));
    else if (names.has(container.name)) faults.push(fault(`${place}.name`, '', container.name, 'FieldValueDuplicate'));
    names.add(container.name);
    if (!container.image) faults.push(required(`${place}.image`));
  });
  return faults;
}

/** Everything of a spec but what an update may change. */
function fixed(spec = {}) {
  const { tolerations, activeDeadlineSeconds, terminationGracePeriodSeconds, schedulingGates, ...rest } = spec;
  const images = (list) => list?.map(({ image, ...others }) => others);
  return { ...rest, containers: images(rest.containers), initContainers: images(rest.initContainers) };
}

export function podUpdateFaults(pod, old) {
  const faults = [];
  if (JSON.stringify(sorted(fixed(pod.spec))) !== JSON.stringify(sorted(fixed(old.spec))))
    faults.push(refused('spec', 'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'));
  const kept = new Set((pod.spec?.tolerations ?? []).map((one) => JSON.stringify(sorted(one))));
  if ((old.spec?.tolerations ?? []).some((one) => !kept.has(JSON.stringify(sorted(one)))))
    faults.push(refused('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'));
  return faults;
}

export function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.keys(value).sort().filter((key) => value[key] !== undefined).map((key) => [key, sorted(value[key])]));
}
