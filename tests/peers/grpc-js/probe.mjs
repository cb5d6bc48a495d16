// What the probe's server and client share: the service read from its .proto, and credentials.
import { readFileSync } from 'node:fs';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

/** The first argument: { proto, address, cert?, key?, options? }. */
export const settings = JSON.parse(process.argv[2]);
export const options = { ...unlimited, ...settings.options };

const definition = loader.loadSync(settings.proto, { keepCase: true, defaults: true });
export const Probe = grpc.loadPackageDefinition(definition).aiinfra.probe.Probe;

export const serverCredentials = () => settings.cert
  ? grpc.ServerCredentials.createSsl(null, [{ cert_chain: readFileSync(settings.cert), private_key: readFileSync(settings.key) }])
  : grpc.ServerCredentials.createInsecure();

export const clientCredentials = () => settings.cert
  ? grpc.credentials.createSsl(readFileSync(settings.cert))
  : grpc.credentials.createInsecure();

/** Metadata as an object of strings; bytes as padded base64, several values joined by a comma. */
export const plain = metadata => Object.fromEntries(Object.keys(metadata.getMap()).map(name =>
  [name, metadata.get(name).map(value => Buffer.isBuffer(value) ? value.toString('base64') : value).join(',')]));

export const print = (word, value = '') => process.stdout.write(`${word} ${typeof value === 'string' ? value : JSON.stringify(value)}\n`);
