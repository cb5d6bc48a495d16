// Answers that a test asked for instead of the true ones.
import { StatusError } from './status.mjs';

const reasons = {
  400: 'BadRequest', 401: 'Unauthorized', 403: 'Forbidden', 404: 'NotFound', 409: 'Conflict', 410: 'Expired', 422: 'Invalid', 429: 'TooManyRequests',
  500: 'InternalError', 503: 'ServiceUnavailable', 504: 'Timeout',
};

/**
 * A rule: { match: { method, path, query, user, userAgent, verb, resource, subresource }, times, then }. Texts of `match` are regular expressions.
 * `then` is any of { delay: ms }, { status, reason, message, retryAfter, headers }, { html }, { text }, { hang: true }, { reset: true }, { cutAfter: bytes }.
 */
export class Faults {
  #rules = [];
  #next = 1;

  add({ match = {}, times = Infinity, then }) {
    if (typeof then !== 'object') throw new Error('A fault needs a "then": { "status": 503 }, { "delay": 100 }, { "hang": true }, ...');
    const tests = Object.entries(match).map(([field, text]) => [field, new RegExp(text)]);
    const rule = { id: this.#next++, tests, left: times, hits: 0, then };
    this.#rules.push(rule);
    return { id: rule.id };
  }

  remove(id) {
    this.#rules = id === undefined ? [] : this.#rules.filter((rule) => rule.id !== id);
  }

  get all() {
    return this.#rules.map(({ id, hits, left, then }) => ({ id, hits, left: Number.isFinite(left) ? left : null, then }));
  }

  /** The first rule that is about a request, counted; or undefined. */
  take(request) {
    const rule = this.#rules.find(({ left, tests }) => left > 0 && tests.every(([field, pattern]) => pattern.test(String(request[field] ?? ''))));
    if (!rule) return undefined;
    rule.left--;
    rule.hits++;
    return rule.then;
  }
}

/** The answer of a rule, or null where the true one is to follow. */
export function faultAnswer({ status, reason, message, retryAfter, headers = {}, html, text }) {
  const all = { ...headers, ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }) };
  if (html !== undefined) return { code: status ?? 200, body: html, type: 'text/html; charset=utf-8', headers: all };
  if (text !== undefined) return { code: status ?? 200, body: text, type: 'text/plain; charset=utf-8', headers: all };
  if (status === undefined) return null;
  const details = typeof retryAfter === 'number' ? { retryAfterSeconds: retryAfter } : undefined;
  const error = new StatusError(status, reason ?? reasons[status] ?? '', message ?? 'asked for by a test', { details });
  return { code: status, object: error.toStatus(), headers: all };
}
