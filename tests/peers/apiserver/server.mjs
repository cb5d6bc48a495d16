// The API server itself: reads requests, decides who may, and hands them to what answers.
import { randomUUID } from 'node:crypto';
import http2 from 'node:http2';
import zlib from 'node:zlib';
import * as clock from './clock.mjs';
import { find, kinds } from './kinds.mjs';
import { badRequest, methodNotAllowed, noSuchPath, notAcceptable, StatusError, tooLarge } from './status.mjs';
import { authenticate, authorize, impersonated } from './users.mjs';
import { discover } from './discovery.mjs';
import { get, list, watch } from './reading.mjs';
import { create, patch, remove, removeObject, update, deleteOptions } from './writing.mjs';
import { evict } from './eviction.mjs';
import { requestToken, review } from './reviews.mjs';
import { shaped, wanted } from './tables.mjs';
import { Controllers } from './controllers.mjs';
import { faultAnswer, Faults } from './faults.mjs';
import { Policies } from './policies.mjs';
import { Store } from './store.mjs';
import { Wire } from './wire.mjs';

const largestRequest = 3 * 1024 * 1024;
const compressedFrom = 128 * 1024;

export class ApiServer {
  store = new Store();
  faults = new Faults();
  policies = new Policies(this);
  watches = new Set();
  revoked = new Set(); // ids of tokens
  journal = [];
  inFlight = 0;
  mostInFlight = Infinity;
  kinds = kinds;
  now = clock.now;

  constructor(credentials, options) {
    Object.assign(this, { credentials, options });
    this.controllers = new Controllers(this);
  }

  async listen(port) {
    const { key, cert } = this.credentials.serverCertificate('good');
    this.http = http2.createSecureServer({
      key, cert, ca: this.credentials.read('ca.crt'), allowHTTP1: true, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2',
      settings: { maxConcurrentStreams: 100 },
    }, (request, response) => void this.#serve(request, response));
    this.sessions = new Set();
    this.http.on('session', (session) => {
      this.sessions.add(session);
      session.on('close', () => this.sessions.delete(session)).on('error', () => {});
    });
    for (const event of ['tlsClientError', 'sessionError', 'clientError']) this.http.on(event, (_, socket) => event === 'clientError' && socket.destroy());
    await new Promise((done) => this.http.listen(0, '127.0.0.1', done));
    this.wire = new Wire(this.http.address().port);
    return `https://127.0.0.1:${await this.wire.listen(port)}`;
  }

  /** From now on new connections are shown another certificate. */
  useCertificate(what) {
    this.http.setSecureContext({ ...this.credentials.serverCertificate(what), ca: this.credentials.read('ca.crt') });
  }

  goAway() {
    for (const session of this.sessions) session.goaway();
  }

  async #serve(incoming, response) {
    const started = process.hrtime.bigint();
    const url = new URL(incoming.url, 'https://server');
    const request = {
      method: incoming.method, path: url.pathname, query: url.searchParams, contentType: incoming.headers['content-type'], accept: incoming.headers.accept ?? '',
      userAgent: incoming.headers['user-agent'], encoding: incoming.headers['accept-encoding'] ?? '', warnings: [], http: incoming.httpVersion,
    };
    const entry = { time: new Date().toISOString(), method: request.method, path: request.path, query: url.search.slice(1), contentType: request.contentType,
      accept: request.accept, userAgent: request.userAgent, http: request.http, user: null, verb: null, resource: null, status: 0, bytesIn: 0, bytes: 0, milliseconds: null };
    this.journal.push(entry);
    if (this.journal.length > 100_000) this.journal.splice(0, 50_000);
    const finish = () => (entry.milliseconds ??= Number(process.hrtime.bigint() - started) / 1e6);
    response.on('close', finish).on('finish', finish).on('error', () => {});
    incoming.on('error', () => {});
    const out = { response, entry, request, cutAfter: Infinity };
    let counted = false;
    try {
      request.body = await readBody(incoming);
      entry.bytesIn = request.body.length;
      Object.assign(request, parsePath(request));
      Object.assign(entry, { verb: request.verb, resource: [request.kind?.plural ?? request.resource, request.subresource].filter(Boolean).join('/') || null, name: request.name ?? null, namespace: request.namespace ?? null });
      if (!await this.#misbehave(request, out)) return;
      if (request.verb !== 'watch') {
        counted = true;
        if (++this.inFlight > this.mostInFlight) {
          send(out, { code: 429, body: 'Too many requests, please try again later.\n', type: 'text/plain; charset=utf-8', headers: { 'retry-after': '1' } });
          return;
        }
        if (this.options.latency) await new Promise((done) => setTimeout(done, this.options.latency));
      }
      request.user = impersonated(this, authenticate(this, incoming.headers.authorization, peerOf(incoming)), incoming.headers);
      entry.user = request.user.username;
      if (request.verb === 'watch') this.#stream(request, out);
      else send(out, this.dispatch(request));
    } catch (error) {
      const known = error instanceof StatusError;
      if (!known) process.stderr.write(`${request.method} ${incoming.url}: ${error.stack}\n`);
      if (!response.headersSent) send(out, { code: known ? error.code : 500, object: (known ? error : new StatusError(500, 'InternalError', String(error))).toStatus(), headers: error.headers });
    } finally {
      if (counted) this.inFlight--;
    }
  }

  /** Does what a fault wants. @returns whether the true answer follows. */
  async #misbehave(request, out) {
    const then = this.faults.take({ ...request, query: request.query.toString(), resource: request.kind?.plural });
    if (!then) return true;
    if (then.delay) await new Promise((done) => setTimeout(done, then.delay));
    if (then.hang) return false;
    if (then.reset) {
      breakOff(out.response);
      return false;
    }
    if (then.cutAfter !== undefined) out.cutAfter = then.cutAfter;
    const answer = faultAnswer(then);
    if (answer) send(out, answer);
    return !answer;
  }

  /** Everything but watches. @returns { code, object } or { code, body, type } */
  dispatch(request) {
    const { verb, kind, subresource, path, user } = request;
    if (!known.has(verb)) throw methodNotAllowed();
    authorize(this, user, asked(request));
    if (!request.isResource) {
      if (verb !== 'get') throw methodNotAllowed();
      return { code: 200, ...discover(path.replace(/(.)\/$/, '$1'), request.accept) };
    }
    if (!kind) throw noSuchPath();
    const as = wanted(request.accept);
    if (as === undefined) throw notAcceptable();
    const answer = subresource ? this.#subresource(request) : this.#resource(request);
    return { ...answer, object: shaped(answer.object, kind, as, request.query) };
  }

  #resource(request) {
    const { kind, verb, name, namespace } = request;
    if (kind.isReview) {
      if (verb !== 'create' || name) throw methodNotAllowed();
      return review(this, request);
    }
    if (verb === 'create' && (name || (kind.namespaced && !namespace))) throw methodNotAllowed();
    switch (verb) {
      case 'get': return { code: 200, object: get(this, request) };
      case 'list': return { code: 200, object: list(this, request) };
      case 'create': return create(this, request);
      case 'update': return update(this, request);
      case 'patch': return patch(this, request);
      case 'delete': return remove(this, request);
      case 'deletecollection': return this.#removeAll(request);
      default: throw methodNotAllowed();
    }
  }

  #subresource(request) {
    const { kind, subresource, verb } = request;
    if (subresource === 'status' && kind.hasStatus) {
      if (verb === 'get') return { code: 200, object: get(this, request) };
      if (verb === 'update') return update(this, request);
      if (verb === 'patch') return patch(this, request);
      throw methodNotAllowed();
    }
    if (!kind.subresources.some(({ name }) => name === subresource)) throw noSuchPath();
    if (verb !== 'create') throw methodNotAllowed();
    return subresource === 'eviction' ? evict(this, request) : requestToken(this, request);
  }

  #removeAll(request) {
    const options = deleteOptions(request);
    const found = list(this, { ...request, body: Buffer.alloc(0) });
    for (const { metadata } of found.items)
      removeObject(this, { ...request, name: metadata.name }, request.kind, this.store.get(request.kind.table, metadata.namespace, metadata.name), options);
    return { code: 200, object: found };
  }

  #stream(request, { response, entry }) {
    const { kind, user, query, accept } = request;
    authorize(this, user, asked(request));
    if (!kind || kind.isReview) throw noSuchPath();
    const as = wanted(accept.replace(/;stream=watch/g, ''));
    if (as === undefined) throw notAcceptable();
    let isFirst = true;
    const buffered = [];
    const write = (event) => {
      let { object } = event;
      if (as && event.type === 'BOOKMARK') object = shaped({ kind: `${kind.kind}List`, metadata: object.metadata, items: [] }, kind, as === 'Table' ? as : null, query);
      else if (as && event.type !== 'ERROR') object = shaped(object, kind, as, query, isFirst);
      isFirst = false;
      const line = `${JSON.stringify({ type: event.type, object })}\n`;
      entry.bytes += Buffer.byteLength(line);
      if (response.headersSent) response.write(line);
      else buffered.push(line);
    };
    let isEnded = false;
    const handle = watch(this, request, write, () => (response.headersSent ? response.end() : (isEnded = true)));
    handle.cut = () => breakOff(response);
    handle.end = () => (handle.stop(), response.end());
    response.on('close', () => handle.stop());
    entry.status = 200;
    response.writeHead(200, { ...common(), 'content-type': 'application/json' });
    response.flushHeaders?.();
    buffered.forEach((line) => response.write(line));
    if (isEnded) response.end();
  }

  /** A request of the cluster's own, without the network: method, path with query, body as an object. */
  call(method, target, object, { contentType = 'application/json', userAgent = 'stand-in/1', user = masters } = {}) {
    const url = new URL(target, 'https://server');
    const request = { method, path: url.pathname, query: url.searchParams, contentType, accept: 'application/json', userAgent, warnings: [], user,
      body: Buffer.from(object === undefined ? '' : JSON.stringify(object)) };
    Object.assign(request, parsePath(request));
    const answer = this.dispatch(request);
    if (request.warnings.length > 0) throw badRequest(request.warnings.join(', '));
    return answer.object ?? answer.body;
  }

  async close() {
    this.controllers.stop();
    for (const handle of [...this.watches]) handle.stop();
    await this.wire.close();
    for (const session of this.sessions) session.destroy();
    this.http.close();
  }
}

const known = new Set(['get', 'list', 'create', 'update', 'patch', 'delete', 'deletecollection']);
const asked = ({ isResource, verb, path, group, resource, subresource, namespace, name }) => (isResource ? { verb, group, resource, subresource, namespace, name } : { verb, path });
const masters = { username: 'system:admin', groups: ['system:masters', 'system:authenticated'], uid: '', extra: {} };
const common = () => ({ 'audit-id': randomUUID(), 'cache-control': 'no-cache, private', date: new Date(clock.now()).toUTCString() });

/** The parts of a path and the verb, as rights are written about them. */
export function parsePath({ method, path, query }) {
  const steps = path.split('/').filter((step) => step !== '').map(decodeURIComponent);
  const isCore = steps[0] === 'api';
  const rest = steps.slice(isCore ? 2 : 3);
  if (!(isCore || steps[0] === 'apis') || rest.length === 0) return { isResource: false, verb: method.toLowerCase() };
  const [group, version] = isCore ? ['', steps[1]] : [steps[1], steps[2]];
  let namespace;
  if (rest[0] === 'namespaces' && rest.length > 2 && !(rest.length === 3 && ['status', 'finalize'].includes(rest[2]))) {
    namespace = rest[1];
    rest.splice(0, 2);
  }
  const [resource, named, subresource] = rest;
  const isWatch = ['true', '1'].includes(query.get('watch'));
  const verb = { GET: named ? 'get' : isWatch ? 'watch' : 'list', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: named ? 'delete' : 'deletecollection' }[method] ?? method.toLowerCase();
  const selected = ['list', 'watch', 'deletecollection'].includes(verb) ? /(?:^|,)metadata\.name==?([^,]+)/.exec(query.get('fieldSelector') ?? '')?.[1] : undefined;
  const kind = find(group, version, resource);
  const home = resource === 'namespaces' && group === '' ? named : namespace; // a namespace counts as within itself
  return { isResource: true, group, version, resource, kind, namespace: kind && !kind.namespaced ? undefined : home, name: named ?? selected, subresource, verb };
}

function readBody(incoming) {
  return new Promise((done, failed) => {
    const parts = [];
    let size = 0;
    incoming.on('data', (part) => {
      size += part.length;
      if (size <= largestRequest) parts.push(part);
    });
    incoming.on('end', () => (size > largestRequest ? failed(tooLarge(`Request entity too large: limit is ${largestRequest}`)) : done(Buffer.concat(parts))));
    incoming.on('aborted', () => failed(badRequest('unexpected EOF')));
  });
}

function send({ response, entry, request, cutAfter }, { code, object, body, type = 'application/json', headers = {} }) {
  let bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body ?? object));
  const all = { ...common(), 'content-type': type, ...headers };
  if (request.warnings.length > 0) all.warning = request.warnings.map((words) => `299 - ${JSON.stringify(words)}`);
  if (bytes.length > compressedFrom && /\bgzip\b/.test(request.encoding)) {
    bytes = zlib.gzipSync(bytes, { level: 1 });
    Object.assign(all, { 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
  }
  Object.assign(entry, { status: code, bytes: bytes.length });
  response.writeHead(code, { ...all, 'content-length': bytes.length });
  if (cutAfter < bytes.length && cutAfter > 0) response.write(bytes.subarray(0, cutAfter), () => breakOff(response));
  else if (cutAfter < bytes.length) { // node 20 ends itself on an empty write to a stream that is then closed
    response.flushHeaders();
    setImmediate(() => breakOff(response));
  }
  else response.end(bytes);
}

/** Ends an answer as a broken connection does. */
function breakOff(response) {
  if (response.stream?.session) response.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
  else response.socket?.destroy();
}

function peerOf(incoming) {
  const socket = incoming.stream?.session?.socket ?? incoming.socket;
  const certificate = socket.getPeerCertificate?.();
  return certificate?.subject ? { subject: certificate.subject, authorized: socket.authorized } : null;
}
