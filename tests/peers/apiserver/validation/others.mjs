// Leases, disruption budgets, accounts' rights and the other kinds.
import { fault, refused, required } from '../status.mjs';

export function leaseFaults({ spec = {} }) {
  const faults = [];
  if (spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0)
    faults.push(fault('spec.leaseDurationSeconds', 'must be greater than 0', spec.leaseDurationSeconds));
  if (spec.leaseTransitions < 0) faults.push(fault('spec.leaseTransitions', 'must be greater than or equal to 0', spec.leaseTransitions));
  if (spec.preferredHolder && !spec.strategy) faults.push(refused('spec.preferredHolder', 'may not be specified without strategy'));
  return faults;
}

const amount = /^\d+%?$/;

export function budgetFaults({ spec = {} }) {
  const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy } = spec;
  const faults = [];
  if (minAvailable !== undefined && maxUnavailable !== undefined)
    faults.push(fault('spec', 'minAvailable and maxUnavailable cannot be both set', spec));
  for (const [name, value] of Object.entries({ minAvailable, maxUnavailable }))
    if (value !== undefined && !amount.test(String(value)))
      faults.push(fault(`spec.${name}`, typeof value === 'number' ? 'must be greater than or equal to 0' : "a valid percent string must be a numeric string followed by an ending '%'", value));
  if (unhealthyPodEvictionPolicy && !['IfHealthyBudget', 'AlwaysAllow'].includes(unhealthyPodEvictionPolicy))
    faults.push(fault('spec.unhealthyPodEvictionPolicy', '', unhealthyPodEvictionPolicy, 'FieldValueNotSupported'));
  return faults;
}

export const roleFaults = ({ rules = [] }, isNamespaced) => rules.flatMap((rule, index) => {
  const place = `rules[${index}]`;
  const faults = rule.verbs?.length > 0 ? [] : [required(`${place}.verbs`, 'verbs must contain at least one value')];
  if (rule.nonResourceURLs?.length > 0) {
    if (isNamespaced) faults.push(fault(`${place}.nonResourceURLs`, 'namespaced rules cannot apply to non-resource URLs', rule.nonResourceURLs));
    if (rule.resources || rule.apiGroups) faults.push(fault(`${place}.nonResourceURLs`, 'rules cannot apply to both regular resources and non-resource URLs', rule.nonResourceURLs));
    return faults;
  }
  if (!rule.apiGroups?.length) faults.push(required(`${place}.apiGroups`, 'resource rules must supply at least one api group'));
  if (!rule.resources?.length) faults.push(required(`${place}.resources`, 'resource rules must supply at least one resource'));
  return faults;
});

export function bindingFaults({ roleRef, subjects = [] }, old) {
  const faults = [];
  if (!roleRef?.name) faults.push(required('roleRef.name'));
  if (roleRef?.apiGroup && roleRef.apiGroup !== 'rbac.authorization.k8s.io') faults.push(fault('roleRef.apiGroup', '', roleRef.apiGroup, 'FieldValueNotSupported'));
  if (old && JSON.stringify(old.roleRef) !== JSON.stringify(roleRef)) faults.push(fault('roleRef', 'cannot change roleRef', roleRef));
  subjects.forEach((subject, index) => {
    if (!subject.name) faults.push(required(`subjects[${index}].name`));
    if (!['ServiceAccount', 'User', 'Group'].includes(subject.kind)) faults.push(fault(`subjects[${index}].kind`, '', subject.kind, 'FieldValueNotSupported'));
    if (subject.kind === 'ServiceAccount' && !subject.namespace) faults.push(required(`subjects[${index}].namespace`));
  });
  return faults;
}
