// All objects, as etcd and the watch cache hold them: one revision counter, a history to watch from, compaction.
import { EventEmitter } from 'node:events';

const keyOf = (object) => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;

export class Store extends EventEmitter {
  #tables = new Map(); // table -> Map(key -> object)
  #history = []; // { revision, table, key, object or null, previous or null }

  revision = 1000;
  compacted = 1000; // nothing at or before this revision can be read or watched from any more

  constructor() {
    super();
    this.setMaxListeners(0);
  }

  get(table, namespace, name) {
    return this.#tables.get(table)?.get(`${namespace ?? ''}/${name}`);
  }

  /** Sorted as etcd's keys are. */
  list(table, namespace) {
    return select(this.#tables.get(table) ?? new Map(), namespace);
  }

  /** The table as it was, or null when that was compacted. */
  listAt(table, namespace, revision) {
    if (revision < this.compacted) return null;
    const then = new Map(this.#tables.get(table));
    for (let index = this.#history.length - 1; index >= 0 && this.#history[index].revision > revision; index--) {
      const change = this.#history[index];
      if (change.table !== table) continue;
      if (change.previous) then.set(change.key, change.previous);
      else then.delete(change.key);
    }
    return select(then, namespace);
  }

  put(table, object) {
    const objects = this.#table(table);
    const key = keyOf(object);
    object.metadata.resourceVersion = String(++this.revision);
    const previous = objects.get(key) ?? null;
    objects.set(key, object);
    this.#record({ revision: this.revision, table, key, object, previous });
    return object;
  }

  /** @returns the object in its last state, under the revision of its deletion. */
  remove(table, object) {
    const key = keyOf(object);
    const previous = this.#table(table).get(key) ?? object;
    this.#table(table).delete(key);
    const last = structuredClone(object);
    last.metadata.resourceVersion = String(++this.revision);
    this.#record({ revision: this.revision, table, key, object: null, previous, last });
    return last;
  }

  /** Changes after a revision, oldest first; null when some of them were compacted. */
  changesSince(table, revision) {
    if (revision < this.compacted) return null;
    return this.#history.filter((change) => change.revision > revision && change.table === table);
  }

  /** Forgets the history: every older revision is 410 from now on. */
  compact() {
    this.compacted = this.revision;
    this.#history = [];
  }

  /** Lets the revision run on as other clients' writes would. */
  skip(count) {
    this.revision += count;
  }

  #table(name) {
    if (!this.#tables.has(name)) this.#tables.set(name, new Map());
    return this.#tables.get(name);
  }

  #record(change) {
    this.#history.push(change);
    if (this.#history.length > 200_000) this.compacted = this.#history.splice(0, 100_000).at(-1).revision;
    this.emit('change', change);
  }
}

function select(objects, namespace) {
  const prefix = namespace ? `${namespace}/` : '';
  return [...objects].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}
