// ValidatingAdmissionPolicy: expressions run by an independent evaluator of CEL (@marcbachmann/cel-js).
import { Environment } from '@marcbachmann/cel-js';
import { find } from './kinds.mjs';
import { matchesLabels } from './selectors.mjs';
import { qualified, StatusError } from './status.mjs';

const group = 'admissionregistration.k8s.io';
const codes = { Unauthorized: 401, Forbidden: 403, Invalid: 422, RequestEntityTooLarge: 413 };
const variables = ['object', 'oldObject', 'request', 'params', 'namespaceObject', 'variables'];

const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false });
for (const name of variables) environment.registerVariable(name, 'dyn');

/** CEL has integers; JSON.parse has doubles only. */
function toCel(value) {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined).map(([key, item]) => [key, toCel(item)]));
}

const covers = (list, value) => list?.includes('*') || list?.includes(value);

function isMatch({ resourceRules, excludeResourceRules, objectSelector, namespaceSelector } = {}, asked, server) {
  const { kind, subresource, operation, object, oldObject, namespace } = asked;
  const plural = subresource ? `${kind.plural}/${subresource}` : kind.plural;
  const resources = (rule) => rule.resources?.some((one) => one === plural || one === '*/*' || (one === '*' && !subresource)
    || (one === `${kind.plural}/*` && Boolean(subresource)) || (subresource && one === `*/${subresource}`));
  const isNamed = (rule) => covers(rule.apiGroups, kind.group) && covers(rule.apiVersions, kind.version) && covers(rule.operations, operation) && resources(rule)
    && (!rule.resourceNames?.length || rule.resourceNames.includes(asked.name)) && [undefined, '*', kind.namespaced ? 'Namespaced' : 'Cluster'].includes(rule.scope);
  if (resourceRules && !resourceRules.some(isNamed)) return false;
  if (excludeResourceRules?.some(isNamed)) return false;
  if (objectSelector && ![object, oldObject].some((one) => one && matchesLabels(objectSelector, one.metadata?.labels))) return false;
  if (namespaceSelector && namespace && !matchesLabels(namespaceSelector, server.store.get('namespaces', undefined, namespace)?.metadata.labels)) return false;
  return true;
}

export class Policies {
  #server;
  #parsed = new Map();

  constructor(server) {
    this.#server = server;
  }

  /** Throws where a bound policy denies; warns where it only warns. */
  admit(asked) {
    const { store } = this.#server;
    const table = (plural) => find(group, 'v1', plural).table;
    if (asked.kind.group === group) return; // policies do not judge policies
    for (const binding of store.list(table('validatingadmissionpolicybindings'))) {
      const policy = store.get(table('validatingadmissionpolicies'), undefined, binding.spec.policyName);
      if (!policy || !isMatch(policy.spec.matchConstraints, asked, this.#server) || (binding.spec.matchResources && !isMatch(binding.spec.matchResources, asked, this.#server))) continue;
      const denial = this.#judge(policy.spec, asked);
      if (denial) this.#act(policy, binding, denial, asked);
    }
  }

  /** What a policy says to a request: null, or why it denies. An expression that fails counts as failurePolicy says. */
  #judge(spec, asked) {
    const isOpen = spec.failurePolicy === 'Ignore';
    const context = this.#context(asked, spec.variables ?? []);
    try {
      for (const { name, expression } of spec.matchConditions ?? []) if (this.#evaluate(expression, context, `match condition ${name}`) !== true) return null;
    } catch (error) {
      return isOpen ? null : { message: error.message, reason: 'Invalid' };
    }
    if (spec.paramKind) return isOpen ? null : { message: 'failed to configure binding: the stand-in knows no params', reason: 'Invalid' };
    for (const { expression, message, messageExpression, reason = 'Invalid' } of spec.validations ?? []) {
      try {
        if (this.#evaluate(expression, context, `expression '${expression}'`) === true) continue;
      } catch (error) {
        if (isOpen) continue;
        return { message: error.message, reason: 'Invalid' };
      }
      return { message: this.#message(messageExpression, context) ?? message ?? `failed expression: ${expression.trim()}`, reason };
    }
    return null;
  }

  #message(expression, context) {
    try {
      return expression ? this.#evaluate(expression, context, 'message') : undefined;
    } catch {
      return undefined;
    }
  }

  #context({ kind, subresource, operation, object, oldObject, namespace, name, user, dryRun }, definitions) {
    const gvk = { group: kind.group, version: kind.version, kind: kind.kind };
    const gvr = { group: kind.group, version: kind.version, resource: kind.plural };
    const { username, groups, uid, extra } = user;
    const context = toCel({
      object, oldObject, params: null, variables: {},
      namespaceObject: namespace ? this.#server.store.get('namespaces', undefined, namespace) : null,
      request: {
        kind: gvk, resource: gvr, subResource: subresource ?? '', requestKind: gvk, requestResource: gvr, requestSubResource: subresource ?? '',
        name: name ?? object?.metadata?.name ?? '', namespace: namespace ?? '', operation, dryRun: dryRun ?? false, userInfo: { username, groups, uid, extra }, options: {},
      },
    });
    for (const definition of definitions) this.#define(context, definition);
    return context;
  }

  /** Variables are evaluated when they are first used. */
  #define(context, { name, expression }) {
    let value;
    Object.defineProperty(context.variables, name, {
      enumerable: true, configurable: true,
      get: () => (value ??= { is: this.#evaluate(expression, context, `variable '${name}'`) }).is,
    });
  }

  #evaluate(expression, context, what) {
    try {
      if (!this.#parsed.has(expression)) this.#parsed.set(expression, environment.parse(expression));
      return this.#parsed.get(expression)(context);
    } catch (error) {
      throw new Error(`${what} resulted in error: ${error.message.split('\n')[0]}`);
    }
  }

  #act(policy, binding, { message, reason }, { kind, object, name, warnings }) {
    const said = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`;
    if (binding.spec.validationActions?.includes('Warn')) warnings.push(`Validation failed for ${said.replace(' denied request', '')}`);
    if (!binding.spec.validationActions?.includes('Deny')) return;
    const about = name ?? object?.metadata?.name;
    throw new StatusError(codes[reason] ?? 422, reason, `${qualified(kind)} "${about}" is forbidden: ${said}`,
      { details: { name: about, ...(kind.group && { group: kind.group }), kind: kind.plural, causes: [{ message: said }] } });
  }
}
