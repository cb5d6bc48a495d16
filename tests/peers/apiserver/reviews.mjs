// Questions about rights and tokens: TokenRequest, TokenReview, the SubjectAccessReviews, SelfSubjectReview.
import { badRequest, conflict, fault, invalid, notFound } from './status.mjs';
import { find } from './kinds.mjs';
import { decodeObject, parseBody } from './writing.mjs';
import { timestamp } from './clock.mjs';
import { isAllowed, rulesOf, tokenUser } from './users.mjs';
import { issuer } from './credentials.mjs';

const userInfo = ({ username, groups, uid, extra }) => ({ username, ...(uid && { uid }), groups, ...(Object.keys(extra).length > 0 && { extra }) });

export function review(server, request) {
  const object = decodeObject(parseBody(request), request.kind, request);
  const answer = answers[request.kind.kind](server, request, object.spec ?? {});
  return { code: 201, object: { ...object, metadata: { ...object.metadata, creationTimestamp: null }, ...answer } };
}

const answers = {
  SelfSubjectReview: (server, { user }) => ({ status: { userInfo: userInfo(user) } }),
  SelfSubjectAccessReview: (server, { user, kind }, spec) => ({ status: access(server, user, spec, kind) }),
  SubjectAccessReview: (server, { kind }, spec) => ({ status: access(server, { username: spec.user ?? '', groups: spec.groups ?? [], uid: '', extra: {} }, spec, kind) }),
  LocalSubjectAccessReview: (server, { kind }, spec) => ({ status: access(server, { username: spec.user ?? '', groups: spec.groups ?? [], uid: '', extra: {} }, spec, kind) }),
  SelfSubjectRulesReview: (server, { user }, spec) => {
    const rules = user.groups.includes('system:masters')
      ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }] : rulesOf(server, user, spec.namespace);
    return { status: {
      incomplete: false,
      resourceRules: rules.filter((rule) => rule.resources).map(({ verbs, apiGroups, resources, resourceNames }) => ({ verbs, apiGroups, resources, ...(resourceNames && { resourceNames }) })),
      nonResourceRules: rules.filter((rule) => rule.nonResourceURLs).map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    } };
  },
  TokenReview: (server, { kind }, { token, audiences }) => {
    if (!token) throw invalid(kind, '', [fault('spec.token', '', '')]);
    const user = tokenUser(server, token, audiences);
    return { status: user ? { authenticated: true, user: userInfo(user), audiences: audiences ?? [issuer] } : { user: {}, error: '[invalid bearer token, service account token has expired]' } };
  },
};

function access(server, user, { resourceAttributes: resource, nonResourceAttributes: other }, kind) {
  if (Boolean(resource) === Boolean(other)) throw invalid(kind, '', [fault('spec.resourceAttributes', 'exactly one of nonResourceAttributes or resourceAttributes must be specified', resource)]);
  const asked = other ? { verb: other.verb, path: other.path }
    : { verb: resource.verb, group: resource.group ?? '', resource: resource.resource, subresource: resource.subresource ?? '', namespace: resource.namespace, name: resource.name };
  const allowed = isAllowed(server, user, asked);
  return { allowed, ...(allowed && { reason: 'RBAC: allowed by a role' }) };
}

const hour = 3600, longest = 2 ** 32;

/** POST serviceaccounts/NAME/token */
export function requestToken(server, request) {
  const { namespace, name, kind: accounts } = request;
  const kind = { kind: 'TokenRequest', group: 'authentication.k8s.io', version: 'v1', apiVersion: 'authentication.k8s.io/v1', schema: 'TokenRequest' };
  const object = decodeObject(parseBody(request), kind, request);
  const { expirationSeconds = hour, audiences = [issuer], boundObjectRef } = object.spec ?? {};
  const causes = [];
  if (expirationSeconds < 600) causes.push(fault('spec.expirationSeconds', 'may not specify a duration less than 10 minutes', expirationSeconds));
  if (expirationSeconds > longest) causes.push(fault('spec.expirationSeconds', 'may not specify a duration larger than 2^32 seconds', expirationSeconds));
  if (causes.length > 0) throw invalid(kind, '', causes);
  const account = server.store.get('serviceaccounts', namespace, name);
  if (!account) throw notFound(accounts, name);
  const bound = boundObjectRef ? boundTo(server, namespace, name, boundObjectRef) : {};
  const { token, expires } = server.credentials.token({ namespace, account: name, uid: account.metadata.uid, lifetime: expirationSeconds, audiences, ...bound });
  return { code: 201, object: {
    ...object, metadata: { name, namespace, creationTimestamp: null },
    spec: { ...object.spec, audiences, expirationSeconds }, status: { token, expirationTimestamp: timestamp(expires) },
  } };
}

/** The pod (with its node) or the node that a token is bound to, as claims. */
export function boundTo(server, namespace, account, { kind, name, uid }) {
  const claim = (object) => object && { name: object.metadata.name, uid: object.metadata.uid };
  const found = kind === 'Pod' ? server.store.get('pods', namespace, name) : kind === 'Node' ? server.store.get('nodes', undefined, name) : null;
  if (!['Pod', 'Node'].includes(kind)) throw badRequest(`cannot bind token for serviceaccount "${account}" to object of type "${kind}"`);
  const kindOf = find('', 'v1', kind === 'Pod' ? 'pods' : 'nodes');
  if (!found) throw notFound(kindOf, name);
  if (uid && uid !== found.metadata.uid)
    throw conflict(kindOf, name, `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`);
  if (kind === 'Node') return { node: claim(found) };
  if ((found.spec?.serviceAccountName ?? 'default') !== account)
    throw badRequest(`cannot bind token for serviceaccount "${account}" to pod running with different serviceaccount name.`);
  return { pod: claim(found), node: claim(server.store.get('nodes', undefined, found.spec?.nodeName)) };
}
