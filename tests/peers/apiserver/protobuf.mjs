// kubectl writes some small objects as protobuf: an envelope (magic, runtime.Unknown) around a message. Just these can be read.
import { unsupportedMedia } from './status.mjs';

const string = 'string', integer = 'integer', bool = 'bool', strings = ['string'];

/** Message -> field number -> [name, type]; a list is the type in brackets. */
const messages = {
  ObjectMeta: { 1: ['name', string], 2: ['generateName', string], 3: ['namespace', string], 5: ['uid', string], 6: ['resourceVersion', string], 11: ['labels', 'map'], 12: ['annotations', 'map'] },
  Preconditions: { 1: ['uid', string], 2: ['resourceVersion', string] },
  DeleteOptions: { 1: ['gracePeriodSeconds', integer], 2: ['preconditions', 'Preconditions'], 3: ['orphanDependents', bool], 4: ['propagationPolicy', string], 5: ['dryRun', strings] },
  Eviction: { 1: ['metadata', 'ObjectMeta'], 2: ['deleteOptions', 'DeleteOptions'] },
  Namespace: { 1: ['metadata', 'ObjectMeta'] },
  ServiceAccount: { 1: ['metadata', 'ObjectMeta'] },
  BoundObjectReference: { 1: ['kind', string], 2: ['apiVersion', string], 3: ['name', string], 4: ['uid', string] },
  TokenRequestSpec: { 1: ['audiences', strings], 3: ['boundObjectRef', 'BoundObjectReference'], 4: ['expirationSeconds', integer] },
  TokenRequest: { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'TokenRequestSpec'] },
  TokenReviewSpec: { 1: ['token', string], 2: ['audiences', strings] },
  TokenReview: { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'TokenReviewSpec'] },
  SelfSubjectReview: { 1: ['metadata', 'ObjectMeta'] },
  ResourceAttributes: { 1: ['namespace', string], 2: ['verb', string], 3: ['group', string], 4: ['version', string], 5: ['resource', string], 6: ['subresource', string], 7: ['name', string] },
  NonResourceAttributes: { 1: ['path', string], 2: ['verb', string] },
  SelfSubjectAccessReviewSpec: { 1: ['resourceAttributes', 'ResourceAttributes'], 2: ['nonResourceAttributes', 'NonResourceAttributes'] },
  SelfSubjectAccessReview: { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'SelfSubjectAccessReviewSpec'] },
  SelfSubjectRulesReviewSpec: { 1: ['namespace', string] },
  SelfSubjectRulesReview: { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'SelfSubjectRulesReviewSpec'] },
  TypeMeta: { 1: ['apiVersion', string], 2: ['kind', string] },
  Unknown: { 1: ['typeMeta', 'TypeMeta'], 2: ['raw', 'bytes'] },
  Entry: { 1: ['key', string], 2: ['value', string] },
};

export const protobufType = 'application/vnd.kubernetes.protobuf';

export function parseProtobuf(body) {
  const refusal = unsupportedMedia(['application/json', 'application/yaml']);
  if (body.subarray(0, 4).toString('latin1') !== 'k8s\0') throw refusal;
  const { typeMeta: { apiVersion, kind } = {}, raw } = read(body.subarray(4), 'Unknown');
  if (!raw || !messages[kind]) throw refusal;
  return { apiVersion, kind, ...read(raw, kind) };
}

function read(bytes, message) {
  const fields = messages[message];
  const result = {};
  let at = 0;
  const varint = () => {
    let [value, shift] = [0n, 0n];
    for (let more = true; more && at < bytes.length; shift += 7n) {
      more = bytes[at] > 127;
      value |= BigInt(bytes[at++] & 127) << shift;
    }
    return Number(BigInt.asIntN(64, value));
  };
  while (at < bytes.length) {
    const tag = varint();
    const [name, type] = fields[tag >> 3] ?? [];
    const wire = tag & 7;
    let value = wire === 0 ? varint() : null;
    if (wire === 2) {
      const size = varint();
      value = bytes.subarray(at, at += size);
    } else if (wire !== 0) throw unsupportedMedia(['application/json', 'application/yaml']);
    if (!name) continue;
    const plain = Array.isArray(type) ? type[0] : type;
    const is = plain === integer || plain === 'bytes' ? value : plain === bool ? value !== 0 : plain === string ? value.toString() : plain === 'map' ? read(value, 'Entry') : read(value, plain);
    if (Array.isArray(type)) (result[name] ??= []).push(is);
    else if (type === 'map') (result[name] ??= {})[is.key] = is.value ?? '';
    else if (is !== '') result[name] = is;
  }
  return result;
}
