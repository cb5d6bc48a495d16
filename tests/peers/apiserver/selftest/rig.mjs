// One server for a topic of the self-test, and the ways to talk to it: the real kubectl, plain HTTPS, HTTP/2, its own control port.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
export const kubectlPath = () => process.env.KUBECTL ?? execFileSync(here('../../../../build/kube-tools.sh'), ['kubectl'], { encoding: 'utf8' }).trim();

export class Rig {
  static async start(kubectl, ...options) {
    const rig = new Rig();
    rig.kubectlFile = kubectl;
    rig.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stand-in-'));
    rig.process = spawn(process.execPath, [here('../main.mjs'), '--dir', rig.folder, '--pod-stop-seconds', '0.2', ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = readline.createInterface({ input: rig.process.stdout })[Symbol.asyncIterator]();
    const { value, done } = await lines.next();
    if (done) throw new Error('The server ended before it was ready.');
    const { url, control, nodes } = JSON.parse(value);
    Object.assign(rig, { url, controlUrl: control, nodes });
    rig.ca = rig.read('ca.crt');
    rig.admin = { cert: rig.read('admin.crt'), key: rig.read('admin.key') };
    return rig;
  }

  read = (...parts) => fs.readFileSync(path.join(this.folder, ...parts), 'utf8');
  token = (node = 'node-1') => this.read('agents', node, 'token');

  async stop() {
    const ended = new Promise((done) => this.process.once('exit', done));
    this.process.stdin.end();
    setTimeout(() => this.process.kill('SIGKILL'), 5000).unref();
    await ended;
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs kubectl. @returns { code, out, err } */
  kubectl(as, words, input) {
    return new Promise((done) => {
      const environment = { PATH: process.env.PATH, HOME: this.folder, KUBECONFIG: path.join(this.folder, `${as}.kubeconfig`) };
      const child = execFile(this.kubectlFile, words, { env: environment, timeout: 30_000 }, (error, out, err) => done({ code: error ? error.code ?? 1 : 0, out, err }));
      child.stdin.end(input);
    });
  }

  /** kubectl as the administrator; it must succeed. */
  async k(...words) {
    const input = typeof words.at(-1) === 'object' ? JSON.stringify(words.pop()) : undefined;
    const { code, out, err } = await this.kubectl('admin', words, input);
    assert.equal(code, 0, `kubectl ${words.join(' ')}: ${err}`);
    return out;
  }

  /** kubectl must fail and say something. */
  async refused(pattern, words, { as = 'admin', input } = {}) {
    const { code, out, err } = await this.kubectl(as, words, input && JSON.stringify(input));
    assert.notEqual(code, 0, `kubectl ${words.join(' ')} succeeded: ${out}`);
    assert.match(err, pattern);
    return err;
  }

  /** One HTTPS request (HTTP/1.1). @returns { status, headers, body, text } */
  send(method, target, body, { token, contentType = 'application/json', headers = {}, raw, timeout = 10_000 } = {}) {
    return new Promise((done, failed) => {
      const credentials = token ? { headers: { authorization: `Bearer ${token}` } } : { ...this.admin };
      const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
      const request = https.request(this.url + target, {
        method, ca: this.ca, agent: false, timeout, ...credentials,
        headers: { ...credentials.headers, 'user-agent': 'selftest/1', ...(text !== undefined && { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }), ...headers },
      }, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part)).on('error', failed);
        response.on('aborted', () => failed(new Error('aborted')));
        response.on('end', () => {
          const bytes = Buffer.concat(parts);
          let parsed;
          try {
            parsed = JSON.parse(bytes.toString());
          } catch {
            parsed = undefined;
          }
          done({ status: response.statusCode, headers: response.headers, body: parsed, text: bytes.toString(), bytes });
        });
      });
      request.on('error', failed).on('timeout', () => request.destroy(new Error('timeout')));
      request.end(text);
    });
  }

  get = (target, options) => this.send('GET', target, undefined, options);
  post = (target, body, options) => this.send('POST', target, body, options);
  patch = (target, body, type, options) => this.send('PATCH', target, body, { contentType: { strategic: 'application/strategic-merge-patch+json', merge: 'application/merge-patch+json', json: 'application/json-patch+json', apply: 'application/apply-patch+yaml' }[type] ?? type, ...options });

  /** One HTTP/2 request on a connection of its own. */
  async http2(target, { token } = {}) {
    const session = http2.connect(this.url, { ca: this.ca, ...(token ? {} : this.admin) });
    try {
      return await new Promise((done, failed) => {
        session.on('error', failed);
        const stream = session.request({ ':path': target, ...(token && { authorization: `Bearer ${token}` }) });
        let [status, text] = [0, ''];
        stream.on('response', (headers) => (status = headers[':status'])).on('data', (part) => (text += part)).on('error', failed);
        stream.on('end', () => done({ status, body: JSON.parse(text), protocol: session.alpnProtocol }));
        stream.end();
      });
    } finally {
      session.destroy();
    }
  }

  /** A watch. @returns an iterator of events, with `close` and the promise `ended`. */
  async watch(target, { token } = {}) {
    const response = await new Promise((done, failed) => {
      const request = https.request(this.url + target, { ca: this.ca, agent: false, ...(token ? { headers: { authorization: `Bearer ${token}` } } : this.admin) }, done);
      request.on('error', failed);
      request.end();
    });
    const ended = new Promise((done) => response.on('close', done));
    response.on('error', () => {});
    const lines = readline.createInterface({ input: response })[Symbol.asyncIterator]();
    let pending;
    const next = async (milliseconds = 5000) => {
      let timer;
      pending ??= lines.next();
      const late = new Promise((done) => (timer = setTimeout(() => done({ value: undefined, done: false }), milliseconds)));
      const { value, done } = await Promise.race([pending, late]);
      clearTimeout(timer);
      if (value === undefined && !done) return 'nothing';
      pending = undefined;
      return done ? 'end' : JSON.parse(value);
    };
    return { status: response.statusCode, headers: response.headers, next, ended, close: () => response.destroy() };
  }

  /** A command for the control port; it must succeed. */
  async control(command, values = {}) {
    const response = await fetch(this.controlUrl, { method: 'POST', body: JSON.stringify({ command, ...values }) });
    const answer = await response.json();
    assert.ok(answer.ok, `${command}: ${answer.error}`);
    return answer.result;
  }
}

/** A Status object, checked for what it must hold. */
export function isStatus({ status, body, text }, code, reason, pattern) {
  assert.equal(status, code, text);
  assert.equal(body?.kind, 'Status', text);
  assert.equal(body.code, code);
  assert.equal(body.reason ?? '', reason, text);
  if (pattern) assert.match(body.message, pattern);
  return body;
}
