// get, list and watch: versions, pages, bookmarks, and 410 for what was compacted.
import { badRequest, expired, invalid, notFound, refused, StatusError, unsupported } from './status.mjs';
import { labelSelector, fieldSelector, fieldTerms } from './selectors.mjs';

const listOptions = { kind: 'ListOptions', group: 'meta.k8s.io' };
const initialEventsEnd = 'k8s.io/initial-events-end';

export function get(server, { kind, namespace, name, query }) {
  versionOf(server, query.get('resourceVersion'));
  const object = server.store.get(kind.table, namespace, name);
  if (!object) throw notFound(kind, name);
  return kind.out(object);
}

/** @returns the revision asked for, or null. One of the future is refused, as the watch cache does after waiting for it. */
function versionOf(server, text) {
  if (!text) return null;
  if (!/^\d+$/.test(text)) throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  const revision = Number(text);
  if (revision > server.store.revision)
    throw new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${revision}, current: ${server.store.revision}`, {
      details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
      headers: { 'retry-after': '1' },
    });
  return revision;
}

function tests({ kind, query, name }) {
  const terms = fieldTerms(query.get('fieldSelector'), kind);
  const [byLabel, byField] = [labelSelector(query.get('labelSelector')), fieldSelector(terms, kind)];
  return { isFiltered: Boolean(query.get('labelSelector') || terms.length > 0 || name), matches: (object) => byLabel(object) && byField(object) };
}

export function list(server, request) {
  const { kind, namespace, query } = request;
  const { isFiltered, matches } = tests(request);
  const [match, token] = [query.get('resourceVersionMatch'), query.get('continue')];
  checkMatch(query, match, token);
  const limit = Number(query.get('limit') ?? 0);
  if (!Number.isInteger(limit) || limit < 0) throw badRequest(`limit: Invalid value: ${query.get('limit')}`);

  let { revision, start } = { revision: server.store.revision, start: '' };
  if (token) ({ revision, start } = readToken(token));
  else {
    const asked = versionOf(server, query.get('resourceVersion'));
    if (match === 'Exact' || (asked > 0 && limit > 0 && !match)) revision = asked;
  }
  const objects = server.store.listAt(kind.table, namespace, revision);
  if (!objects)
    throw expired(token
      ? 'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'
      : 'The resourceVersion for the provided list is too old.');
  return page(kind, objects.filter((object) => pathOf(object) > start), matches, { limit, revision, isFiltered });
}

const pathOf = (object) => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;

function page(kind, objects, matches, { limit, revision, isFiltered }) {
  const metadata = { resourceVersion: String(revision) };
  const found = objects.filter(matches);
  const items = limit > 0 ? found.slice(0, limit) : found;
  if (items.length < found.length) {
    metadata.continue = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: pathOf(items.at(-1)) })).toString('base64url');
    if (!isFiltered) metadata.remainingItemCount = found.length - items.length;
  }
  // Items of a typed list carry no kind and no apiVersion.
  return { kind: `${kind.kind}List`, apiVersion: kind.apiVersion, metadata, items: items.map((object) => {
    const { kind: _, apiVersion: __, ...rest } = kind.out(object);
    return rest;
  }) };
}

function readToken(token) {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (v !== 'meta.k8s.io/v1' || !Number.isInteger(rv) || typeof start !== 'string') throw new Error();
    return { revision: rv, start };
  } catch {
    throw badRequest('continue key is not valid: invalid character');
  }
}

function checkMatch(query, match, token) {
  const version = query.get('resourceVersion');
  if (token && version) throw badRequest('specifying resource version is not allowed when using continue');
  if (!match) return;
  const causes = [];
  if (token) causes.push(refused('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided'));
  if (!version) causes.push(refused('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
  if (!['Exact', 'NotOlderThan'].includes(match)) causes.push(unsupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']));
  if (match === 'Exact' && version === '0') causes.push(refused('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  if (causes.length > 0) throw invalid(listOptions, '', causes);
}

function checkInitialEvents(query) {
  const initial = query.get('sendInitialEvents');
  const match = query.get('resourceVersionMatch');
  if (initial === null) {
    if (match) throw invalid(listOptions, '', [refused('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')]);
    return null;
  }
  const causes = [];
  if (match !== 'NotOlderThan') causes.push(refused('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  if (initial === 'true' && query.get('allowWatchBookmarks') !== 'true') causes.push(refused('allowWatchBookmarks', 'sendInitialEvents requires allowWatchBookmarks'));
  if (causes.length > 0) throw invalid(listOptions, '', causes);
  return initial === 'true';
}

/**
 * One watch. `send({ type, object })` is called for every event, first for those of the past; `close()` ends it.
 * @returns a handle: `stop()`, `isSilent` (a test's wish), `bookmark()`, `fail(status)`.
 */
export function watch(server, request, send, close) {
  const { kind, namespace, query } = request;
  const { matches } = tests(request);
  const initial = checkInitialEvents(query);
  const asked = versionOf(server, query.get('resourceVersion'));
  const bookmarks = query.get('allowWatchBookmarks') === 'true';
  const inNamespace = (object) => !namespace || object.metadata.namespace === namespace;
  const handle = { request, isSilent: false };
  let done = false;

  const out = (event) => !done && !handle.isSilent && send(event);
  const emit = (type, object) => out({ type, object: kind.out(object) });
  const bare = (annotations) => ({
    kind: kind.kind, apiVersion: kind.apiVersion,
    metadata: { resourceVersion: String(server.store.revision), creationTimestamp: null, ...(annotations && { annotations }) },
  });
  const onChange = ({ table, object, previous, last }) => {
    if (table !== kind.table || !inNamespace(object ?? previous)) return;
    const [was, is] = [previous !== null && matches(previous), object !== null && matches(object)];
    if (is) emit(was ? 'MODIFIED' : 'ADDED', object);
    else if (was) emit('DELETED', object ? withVersion(previous, object.metadata.resourceVersion) : last);
  };

  handle.bookmark = () => bookmarks && out({ type: 'BOOKMARK', object: bare() });
  handle.fail = (status) => {
    out({ type: 'ERROR', object: status });
    handle.stop();
    close();
  };
  handle.stop = () => {
    done = true;
    server.store.off('change', onChange);
    timers.forEach(clearTimeout);
    server.watches.delete(handle);
  };
  const timers = [];

  const isSynthetic = initial ?? !asked; // without a version, or with 0: what is there now comes first
  const past = isSynthetic ? [] : server.store.changesSince(kind.table, asked ?? server.store.revision);
  server.watches.add(handle);
  if (past === null) {
    handle.fail(expired(`too old resource version: ${asked} (${server.store.compacted})`).toStatus());
    return handle;
  }
  if (isSynthetic && initial !== false) for (const object of server.store.list(kind.table, namespace)) if (matches(object)) emit('ADDED', object);
  if (initial) out({ type: 'BOOKMARK', object: bare({ [initialEventsEnd]: 'true' }) });
  past.forEach(onChange);
  server.store.on('change', onChange);

  const seconds = Number(query.get('timeoutSeconds') ?? 0) || 1800 + Math.random() * 1800;
  timers.push(setTimeout(() => (handle.stop(), close()), seconds * 1000));
  if (bookmarks) timers.push(setInterval(handle.bookmark, server.options.bookmarkSeconds * 1000));
  return handle;
}

const withVersion = (object, resourceVersion) => ({ ...object, metadata: { ...object.metadata, resourceVersion } });
