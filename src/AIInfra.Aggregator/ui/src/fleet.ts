// The fleet as this page knows it: read whole once, then followed by events. One writer, many readers.

import { all, ApiFault, follow, get, type CallerLine, type FleetSummary, type NodeEvent, type NodeLine } from './api';

export type Link = 'loading' | 'live' | 'broken' | 'refused';

type Listener = (changed: ReadonlySet<string> | 'all') => void;

export class Fleet {
  readonly nodes = new Map<string, NodeLine>();
  link: Link = 'loading';
  fault = '';
  caller: CallerLine | null = null;
  /** False: the aggregator could not read its database yet, and shows only nodes that have connected since its start. */
  isComplete = true;
  /** When the last word of the aggregator came, of whatever kind. */
  heard = 0;
  private readonly listeners = new Set<Listener>();
  private readonly eventListeners = new Set<(event: NodeEvent) => void>();
  private changed = new Set<string>();
  private drawing = false;

  onChange(listener: Listener, signal: AbortSignal): void {
    this.listeners.add(listener);
    signal.addEventListener('abort', () => this.listeners.delete(listener));
  }

  onEvent(listener: (event: NodeEvent) => void, signal: AbortSignal): void {
    this.eventListeners.add(listener);
    signal.addEventListener('abort', () => this.eventListeners.delete(listener));
  }

  get mayOperate(): boolean { return this.caller !== null && this.caller.role !== 'viewer'; }

  /** Runs until it is aborted or refused: reads, follows, and begins anew after a while when the connection is lost. */
  async run(signal: AbortSignal): Promise<void> {
    for (let tries = 0; !signal.aborted; tries++) {
      try {
        this.caller = await get<CallerLine>('caller', signal);
        const { event, complete } = await get<FleetSummary>('fleet', signal);
        const { items } = await all<NodeLine>('nodes', 50_000, signal);
        this.nodes.clear();
        for (const node of items) this.nodes.set(node.name, node);
        this.heard = Date.now();
        this.isComplete = complete;
        this.say('live', '');
        const since = Date.now();
        await this.followFrom(event, signal);
        if (Date.now() - since > 10_000) tries = 0;
        this.say('broken', '');
      } catch (fault) {
        if (signal.aborted) return;
        if (fault instanceof ApiFault && (fault.status === 401 || fault.status === 403)) return this.say('refused', fault.message);
        this.say('broken', fault instanceof Error ? fault.message : String(fault));
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(10_000, 500 * 2 ** Math.min(tries, 5)) * (0.5 + Math.random() / 2)));
    }
  }

  private async followFrom(event: number, signal: AbortSignal): Promise<void> {
    const anew = new AbortController();
    const silence = setInterval(() => { if (!this.isComplete || Date.now() - this.heard > 40_000) anew.abort(); }, 5_000); // a beat comes every 15 s
    try {
      this.heard = Date.now();
      await follow(event, (kind, _, data) => {
        this.heard = Date.now();
        if (kind === 'reset') anew.abort();
        else if (kind === 'node') this.take(JSON.parse(data) as NodeEvent);
      }, AbortSignal.any([signal, anew.signal]), () => { this.heard = Date.now(); });
    } catch (fault) {
      if (!anew.signal.aborted) throw fault;
    } finally {
      clearInterval(silence);
    }
  }

  private take(event: NodeEvent): void {
    if (event.node === null) this.nodes.delete(event.name);
    else this.nodes.set(event.name, event.node);
    this.changed.add(event.name);
    for (const listener of this.eventListeners) listener(event);
    if (this.drawing) return;
    this.drawing = true;
    setTimeout(() => { // many changes at once are drawn together
      this.drawing = false;
      const changed = this.changed;
      this.changed = new Set();
      for (const listener of this.listeners) listener(changed);
    }, 100);
  }

  private say(link: Link, fault: string): void {
    this.link = link;
    this.fault = fault;
    for (const listener of this.listeners) listener('all');
  }
}
