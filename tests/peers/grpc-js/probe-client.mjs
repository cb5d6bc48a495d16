// Calls the probe as told, one JSON object a line on stdin:
// { method, asks: [...], deadlineMs?, cancelAfter?, metadata?: {name: text}, bytes?: {name: base64}, compress? }
// Prints "ready", "message INDEX" for each answer of a stream, and one "result {code, details, answers, headers, trailers}" a call.
import { createInterface } from 'node:readline';
import grpc from '@grpc/grpc-js';
import { Probe, clientCredentials, options, plain, print, settings } from './probe.mjs';

const client = new Probe(settings.address, clientCredentials(), options);

const describe = answer => ({ ...answer, payload: answer.payload.length });

function start(task) {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(task.metadata ?? {}))
    metadata.add(name, value);
  for (const [name, value] of Object.entries(task.bytes ?? {}))
    metadata.add(name, Buffer.from(value, 'base64'));

  const result = { code: 0, details: '', answers: [], headers: {}, trailers: {} };
  const settle = { deadline: task.deadlineMs ? Date.now() + task.deadlineMs : undefined };
  const asks = task.asks.map(ask => ({ ...ask, payload: Buffer.alloc(ask.payloadBytes ?? 0) }));
  const single = task.method === 'Unary' || task.method === 'ClientStream' || task.method === 'Missing';
  const once = (fault, answer) => answer && result.answers.push(describe(answer));
  const method = client[task.method];

  const call = method.requestStream
    ? single ? method.call(client, metadata, settle, once) : method.call(client, metadata, settle)
    : single ? method.call(client, asks[0], metadata, settle, once) : method.call(client, asks[0], metadata, settle);
  call.on('metadata', headers => { result.headers = plain(headers); });
  call.on('error', () => { /* the status says it */ });
  call.on('data', answer => {
    result.answers.push(describe(answer));
    print('message', String(answer.index));
    if (result.answers.length === task.cancelAfter)
      call.cancel();
  });
  call.on('status', status => {
    // A single answer is handed over after the status.
    setImmediate(() => print('result', { ...result, code: status.code, details: status.details, trailers: plain(status.metadata) }));
  });
  if (task.cancelAfter === 0)
    setImmediate(() => call.cancel());
  if (method.requestStream) {
    for (const ask of asks)
      call.write(ask);
    if (!task.leaveOpen)
      call.end();
  }
}

createInterface({ input: process.stdin }).on('line', line => start(JSON.parse(line)));
print('ready');
