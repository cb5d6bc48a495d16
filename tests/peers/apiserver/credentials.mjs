// The folder of credentials: a CA, certificates, tokens, and kubeconfigs that kubectl and any client take.
import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, createSign, createVerify, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { seconds } from './clock.mjs';

const openssl = (...words) => execFileSync('openssl', words, { stdio: ['ignore', 'pipe', 'pipe'] });
const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const names = 'subjectAltName=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:::1';
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

export const issuer = 'https://kubernetes.default.svc.cluster.local';

export class Credentials {
  #key;

  constructor(folder) {
    this.folder = folder;
    fs.mkdirSync(folder, { recursive: true });
    this.authority('ca', 'stand-in-ca');
    openssl('ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', this.file('tokens.key'));
    this.#key = createPrivateKey(fs.readFileSync(this.file('tokens.key')));
    this.certificate('server', { subject: '/CN=kube-apiserver', extension: names });
    this.certificate('admin', { subject: '/O=system:masters/CN=admin' });
    this.certificate('expired-client', { subject: '/O=system:masters/CN=late', days: -1 });
  }

  file = (...parts) => path.join(this.folder, ...parts);
  read = (name) => fs.readFileSync(this.file(name), 'utf8');

  authority(name, subject) {
    openssl('req', '-x509', ...curve, '-days', '3650', '-subj', `/CN=${subject}`, '-keyout', this.file(`${name}.key`), '-out', this.file(`${name}.crt`));
  }

  certificate(name, { subject, days = 365, extension, ca = 'ca' }) {
    openssl('req', ...curve, '-subj', subject, '-keyout', this.file(`${name}.key`), '-out', this.file(`${name}.csr`));
    const usage = extension ? `extendedKeyUsage=serverAuth\n${extension}\n` : 'extendedKeyUsage=clientAuth\n';
    fs.writeFileSync(this.file(`${name}.ext`), usage);
    openssl('x509', '-req', '-in', this.file(`${name}.csr`), '-CA', this.file(`${ca}.crt`), '-CAkey', this.file(`${ca}.key`), '-CAcreateserial',
      '-days', String(days), '-extfile', this.file(`${name}.ext`), '-out', this.file(`${name}.crt`));
    for (const end of ['csr', 'ext']) fs.rmSync(this.file(`${name}.${end}`));
  }

  /** What the server shows: good, expired, of another name, or of an authority that no client knows. */
  serverCertificate(what) {
    if (what === 'good') return { key: this.read('server.key'), cert: this.read('server.crt') };
    if (what === 'other-ca' && !fs.existsSync(this.file('other-ca.crt'))) this.authority('other-ca', 'another-ca');
    const kinds = {
      expired: { days: -1, extension: names },
      'wrong-name': { extension: 'subjectAltName=DNS:elsewhere.example' },
      'other-ca': { extension: names, ca: 'other-ca' },
    };
    if (!kinds[what]) throw new Error(`No certificate '${what}'; there are good, ${Object.keys(kinds).join(', ')}.`);
    this.certificate(`server-${what}`, { subject: '/CN=kube-apiserver', ...kinds[what] });
    return { key: this.read(`server-${what}.key`), cert: this.read(`server-${what}.crt`) };
  }

  /** A token of a service account, bound to a pod and its node where these are given. */
  token({ namespace, account, uid, pod, node, lifetime = 3600, audiences = [issuer] }) {
    const now = seconds();
    const claims = {
      aud: audiences, exp: now + lifetime, iat: now, nbf: Math.min(now, now + lifetime), iss: issuer, jti: randomUUID(), sub: `system:serviceaccount:${namespace}:${account}`,
      'kubernetes.io': { namespace, serviceaccount: { name: account, uid }, ...(pod && { pod }), ...(node && { node }) },
    };
    const text = `${base64url({ alg: 'ES256', kid: 'stand-in' })}.${base64url(claims)}`;
    const signature = createSign('sha256').update(text).sign({ key: this.#key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
    return { token: `${text}.${signature}`, expires: claims.exp * 1000 };
  }

  /** The claims of a token that this server signed and that has not expired, or null. */
  claims(token) {
    const [header, body, signature, ...rest] = token.split('.');
    if (!signature || rest.length > 0) return null;
    try {
      const isOurs = createVerify('sha256').update(`${header}.${body}`)
        .verify({ key: createPublicKey(this.#key), dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
      return isOurs && claims.exp > seconds() ? claims : null;
    } catch {
      return null;
    }
  }

  kubeconfig(name, server, user) {
    const config = {
      apiVersion: 'v1', kind: 'Config', 'current-context': name, preferences: {},
      clusters: [{ name: 'stand-in', cluster: { server, 'certificate-authority': this.file('ca.crt') } }],
      users: [{ name, user }],
      contexts: [{ name, context: { cluster: 'stand-in', user: name } }],
    };
    fs.writeFileSync(this.file(`${name}.kubeconfig`), JSON.stringify(config, null, 2), { mode: 0o600 });
  }

  clientFiles = (name) => ({ 'client-certificate': this.file(`${name}.crt`), 'client-key': this.file(`${name}.key`) });

  /** What a pod finds under /var/run/secrets/kubernetes.io/serviceaccount. A file is replaced as the kubelet does: at once and whole. */
  writeAccount(folder, { token, namespace }) {
    fs.mkdirSync(this.file(folder), { recursive: true });
    for (const [name, text] of Object.entries({ token, namespace, 'ca.crt': this.read('ca.crt') })) {
      fs.writeFileSync(this.file(folder, `${name}.new`), text);
      fs.renameSync(this.file(folder, `${name}.new`), this.file(folder, name));
    }
  }
}
