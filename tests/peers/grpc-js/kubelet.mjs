// Acts as the device-plugin half of a kubelet 1.36, also where that hurts: it empties the folder of sockets, dials back
// inside Register, never opens a stream again, and when a stream ends it drops whoever holds the resource's name.
// It also tells which pod holds what (pod-resources), and watches plugins_registry.
//
//   node kubelet.mjs --root DIR [--human]
//
// Prints one JSON line an event; takes one JSON command a line; ends when its input does. Commands:
//   allocate, allocateContainers, preferred, preStart   a call on the plugin of "resource" (default: any)
//   pods [{namespace,name,containers:[{name,devices:[{resource,ids}],claims}]}]   what List answers
//   podResources ok|exhausted|hang|large|unimplemented|off   how the pod-resources service behaves
//   allocatable {resource:[ids]} or null   what GetAllocatableResources answers; null: the healthy devices of the last lists
//   refuse, hangRegister, hangOptions, refuseRegistry, hangNotify, lateEnds MS, closeStreams, kill, restart
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const argument = (name) => process.argv[process.argv.indexOf(name) + 1];
const human = process.argv.includes('--human');
const folder = path.join(argument('--root'), 'device-plugins');
const kubeletSocket = path.join(folder, 'kubelet.sock');
const podResourcesSocket = path.join(argument('--root'), 'pod-resources', 'kubelet.sock');
const registryFolder = path.join(argument('--root'), 'plugins_registry');

const load = (name) => grpc.loadPackageDefinition(protoLoader.loadSync(
  fileURLToPath(new URL(`../../../src/AIInfra.Kubernetes/Protos/${name}/api.proto`, import.meta.url)), { keepCase: true, longs: Number, defaults: true }));
const api = load('deviceplugin/v1beta1').v1beta1;
const podApi = load('podresources/v1').v1;
const registryApi = load('pluginregistration/v1').pluginregistration;

const endpoints = new Map(); // resource -> { client, endpoint }: who holds the name
const streams = new Set(); // every open ListAndWatch, also of a holder that was replaced
let server = null;
let refusal = null, hangs = false, hangsOptions = false, lateEnds = 0;
let podServer = null, podMode = 'ok', pods = [], allocatable = null;
let registryRefusal = null, hangsNotify = false;
let life = 0; // which kubelet this is: what an earlier one asked for is not taken into the next
const healthy = new Map(); // resource -> ids, of the last list on any stream
const registry = new Map(); // socket in plugins_registry -> resource

// --- what is said

const shown = new Map(); // resource -> Map(id -> health) last said
function say(event) {
  if (!human) return console.log(JSON.stringify(event));
  if (event.event === 'ended') {
    shown.delete(event.resource);
    console.log(`kubelet: ${event.resource}: the stream ended, its devices count as Unhealthy`);
  }
  if (event.event !== 'list') return;
  const before = shown.get(event.resource);
  shown.set(event.resource, new Map(event.devices.map((device) => [device.id, device.health])));
  if (!before) {
    const healthy = event.devices.filter((device) => device.health === 'Healthy').length;
    return console.log(`kubelet: ${event.resource} registered, ${event.devices.length} devices, ${healthy} Healthy`);
  }
  for (const device of event.devices)
    if (before.get(device.id) !== device.health) console.log(`kubelet: ${device.id} is ${device.health}`);
}

// --- the kubelet

function wipe() {
  fs.mkdirSync(folder, { recursive: true, mode: 0o750 });
  for (const entry of fs.readdirSync(folder, { withFileTypes: true }))
    if (entry.isSocket()) fs.rmSync(path.join(folder, entry.name), { force: true });
}

async function listen() {
  wipe();
  server = new grpc.Server();
  server.addService(api.Registration.service, { Register: register });
  await new Promise((done, failed) =>
    server.bindAsync(`unix:${kubeletSocket}`, grpc.ServerCredentials.createInsecure(), (fault) => fault ? failed(fault) : done()));
  await listenPodResources();
  say({ event: 'listening' });
}

async function listenPodResources() {
  fs.rmSync(podResourcesSocket, { force: true });
  if (podMode === 'off') return;
  fs.mkdirSync(path.dirname(podResourcesSocket), { recursive: true });
  podServer = new grpc.Server({ 'grpc.max_send_message_length': -1 });
  podServer.addService(podApi.PodResourcesLister.service, { List: list, GetAllocatableResources: getAllocatable, Get: get });
  await new Promise((done, failed) =>
    podServer.bindAsync(`unix:${podResourcesSocket}`, grpc.ServerCredentials.createInsecure(), (fault) => fault ? failed(fault) : done()));
}

// --- who holds what

function guarded(call, answer, make) {
  say({ event: 'podResourcesAsked', call, mode: podMode });
  if (podMode === 'hang') return;
  if (podMode === 'exhausted') return answer({ code: grpc.status.RESOURCE_EXHAUSTED, details: 'rejected by rate limit' });
  if (podMode === 'unimplemented') return answer({ code: grpc.status.UNIMPLEMENTED, details: 'not in this kubelet' });
  answer(null, make());
}

// One entry for each device, as the kubelet does.
const one = (resource) => (id) => ({ resource_name: resource, device_ids: [id] });
const podOf = ({ namespace, name, containers }) => ({
  namespace, name,
  containers: containers.map(({ name: container, devices = [], claims = 0 }) => ({
    name: container, devices: devices.flatMap(({ resource, ids }) => ids.map(one(resource))),
    dynamic_resources: Array.from({ length: claims }, () => ({ claim_name: 'claim', claim_namespace: namespace })),
  })),
});
function list(_, answer) {
  guarded('List', answer, () => ({ pod_resources: pods.map(podOf).concat(podMode === 'large'
    ? Array.from({ length: 6000 }, (_, index) => ({ namespace: 'large', name: `pod-${index}-${'x'.repeat(1000)}`, containers: [] })) : []) }));
}
function getAllocatable(_, answer) {
  const known = allocatable ? Object.entries(allocatable) : [...healthy];
  guarded('GetAllocatableResources', answer, () => ({ devices: known.flatMap(([resource, ids]) => ids.map(one(resource))) }));
}
function get({ request }, answer) {
  const found = pods.find((pod) => pod.name === request.pod_name && pod.namespace === request.pod_namespace);
  if (!found) return answer({ code: grpc.status.NOT_FOUND, details: `pod ${request.pod_namespace}/${request.pod_name} not found` });
  guarded('Get', answer, () => ({ pod_resources: podOf(found) }));
}

// --- plugins_registry: looked into all the time; a socket that is known is not asked again, whatever its stream does

function lookIntoRegistry() {
  let names = [];
  try { names = fs.readdirSync(registryFolder, { withFileTypes: true }).filter((entry) => entry.isSocket() && !entry.name.startsWith('.')).map((entry) => entry.name); } catch { /* no folder */ }
  for (const [name, resource] of registry) {
    if (names.includes(name)) continue;
    registry.delete(name);
    if (!resource) continue;
    say({ event: 'deregistered', resource, endpoint: name });
    if (endpoints.get(resource)?.endpoint === name) { disconnect(endpoints.get(resource)); endpoints.delete(resource); }
  }
  for (const name of names.filter((name) => !registry.has(name))) {
    registry.set(name, null);
    const socket = `unix:${path.join(registryFolder, name)}`;
    const mine = life;
    const client = new registryApi.Registration(socket, grpc.credentials.createInsecure(), { 'grpc.default_authority': 'localhost' });
    client.GetInfo({}, { deadline: Date.now() + 1000 }, (fault, info) => {
      if (mine !== life) return client.close();
      if (fault) { say({ event: 'failed', why: `no info from ${name}: ${fault.message}` }); registry.delete(name); client.close(); return; }
      const resource = info.name;
      say({ event: 'info', resource, endpoint: name, info });
      const notify = (registered, error) => {
        if (hangsNotify) return;
        client.NotifyRegistrationStatus({ plugin_registered: registered, error }, { deadline: Date.now() + 5000 }, (failure) => {
          say({ event: 'notified', resource, endpoint: name, registered, ok: !failure });
          client.close();
        });
      };
      if (registryRefusal) return notify(false, registryRefusal);
      if (info.type !== 'DevicePlugin' || !info.supported_versions.includes('v1beta1')) return notify(false, 'not a device plugin of v1beta1');
      registry.set(name, resource);
      const plugin = new api.DevicePlugin(info.endpoint ? `unix:${info.endpoint}` : socket, grpc.credentials.createInsecure(), { 'grpc.default_authority': 'localhost' });
      plugin.GetDevicePluginOptions({}, (optionsFault, options) => {
        if (mine !== life) { plugin.close(); return client.close(); }
        if (optionsFault) return notify(false, optionsFault.message);
        endpoints.set(resource, { client: plugin, endpoint: name });
        say({ event: 'registered', resource, endpoint: name, options });
        notify(true, '');
        watch(resource, name, plugin);
      });
    });
  }
}

// As a connection that is closed: what runs on it ends. (close() alone lets a stream go on.)
function disconnect(holder) {
  holder?.stream?.cancel();
  holder?.client.close();
}

function die() {
  life++;
  server?.forceShutdown();
  server = null;
  for (const stream of streams) stream.cancel();
  for (const { client } of endpoints.values()) client.close();
  podServer?.forceShutdown();
  podServer = null;
  streams.clear();
  endpoints.clear();
  healthy.clear();
  registry.clear();
}

function register({ request }, answer) {
  const { version, endpoint, resource_name: resource } = request;
  const refuse = (why) => {
    say({ event: 'refused', resource, endpoint, why });
    answer({ code: grpc.status.UNKNOWN, details: why });
  };
  say({ event: 'asked', resource, endpoint });
  if (hangs) return;
  if (refusal) return refuse(refusal);
  if (version !== 'v1beta1') return refuse(`API version ${version} is not v1beta1`);
  if (!/^[a-z0-9.-]{1,244}\/[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/.test(resource)) return refuse(`${resource} is not the name of an extended resource`);

  const mine = life;
  const client = new api.DevicePlugin(`unix:${path.join(folder, endpoint)}`, grpc.credentials.createInsecure(), { 'grpc.default_authority': 'localhost' });
  const fail = (why) => {
    endpoints.delete(resource);
    client.close();
    refuse(why);
  };
  client.waitForReady(Date.now() + 10_000, (fault) => {
    if (mine !== life) return client.close();
    if (fault) return fail(`cannot dial ${endpoint}: ${fault.message}`);
    if (hangsOptions) return say({ event: 'dialled', resource, endpoint });
    client.GetDevicePluginOptions({}, (optionsFault, options) => {
      if (mine !== life) return client.close();
      if (optionsFault) return fail(`no options from ${endpoint}: ${optionsFault.message}`);
      endpoints.set(resource, { client, endpoint });
      say({ event: 'registered', resource, endpoint, options });
      answer(null, {});
      watch(resource, endpoint, client);
    });
  });
}

function watch(resource, endpoint, client) {
  const stream = client.ListAndWatch({});
  streams.add(stream);
  if (endpoints.get(resource)?.client === client) endpoints.get(resource).stream = stream;
  stream.on('data', ({ devices }) => {
    healthy.set(resource, devices.filter((device) => device.health === 'Healthy').map((device) => device.ID));
    say({
      event: 'list', resource, endpoint,
      devices: devices.map(({ ID, health, topology }) => ({ id: ID, health, numa: topology?.nodes.map((node) => node.ID) ?? null })),
    });
  });
  let ended = false;
  const end = (code, details) => {
    if (ended) return;
    ended = true;
    streams.delete(stream);
    setTimeout(() => {
      say({ event: 'ended', resource, endpoint, code, details });
      disconnect(endpoints.get(resource)); // by name, whoever that is now
      endpoints.delete(resource);
      healthy.set(resource, []);
    }, lateEnds);
  };
  stream.on('error', (fault) => end(fault.code, fault.details));
  stream.on('end', () => end(0, ''));
}

// --- what it is told

function holder(resource) {
  const found = resource ? endpoints.get(resource) : [...endpoints.values()][0];
  if (!found) say({ event: 'failed', why: `nobody is registered for ${resource ?? 'any resource'}` });
  return found?.client;
}

const report = (event) => (fault, response) =>
  say(fault ? { event, ok: false, code: fault.code, details: fault.details } : { event, ok: true, response });

async function obey(command) {
  if ('allocate' in command) holder(command.resource)?.Allocate({ container_requests: [{ devices_ids: command.allocate }] }, report('allocated'));
  if ('allocateContainers' in command)
    holder(command.resource)?.Allocate({ container_requests: command.allocateContainers.map((devices_ids) => ({ devices_ids })) }, report('allocated'));
  if ('preferred' in command) {
    const { available, mustInclude = [], size, strangers = 0 } = command.preferred;
    const all = available.concat(Array.from({ length: strangers }, (_, index) => `STRANGER-${String(index).padStart(31, '0')}`));
    holder(command.resource)?.GetPreferredAllocation(
      { container_requests: [{ available_deviceIDs: all, must_include_deviceIDs: mustInclude, allocation_size: size }] }, report('preferred'));
  }
  if ('preStart' in command) holder(command.resource)?.PreStartContainer({ devices_ids: command.preStart }, report('preStarted'));
  if ('refuse' in command) refusal = command.refuse;
  if ('hangRegister' in command) hangs = command.hangRegister;
  if ('hangOptions' in command) hangsOptions = command.hangOptions;
  if ('refuseRegistry' in command) registryRefusal = command.refuseRegistry;
  if ('hangNotify' in command) hangsNotify = command.hangNotify;
  if ('lateEnds' in command) lateEnds = command.lateEnds;
  if ('pods' in command) pods = command.pods;
  if ('allocatable' in command) allocatable = command.allocatable;
  if ('podResources' in command) podMode = command.podResources;
  if (command.closeStreams) for (const stream of [...streams]) stream.cancel();
  if (command.kill || command.restart) die();
  if (command.restart) await listen();
}

await listen();
setInterval(() => server && lookIntoRegistry(), 100);
const commands = readline.createInterface({ input: process.stdin });
for await (const line of commands) await obey(JSON.parse(line));
die();
process.exit(0);
