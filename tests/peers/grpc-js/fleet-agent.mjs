// An agent of the fleet protocol that shares no code with the project.
// Argument: { proto, address, authority, cert, key }. Each line on stdin is a FromAgent message as JSON; prints "message {…}" for each FromAggregator,
// and "end {code, details}" when the stream is over. The line "end" ends the stream from here.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const settings = JSON.parse(process.argv[2]);
const definition = loader.loadSync(settings.proto, { keepCase: true, defaults: false, longs: Number, oneofs: true });
const { Fleet } = grpc.loadPackageDefinition(definition).aiinfra.fleet.v1;
const print = (word, value) => process.stdout.write(`${word} ${JSON.stringify(value)}\n`);

const credentials = grpc.credentials.createSsl(
  readFileSync(settings.authority), settings.key ? readFileSync(settings.key) : null, settings.cert ? readFileSync(settings.cert) : null);
const client = new Fleet(settings.address, credentials);
const stream = client.Session();
stream.on('data', message => print('message', message));
stream.on('error', () => { /* the status says it */ });
stream.on('status', status => print('end', { code: status.code, details: status.details }));

createInterface({ input: process.stdin }).on('line', line => line === 'end' ? stream.end() : stream.write(JSON.parse(line)));
process.stdout.write('ready\n');
