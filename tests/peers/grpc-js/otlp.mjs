// Receives OTLP by gRPC and by http/protobuf, with the messages of tests/peers/otlp.
//
//   node otlp.mjs
//
// Prints one JSON line an event: {"event":"listening","grpc":PORT,"http":PORT}, then "metrics" and "spans" with what came.
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import protobuf from 'protobufjs';

const folder = fileURLToPath(new URL('../otlp/', import.meta.url));
const options = { keepCase: true, longs: Number, bytes: String, defaults: true, oneofs: true };
const services = grpc.loadPackageDefinition(protoLoader.loadSync(['metrics.proto', 'trace.proto'], { ...options, includeDirs: [folder] })).opentelemetry.proto.collector;

const root = new protobuf.Root();
root.resolvePath = (_, target) => folder + target.split('/').at(-1);
root.loadSync(['metrics.proto', 'trace.proto'], { keepCase: true });
const types = {
  '/v1/metrics': root.lookupType('opentelemetry.proto.collector.metrics.v1.ExportRequest'),
  '/v1/traces': root.lookupType('opentelemetry.proto.collector.trace.v1.ExportRequest'),
};

const plain = (attributes) => Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, value[value.value]]));
const hex = (text) => Buffer.from(text ?? '', 'base64').toString('hex');

function tell(transport, headers, request) {
  for (const one of request.resource_metrics ?? []) {
    const metrics = one.scope_metrics.flatMap((scope) => scope.metrics).map((metric) => ({
      name: metric.name, unit: metric.unit, kind: metric.data, monotonic: metric.sum?.is_monotonic, temporality: metric.sum?.aggregation_temporality,
      points: metric[metric.data].data_points.map((point) => ({ value: point[point.value], attributes: plain(point.attributes) })),
    }));
    console.log(JSON.stringify({ event: 'metrics', transport, headers, resource: plain(one.resource.attributes), metrics }));
  }
  for (const one of request.resource_spans ?? []) {
    const spans = one.scope_spans.flatMap((scope) => scope.spans.map((span) => ({
      scope: scope.scope.name, name: span.name, kind: span.kind, trace: hex(span.trace_id), span: hex(span.span_id), parent: hex(span.parent_span_id), attributes: plain(span.attributes),
    })));
    console.log(JSON.stringify({ event: 'spans', transport, headers, resource: plain(one.resource.attributes), spans }));
  }
}

const server = new grpc.Server();
const answer = (call, done) => {
  tell('grpc', { 'x-tenant': call.metadata.get('x-tenant')[0] }, call.request);
  done(null, {});
};
server.addService(services.metrics.v1.MetricsService.service, { Export: answer });
server.addService(services.trace.v1.TraceService.service, { Export: answer });

const web = http.createServer((request, response) => {
  const body = [];
  request.on('data', (part) => body.push(part)).on('end', () => {
    const type = types[request.url];
    if (!type || request.headers['content-type'] !== 'application/x-protobuf') return response.writeHead(404).end();
    tell('http', { 'x-tenant': request.headers['x-tenant'] }, type.toObject(type.decode(Buffer.concat(body)), options));
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
});

server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (fault, port) => {
  if (fault) throw fault;
  web.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ event: 'listening', grpc: port, http: web.address().port })));
});
process.stdin.resume().on('end', () => process.exit());
