// Who is asking (client certificate, bearer token) and whether roles allow it.
import { find } from './kinds.mjs';
import { forbidden, StatusError, unauthorized } from './status.mjs';
import { issuer } from './credentials.mjs';

const anonymous = { username: 'system:anonymous', groups: ['system:unauthenticated'], uid: '', extra: {} };

/** @param peer the certificate of the connection: { subject, authorized } or null */
export function authenticate(server, authorization, peer) {
  const bearer = /^bearer\s+(\S+)$/i.exec(authorization ?? '');
  if (peer && !peer.authorized) throw unauthorized();
  if (peer) {
    const organisations = [peer.subject.O ?? []].flat();
    return { username: peer.subject.CN, groups: [...organisations, 'system:authenticated'], uid: '', extra: {} };
  }
  if (!authorization) return anonymous;
  const user = bearer && tokenUser(server, bearer[1]);
  if (!user) throw unauthorized();
  return user;
}

/** The user of a token, or null: also where the account or the pod that it is bound to is gone. */
export function tokenUser(server, token, audiences = [issuer]) {
  const claims = server.credentials.claims(token);
  if (!claims || server.revoked.has(claims.jti) || !claims.aud.some((one) => audiences.includes(one))) return null;
  const { namespace, serviceaccount, pod, node } = claims['kubernetes.io'];
  if (server.store.get('serviceaccounts', namespace, serviceaccount.name)?.metadata.uid !== serviceaccount.uid) return null;
  if (pod && server.store.get('pods', namespace, pod.name)?.metadata.uid !== pod.uid) return null;
  const about = 'authentication.kubernetes.io';
  return {
    username: claims.sub, uid: serviceaccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra: {
      [`${about}/credential-id`]: [`JTI=${claims.jti}`],
      ...(pod && { [`${about}/pod-name`]: [pod.name], [`${about}/pod-uid`]: [pod.uid] }),
      ...(node && { [`${about}/node-name`]: [node.name], [`${about}/node-uid`]: [node.uid] }),
    },
  };
}

const builtIn = [
  { groups: ['system:authenticated'], rules: [
    { apiGroups: ['authorization.k8s.io'], resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], verbs: ['create'] },
    { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
    { nonResourceURLs: ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*'], verbs: ['get'] },
  ] },
  { groups: ['system:authenticated', 'system:unauthenticated'], rules: [
    { nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'], verbs: ['get'] },
  ] },
];

const isSubject = (user, subject, home) => ({
  User: () => subject.name === user.username,
  Group: () => user.groups.includes(subject.name),
  ServiceAccount: () => user.username === `system:serviceaccount:${subject.namespace ?? home}:${subject.name}`,
})[subject.kind]?.() ?? false;

/** All rules that a user has cluster-wide and, where one is named, in a namespace. */
export function rulesOf(server, user, namespace) {
  const { store } = server;
  const table = (plural) => find('rbac.authorization.k8s.io', 'v1', plural).table;
  const role = ({ kind, name }, home) => (kind === 'ClusterRole' ? store.get(table('clusterroles'), undefined, name) : store.get(table('roles'), home, name))?.rules ?? [];
  const bindings = [...store.list(table('clusterrolebindings')), ...(namespace ? store.list(table('rolebindings'), namespace) : [])];
  return [
    ...builtIn.filter(({ groups }) => groups.some((group) => user.groups.includes(group))).flatMap(({ rules }) => rules),
    ...bindings.filter((binding) => (binding.subjects ?? []).some((subject) => isSubject(user, subject, binding.metadata.namespace)))
      .flatMap((binding) => role(binding.roleRef, binding.metadata.namespace)),
  ];
}

const has = (list, value) => list?.includes('*') || list?.includes(value);

function allows(rule, { verb, path, group, resource, subresource, name }) {
  if (!has(rule.verbs, verb)) return false;
  if (path) return rule.nonResourceURLs?.some((url) => url === path || url === '*' || (url.endsWith('*') && path.startsWith(url.slice(0, -1)))) ?? false;
  const full = subresource ? `${resource}/${subresource}` : resource;
  const isNamed = has(rule.resources, full) || (subresource && rule.resources?.includes(`*/${subresource}`));
  return has(rule.apiGroups, group) && isNamed && (!rule.resourceNames?.length || rule.resourceNames.includes(name));
}

/** @param asked { verb, path } or { verb, group, resource, subresource, namespace, name } */
export const isAllowed = (server, user, asked) =>
  user.groups.includes('system:masters') || rulesOf(server, user, asked.namespace).some((rule) => allows(rule, asked));

export function authorize(server, user, asked) {
  if (isAllowed(server, user, asked)) return;
  const { verb, path, group, resource, subresource, namespace, name } = asked;
  if (path) throw new StatusError(403, 'Forbidden', `forbidden: User ${JSON.stringify(user.username)} cannot ${verb} path ${JSON.stringify(path)}`, { details: {} });
  const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope';
  throw forbidden({ plural: resource, group }, name,
    `User ${JSON.stringify(user.username)} cannot ${verb} resource ${JSON.stringify(subresource ? `${resource}/${subresource}` : resource)} in API group ${JSON.stringify(group)} ${where}`);
}

/** The user that an administrator acts as (Impersonate-User, Impersonate-Group). */
export function impersonated(server, user, headers) {
  const name = headers['impersonate-user'];
  if (!name) return user;
  authorize(server, user, { verb: 'impersonate', group: '', resource: 'users', name });
  const groups = [headers['impersonate-group'] ?? []].flat().flatMap((one) => one.split(/, */));
  const [, , namespace] = /^system:serviceaccount:/.test(name) ? name.split(':') : [];
  return { username: name, uid: '', extra: {}, groups: [...groups, ...(namespace ? ['system:serviceaccounts', `system:serviceaccounts:${namespace}`] : []), 'system:authenticated'] };
}
