// What a test may ask of the server: JSON commands, one a line on standard input or one a POST on the control port.
import http from 'node:http';
import readline from 'node:readline';
import * as clock from './clock.mjs';
import { findByKind, kinds } from './kinds.mjs';
import { StatusError } from './status.mjs';
import { boundTo } from './reviews.mjs';

const pathOf = (kind, { namespace, name }) =>
  `${kind.group ? `/apis/${kind.group}` : '/api'}/${kind.version}${namespace ? `/namespaces/${namespace}` : ''}/${kind.plural}${name ? `/${name}` : ''}`;

const kindNamed = (resource) => {
  const kind = kinds.find((one) => one.table === resource || one.plural === resource);
  if (!kind) throw new Error(`No resource '${resource}' is served.`);
  return kind;
};

export const commands = {
  /** Makes an object, or replaces the one of that name, as the cluster's own components would: unvalidated by admission, checked as all are. */
  put(server, { object }) {
    const kind = findByKind(object.apiVersion, object.kind);
    if (!kind) throw new Error(`${object.apiVersion} ${object.kind} is not served.`);
    const { namespace, name } = object.metadata;
    const old = server.store.get(kind.table, namespace, name);
    const fresh = { ...object.metadata, resourceVersion: undefined };
    const stored = old ? server.call('PUT', `${pathOf(kind, { namespace, name })}?fieldValidation=Strict`, { ...object, metadata: fresh, ...(kind.unconditional || { metadata: { ...fresh, resourceVersion: old.metadata.resourceVersion } }) })
      : server.call('POST', `${pathOf(kind, { namespace })}?fieldValidation=Strict`, { ...object, metadata: fresh });
    if (!object.status || !kind.hasStatus) return stored;
    return server.call('PUT', `${pathOf(kind, { namespace, name: stored.metadata.name })}/status?fieldValidation=Strict`, { ...stored, status: object.status }, { userAgent: 'kubelet/v1.36.0' });
  },

  /** Any request, as the administrator: { method, path, body, contentType, userAgent }. */
  request: (server, { method = 'GET', path, body, contentType, userAgent }) => server.call(method, path, body, { contentType, userAgent }),

  /** Deletes an object and makes it anew under another uid: a node that was removed and joined again. */
  recreate(server, { resource = 'nodes', namespace, name }) {
    const { table } = kindNamed(resource);
    const old = server.store.get(table, namespace, name);
    if (!old) throw new Error(`There is no ${resource} ${name}.`);
    server.store.remove(table, old);
    const { uid, resourceVersion, creationTimestamp, managedFields, ...metadata } = old.metadata;
    return commands.put(server, { object: { ...structuredClone(old), metadata } });
  },

  /** { match, times, then }: see faults.mjs. */
  fault: (server, command) => server.faults.add(command),
  faults: (server) => server.faults.all,
  clear(server, { id }) {
    server.faults.remove(id);
    if (id === undefined) server.mostInFlight = Infinity;
  },

  /** More requests at once than this are refused with 429, as max-in-flight does: plain text, Retry-After 1. Null takes the limit away. */
  limit(server, { inFlight, latency }) {
    server.mostInFlight = inFlight ?? Infinity;
    server.options.latency = latency ?? 0;
  },

  /** { do: freeze | thaw | silence | hear | reset | goaway | down | up } */
  async wire(server, { do: what }) {
    const actions = {
      freeze: () => server.wire.freeze(true), thaw: () => server.wire.freeze(false), silence: () => server.wire.silence(true), hear: () => server.wire.silence(false),
      reset: () => server.wire.reset(), goaway: () => server.goAway(), down: () => server.wire.down(), up: () => server.wire.up(),
    };
    if (!actions[what]) throw new Error(`The wire can ${Object.keys(actions).join(', ')}; not '${what}'.`);
    await actions[what]();
    return { open: server.wire.open };
  },

  /** { do: silence | cut | end | expire | bookmark, resource }: what happens to the watches that are open. */
  watches(server, { do: what, resource }) {
    const found = [...server.watches].filter(({ request }) => !resource || request.kind.plural === resource);
    const actions = {
      silence: (handle) => (handle.isSilent = true), cut: (handle) => handle.cut(), end: (handle) => handle.end(), bookmark: (handle) => handle.bookmark(),
      expire: (handle) => handle.fail(new StatusError(410, 'Expired', 'too old resource version').toStatus()),
    };
    if (what && !actions[what]) throw new Error(`A watch can be told ${Object.keys(actions).join(', ')}; not '${what}'.`);
    if (what) found.forEach(actions[what]);
    return { count: found.length };
  },

  compact: (server) => server.store.compact(),
  skip: (server, { count = 1000 }) => server.store.skip(count),

  /** { show: good | expired | wrong-name | other-ca } */
  certificate: (server, { show }) => server.useCertificate(show),
  clock: (server, { skewSeconds }) => clock.setSkew(skewSeconds),
  controllers: (server, { run }) => (run ? server.controllers.resume() : server.controllers.stop()),

  /** A token of any lifetime (below zero: expired), bound to a pod or node if named; written into FOLDER/folder as a pod sees it. */
  token(server, { namespace, account, pod, node, lifetime, folder }) {
    const found = server.store.get('serviceaccounts', namespace, account);
    if (!found) throw new Error(`There is no service account ${namespace}/${account}.`);
    const bound = pod ? boundTo(server, namespace, account, { kind: 'Pod', name: pod }) : node ? boundTo(server, namespace, account, { kind: 'Node', name: node }) : {};
    const made = server.credentials.token({ namespace, account, uid: found.metadata.uid, lifetime, ...bound });
    if (folder) server.credentials.writeAccount(folder, { token: made.token, namespace });
    return made;
  },

  /** From now on a token is as good as expired. */
  revoke(server, { token }) {
    const claims = server.credentials.claims(token);
    if (claims) server.revoked.add(claims.jti);
  },

  /** What was asked since the last clear: { clear, where: { verb, resource, ... }, count }. `where` holds regular expressions. */
  journal(server, { clear = false, where = {}, count = false }) {
    const tests = Object.entries(where).map(([field, text]) => [field, new RegExp(text)]);
    const found = server.journal.filter((entry) => tests.every(([field, pattern]) => pattern.test(String(entry[field] ?? ''))));
    if (clear) server.journal = [];
    return count ? { count: found.length } : found;
  },
};

export async function run(server, command) {
  try {
    if (!Object.hasOwn(commands, command.command)) throw new Error(`There is no command '${command.command}'; there are ${Object.keys(commands).join(', ')}.`);
    return { ok: true, command: command.command, result: await commands[command.command](server, command) ?? null };
  } catch (error) {
    return { ok: false, command: command.command, error: error.message, ...(error instanceof StatusError && { status: error.toStatus() }) };
  }
}

const parse = (text) => {
  try {
    return JSON.parse(text);
  } catch (error) {
    return { command: `unreadable: ${error.message}` };
  }
};

/** @returns the address of the control port: POST a command, read its answer. */
export async function serveControl(server) {
  const control = http.createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += part;
    const answer = await run(server, parse(text));
    response.writeHead(answer.ok ? 200 : 400, { 'content-type': 'application/json' }).end(`${JSON.stringify(answer)}\n`);
  });
  await new Promise((done) => control.listen(0, '127.0.0.1', done));
  return { control, url: `http://127.0.0.1:${control.address().port}` };
}

/** Commands of standard input, answered in order, each by a line. */
export async function readCommands(server, print) {
  for await (const line of readline.createInterface({ input: process.stdin }))
    if (line.trim() !== '') print({ event: 'answer', ...(await run(server, parse(line))) });
}
