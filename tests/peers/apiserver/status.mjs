// Failures as the API server words them: a Status object with code, reason, details and, where it applies, Retry-After.

export class StatusError extends Error {
  constructor(code, reason, message, { details, headers } = {}) {
    super(message);
    Object.assign(this, { code, reason, details, headers: headers ?? {} });
  }

  toStatus() {
    return {
      kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: this.message,
      ...(this.reason && { reason: this.reason }), ...(this.details && { details: this.details }), code: this.code,
    };
  }
}

/** `leases.coordination.k8s.io`, or `nodes` for the core group. */
export const qualified = (kind) => (kind.group ? `${kind.plural}.${kind.group}` : kind.plural);

const about = (kind, name) => ({ ...(name && { name }), ...(kind.group && { group: kind.group }), kind: kind.plural });

export const badRequest = (message) => new StatusError(400, 'BadRequest', message);
export const unauthorized = () => new StatusError(401, 'Unauthorized', 'Unauthorized');
export const notAcceptable = () =>
  new StatusError(406, 'NotAcceptable', 'only the following media types are accepted: application/json, application/yaml');
export const unsupportedMedia = (accepted) => new StatusError(415, 'UnsupportedMediaType',
  `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`);
export const tooLarge = (message) => new StatusError(413, 'RequestEntityTooLarge', message);
export const expired = (message) => new StatusError(410, 'Expired', message);
export const unworded = (code, message) => new StatusError(code, '', message);
export const internal = (message) =>
  new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, { details: { causes: [{ message }] } });

export const methodNotAllowed = () =>
  new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', { details: {} });

export const noSuchPath = () => new StatusError(404, 'NotFound', 'the server could not find the requested resource', { details: {} });

export const notFound = (kind, name) =>
  new StatusError(404, 'NotFound', `${qualified(kind)} "${name}" not found`, { details: about(kind, name) });

export const alreadyExists = (kind, name) =>
  new StatusError(409, 'AlreadyExists', `${qualified(kind)} "${name}" already exists`, { details: about(kind, name) });

export const conflict = (kind, name, why) => new StatusError(409, 'Conflict',
  `Operation cannot be fulfilled on ${qualified(kind)} "${name}": ${why}`, { details: about(kind, name) });

export const modified = (kind, name) =>
  conflict(kind, name, 'the object has been modified; please apply your changes to the latest version and try again');

export const forbidden = (kind, name, why, causes) => new StatusError(403, 'Forbidden',
  `${qualified(kind)}${name ? ` "${name}"` : ''} is forbidden: ${why}`, { details: { ...about(kind, name), ...(causes && { causes }) } });

export const tooManyRequests = (message, seconds, causes) => new StatusError(429, 'TooManyRequests', message, {
  details: { ...(causes && { causes }), ...(seconds > 0 && { retryAfterSeconds: seconds }) },
  headers: seconds > 0 ? { 'retry-after': String(seconds) } : {},
});

/** A fault of one field, for `invalid`. `reason` is FieldValueInvalid, FieldValueRequired, FieldValueForbidden, ... */
export const fault = (field, words, value, reason = 'FieldValueInvalid') => {
  const said = {
    FieldValueRequired: 'Required value', FieldValueForbidden: 'Forbidden', FieldValueDuplicate: 'Duplicate value',
    FieldValueNotSupported: 'Unsupported value', FieldValueTooLong: 'Too long',
  }[reason] ?? 'Invalid value';
  const shown = ['FieldValueRequired', 'FieldValueForbidden', 'FieldValueTooLong'].includes(reason) ? '' : `: ${JSON.stringify(value) ?? 'null'}`;
  return { reason, message: `${said}${shown}${words ? `: ${words}` : ''}`, field };
};

export const required = (field, words = '') => fault(field, words, undefined, 'FieldValueRequired');
export const refused = (field, words) => fault(field, words, undefined, 'FieldValueForbidden');
export const unsupported = (field, value, allowed) =>
  fault(field, `supported values: ${allowed.map((one) => JSON.stringify(one)).join(', ')}`, value, 'FieldValueNotSupported');

export function invalid(kind, name, causes) {
  const lines = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const said = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  const title = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
  return new StatusError(422, 'Invalid', `${title} "${name}" is invalid: ${said}`,
    { details: { name, ...(kind.group && { group: kind.group }), kind: kind.kind, causes } });
}
