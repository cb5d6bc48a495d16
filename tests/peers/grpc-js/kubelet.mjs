// Acts as the device-plugin half of a kubelet 1.36, also where that hurts: it empties the folder of sockets, dials back
// inside Register, never opens a stream again, and when a stream ends it drops whoever holds the resource's name.
//
//   node kubelet.mjs --root DIR [--human]
//
// Prints one JSON line an event; takes one JSON command a line; ends when its input does.
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

const proto = fileURLToPath(new URL('../../../src/AIInfra.Kubernetes/Protos/deviceplugin/v1beta1/api.proto', import.meta.url));
const api = grpc.loadPackageDefinition(
  protoLoader.loadSync(proto, { keepCase: true, longs: Number, defaults: true })).v1beta1;

const endpoints = new Map(); // resource -> { client, endpoint }: who holds the name
const streams = new Set(); // every open ListAndWatch, also of a holder that was replaced
let server = null;
let refusal = null, hangs = false;

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
  say({ event: 'listening' });
}

function die() {
  server?.forceShutdown();
  server = null;
  for (const stream of streams) stream.cancel();
  for (const { client } of endpoints.values()) client.close();
  streams.clear();
  endpoints.clear();
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

  const client = new api.DevicePlugin(`unix:${path.join(folder, endpoint)}`, grpc.credentials.createInsecure(), { 'grpc.default_authority': 'localhost' });
  const fail = (why) => {
    endpoints.delete(resource);
    client.close();
    refuse(why);
  };
  client.waitForReady(Date.now() + 10_000, (fault) => {
    if (fault) return fail(`cannot dial ${endpoint}: ${fault.message}`);
    client.GetDevicePluginOptions({}, (optionsFault, options) => {
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
  stream.on('data', ({ devices }) => say({
    event: 'list', resource, endpoint,
    devices: devices.map(({ ID, health, topology }) => ({ id: ID, health, numa: topology?.nodes.map((node) => node.ID) ?? null })),
  }));
  let ended = false;
  const end = (code, details) => {
    if (ended) return;
    ended = true;
    streams.delete(stream);
    say({ event: 'ended', resource, endpoint, code, details });
    endpoints.get(resource)?.client.close(); // by name, whoever that is now
    endpoints.delete(resource);
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
  if (command.closeStreams) for (const stream of [...streams]) stream.cancel();
  if (command.kill || command.restart) die();
  if (command.restart) await listen();
}

await listen();
const commands = readline.createInterface({ input: process.stdin });
for await (const line of commands) await obey(JSON.parse(line));
die();
process.exit(0);
