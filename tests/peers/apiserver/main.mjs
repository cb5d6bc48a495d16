// A stand-in Kubernetes API server for tests: see README.md.
//
//   node main.mjs --dir FOLDER [--port 0] [--nodes 3 | --node NAME ...] [--agent NAMESPACE/ACCOUNT] [--manifest FILE ...]
//
// Prints one line when it is ready, takes one JSON command a line, and ends when its input does.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Credentials } from './credentials.mjs';
import { ApiServer } from './server.mjs';
import { commands, readCommands, serveControl } from './control.mjs';
import { grantDefaults, loadManifest, seed } from './seed.mjs';

const { values } = parseArgs({ options: {
  dir: { type: 'string' }, port: { type: 'string', default: '0' }, nodes: { type: 'string', default: '3' }, node: { type: 'string', multiple: true },
  agent: { type: 'string', default: 'aiinfra-system/aiinfra-agent' }, manifest: { type: 'string', multiple: true, default: [] },
  'bookmark-seconds': { type: 'string', default: '60' }, 'pod-stop-seconds': { type: 'string', default: '1' }, 'token-seconds': { type: 'string', default: '3600' },
} });
if (!values.dir) {
  console.error('--dir FOLDER is needed: certificates, tokens and kubeconfigs are written there.');
  process.exit(64);
}

const print = (event) => console.log(JSON.stringify(event));
const [namespace, account] = values.agent.split('/');
const nodes = values.node ?? Array.from({ length: Number(values.nodes) }, (_, index) => `node-${index + 1}`);

const credentials = new Credentials(path.resolve(values.dir));
const server = new ApiServer(credentials, { bookmarkSeconds: Number(values['bookmark-seconds']), podStopSeconds: Number(values['pod-stop-seconds']), latency: 0 });
const url = await server.listen(Number(values.port));
const skipped = values.manifest.flatMap((file) => loadManifest(server, file));
seed(server, { nodes, agent: { namespace, account } });
if (values.manifest.length === 0) grantDefaults(server, { namespace, account });

const lifetime = Number(values['token-seconds']);
for (const node of nodes) commands.token(server, { namespace, account, pod: `${account}-${node}`, lifetime, folder: path.join('agents', node) });
const { token } = commands.token(server, { namespace, account, pod: `${account}-${nodes[0]}`, lifetime });
credentials.kubeconfig('admin', url, credentials.clientFiles('admin'));
credentials.kubeconfig('agent', url, { token });
credentials.kubeconfig('agent-file', url, { tokenFile: credentials.file('agents', nodes[0], 'token') });
credentials.kubeconfig('expired', url, { token: commands.token(server, { namespace, account, lifetime: -60 }).token });
credentials.kubeconfig('expired-client', url, credentials.clientFiles('expired-client'));
credentials.kubeconfig('nobody', url, { token: commands.token(server, { namespace, account: 'nobody' }).token });

const { control, url: controlUrl } = await serveControl(server);
print({ event: 'ready', url, control: controlUrl, folder: credentials.folder, nodes, skipped });
await readCommands(server, print);
control.close();
control.closeAllConnections?.();
await server.close();
process.exit(0);
