// Serves the probe. Prints "ready PORT", "cancelled METHOD"; ends at "stop" (streams are cut) on stdin.
import { createInterface } from 'node:readline';
import grpc from '@grpc/grpc-js';
import { Probe, options, plain, print, serverCredentials, settings } from './probe.mjs';

const failure = (ask, trailers) => ({ code: ask.fail_with, details: ask.text, metadata: trailers });

const trailersOf = call => {
  const trailers = new grpc.Metadata();
  for (const name of Object.keys(call.metadata.getMap()).filter(name => name.startsWith('echo-')))
    for (const value of call.metadata.get(name))
      trailers.add(name, value);
  return trailers;
};

const answer = (call, ask, index) => ({
  text: ask.text,
  payload: Buffer.alloc(ask.answer_bytes),
  index,
  received_bytes: ask.payload.length,
  metadata: plain(call.metadata),
  had_deadline: call.getDeadline() !== Infinity,
});

const watch = (call, method) => call.on('cancelled', () => print('cancelled', method));

const probe = {
  Unary(call, reply) {
    watch(call, 'Unary');
    if (call.request.hang)
      return;
    if (call.request.fail_with)
      reply(failure(call.request, trailersOf(call)));
    else
      reply(null, answer(call, call.request, 0), trailersOf(call));
  },

  async ServerStream(call) {
    watch(call, 'ServerStream');
    const ask = call.request;
    for (let index = 0; (ask.answers < 0 || index < ask.answers) && !call.cancelled; index++)
      if (!call.write(answer(call, ask, index)))
        await new Promise(resume => { call.once('drain', resume); call.once('cancelled', resume); });
    if (ask.fail_with)
      call.emit('error', failure(ask, trailersOf(call)));
    else if (!ask.hang)
      call.end(trailersOf(call));
  },

  ClientStream(call, reply) {
    watch(call, 'ClientStream');
    let text = '', bytes = 0, count = 0;
    call.on('data', ask => {
      text += ask.text;
      bytes += ask.payload.length;
      count++;
      if (ask.fail_with)
        reply(failure(ask, trailersOf(call)));
    });
    call.on('end', () => reply(null, { text, received_bytes: bytes, index: count, metadata: plain(call.metadata) }, trailersOf(call)));
  },

  Duplex(call) {
    watch(call, 'Duplex');
    let index = 0;
    call.on('data', ask => {
      if (ask.fail_with)
        call.emit('error', failure(ask, trailersOf(call)));
      else
        call.write(answer(call, ask, index++));
    });
    call.on('end', () => call.end(trailersOf(call)));
  },
};

const server = new grpc.Server(options);
const { Missing, ...offered } = Probe.service;
server.addService(offered, probe);
server.bindAsync(settings.address, serverCredentials(), (fault, port) => {
  if (fault)
    throw fault;
  print('ready', String(port));
});

createInterface({ input: process.stdin }).on('line', line => {
  if (line === 'stop') {
    server.forceShutdown();
    print('stopped');
    process.exit(0);
  }
});
