// The aggregator's API as it is described in /api/openapi.json. The token lives in this tab alone.

export interface SeverityCounts { fatal: number; degraded: number; info: number }
export interface FleetSummary {
  at: string; complete: boolean; nodes: { all: number; connected: number; reconnecting: number; lost: number; unfit: number }; devices: number; unhealthyDevices: number;
  problems: SeverityCounts; vendors: Record<string, { all: number; unhealthy: number }>; event: number;
}
export type NodeState = 'connected' | 'reconnecting' | 'lost';
export interface NodeLine {
  name: string; state: NodeState; lastHeard: string; clockSkewSeconds: number; devices: number; unhealthyDevices: number; problems: SeverityCounts;
  agentVersion: string; remediation: string; paused: boolean; simulated: boolean; labels: Record<string, string>;
}
export interface DeviceLine {
  node: string; id: string; vendor: string; model: string; resource: string; index: number; pciAddress: string; serial: string; numaNode: number | null;
  memoryBytes: number | null; parent: string; profile: string; healthy: boolean; links: { peer: string; kind: string; count: number }[];
}
export type Severity = 'fatal' | 'degraded' | 'info';
export interface ProblemLine {
  node: string; id: string; subjectKind: string; subject: string; severity: Severity; cause: string; action: string; message: string;
  firstSeen: string; lastSeen: string; arrived: string; count: number; evidence: string[]; incident: string; headline: string;
}
export interface WorkloadLine { node: string; id: string; namespace: string; name: string; job: string; devices: string[] }
export interface OperationLine {
  node: string; step: string; operation: string; action: string; state: string; outcome: string; says: string; problem: string; subjectKind: string; subject: string;
  ladder: string; rung: number; intended: string | null; acted: string | null; closed: string | null; helped: boolean | null; grant: string;
}
export interface NodePage {
  node: NodeLine; bootId: string; machineId: string; image: string; kernel: string;
  vendors: { name: string; state: string; reason: string; driverVersion: string; libraryVersion: string }[]; notReady: Record<string, string>;
  devices: DeviceLine[]; problems: ProblemLine[]; workloads: WorkloadLine[]; operations: OperationLine[];
}
export interface AuditEntry { id: number; at: string; actor: string; what: string; node: string; operation: string; says: string }
export interface IncidentLine {
  id: string; problem: string; started: string; changed: string; ended: string | null; suspect: { kind: string; name: string } | null; ofNodes: number; members: string[]; says: string;
}
export interface DeadLetter { id: number; target: string; subject: string; made: string; attempts: number; says: string }
export interface PauseLine { where: string; node: string | null; label: string | null; value: string | null; actor: string; says: string; since: string; until: string | null }
export interface BudgetReport {
  at: string; notTrusted: string | null; fleet: { known: number; seen: number; completeSince: string | null };
  domains: { budget: string; domain: string; nodes: number; allowed: number; unavailable: number; starts: number }[];
  grants: { node: string; operation: string; action: string; reason: string; given: string; expires: string; hasLapsed: boolean }[];
  pauses: PauseLine[];
  waiting: { node: string; operation: string; action: string; why: string; asked: string; lastAsked: string; approvedUntil: string | null; actor: string }[];
  breaker: { since: string; why: string } | null;
}
/** Who this page's token is. */
export interface CallerLine { name: string; role: 'viewer' | 'operator' | 'admin' }
export interface NodeEvent { name: string; node: NodeLine | null; raised: ProblemLine[]; cleared: ProblemLine[]; devicesChanged: string[] }
export interface Page<T> { items: T[]; next: string | null }

/** What the aggregator said, or why it said nothing: `status` is 0 when there was no answer. */
export class ApiFault extends Error {
  constructor(readonly status: number, message: string) { super(message); }
}

const key = 'aiinfra.token';
export const token = {
  get: () => sessionStorage.getItem(key),
  set: (value: string) => sessionStorage.setItem(key, value),
  clear: () => sessionStorage.removeItem(key),
};

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/api/v1/${path}`, { ...init, headers: { ...init.headers, authorization: `Bearer ${token.get() ?? ''}` } });
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === 'AbortError') throw fault;
    throw new ApiFault(0, String(fault instanceof Error ? fault.message : fault));
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => null) as { detail?: string } | null;
  throw new ApiFault(response.status, problem?.detail ?? response.statusText);
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return await (await ask(path, { signal: signal ?? null })).json() as T;
}

/** What it is about stands in the path and the query; the API takes no bodies. */
export async function send(method: 'POST' | 'DELETE', path: string, query: Record<string, string | null> = {}): Promise<void> {
  const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== null && pair[1] !== '');
  await ask(given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`, { method });
}

/** All pages of a list, at most `most` items. */
export async function all<T>(path: string, most: number, signal?: AbortSignal): Promise<{ items: T[]; isCut: boolean }> {
  const items: T[] = [];
  for (let after: string | null = null; ;) {
    const page: Page<T> = await get(`${path}${path.includes('?') ? '&' : '?'}limit=1000${after === null ? '' : `&after=${encodeURIComponent(after)}`}`, signal);
    items.push(...page.items);
    if (page.next === null || items.length >= most) return { items, isCut: page.next !== null };
    after = page.next;
  }
}

/** Reads server-sent events (WHATWG HTML, 9.2.6) until the stream ends or is aborted. An EventSource cannot send a token. */
export async function follow(after: number, told: (event: string, id: number, data: string) => void, signal: AbortSignal, heard: () => void): Promise<void> {
  const response = await ask(`events?after=${after}`, { signal, headers: { accept: 'text/event-stream' } });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (; ;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      let event = 'message', id = 0, data = '';
      for (const line of block.split('\n')) {
        if (line.startsWith('event: ')) event = line.slice(7);
        else if (line.startsWith('id: ')) id = Number(line.slice(4));
        else if (line.startsWith('data: ')) data += line.slice(6);
      }
      if (data !== '') told(event, id, data);
    }
  }
}
