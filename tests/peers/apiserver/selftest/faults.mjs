// What goes wrong: transport, credentials, overload, outages, and the journal that tells what was asked.
import assert from 'node:assert/strict';
import { isStatus } from './rig.mjs';

const node = '/api/v1/nodes/node-1';
const fails = async (promise, pattern) => assert.rejects(promise, (error) => pattern.test(`${error.code} ${error.message}`) || assert.fail(`${error.code} ${error.message}`));

export const topics = {
  async 'transport'(rig) {
    const both = [await rig.http2(node), await rig.http2(node, { token: rig.token() })];
    assert.deepEqual(both.map(({ status, protocol, body }) => [status, protocol, body.metadata.name]), Array(2).fill([200, 'h2', 'node-1']));
    assert.equal((await rig.get(node, { token: rig.token() })).status, 200);
    await rig.post('/api/v1/namespaces/default/configmaps', { metadata: { name: 'big' }, data: { a: 'x'.repeat(200_000) } });
    const packed = await rig.get('/api/v1/namespaces/default/configmaps/big', { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.ok(packed.bytes.length < 20_000);
    await rig.control('journal', { clear: true });
    await rig.patch(`${node}?fieldManager=m`, { metadata: { labels: { a: 'b' } } }, 'merge', { token: rig.token() });
    const [entry] = await rig.control('journal', { where: { verb: '^patch$' } });
    assert.deepEqual([entry.method, entry.path, entry.query, entry.contentType, entry.userAgent, entry.user, entry.status, entry.resource], ['PATCH', node, 'fieldManager=m', 'application/merge-patch+json', 'selftest/1', 'system:serviceaccount:aiinfra-system:aiinfra-agent', 200, 'nodes']);
    assert.ok(entry.bytes > 100 && entry.milliseconds > 0);
    for (const [show, pattern] of [['expired', /CERT_HAS_EXPIRED/], ['wrong-name', /ALTNAME_INVALID/], ['other-ca', /UNABLE_TO_(VERIFY|GET)|SELF_SIGNED/]]) {
      await rig.control('certificate', { show });
      await fails(rig.get(node), pattern);
    }
    await rig.control('certificate', { show: 'good' });
    assert.equal((await rig.get(node)).status, 200);
  },

  async 'credentials'(rig) {
    isStatus(await rig.get(node, { token: 'nonsense' }), 401, 'Unauthorized');
    const token = rig.token();
    assert.equal((await rig.get(node, { token })).status, 200);
    await rig.control('clock', { skewSeconds: 7200 });
    const late = await rig.get(node, { token });
    isStatus(late, 401, 'Unauthorized');
    assert.ok(Date.parse(late.headers.date) - Date.now() > 7_000_000);
    const rotated = await rig.control('token', { namespace: 'aiinfra-system', account: 'aiinfra-agent', pod: 'aiinfra-agent-node-1', folder: 'agents/node-1' });
    assert.equal(rig.token(), rotated.token);
    assert.equal((await rig.get(node, { token: rotated.token })).status, 200);
    await rig.control('clock', { skewSeconds: 0 });
    await rig.control('revoke', { token: rotated.token });
    isStatus(await rig.get(node, { token: rotated.token }), 401, 'Unauthorized');
    await rig.control('recreate', { resource: 'pods', namespace: 'aiinfra-system', name: 'aiinfra-agent-node-1' });
    isStatus(await rig.get(node, { token }), 401, 'Unauthorized'); // the pod that it was bound to is gone
    const short = '/api/v1/namespaces/aiinfra-system/serviceaccounts/aiinfra-agent/token';
    isStatus(await rig.post(short, { spec: { expirationSeconds: 60 } }), 422, 'Invalid', /less than 10 minutes/);
    const given = await rig.post(short, { spec: { expirationSeconds: 600 } });
    assert.ok(Date.parse(given.body.status.expirationTimestamp) - Date.now() > 590_000);
  },

  async 'answers that a test asks for'(rig) {
    await rig.control('fault', { match: { verb: 'patch' }, times: 2, then: { status: 429, retryAfter: 3 } });
    const busy = await rig.patch(node, {}, 'merge');
    assert.equal(busy.headers['retry-after'], '3');
    assert.equal(isStatus(busy, 429, 'TooManyRequests').details.retryAfterSeconds, 3);
    assert.equal((await rig.get(node)).status, 200); // another verb
    await rig.patch(node, {}, 'merge');
    assert.equal((await rig.patch(node, {}, 'merge')).status, 200); // two times and no more
    await rig.control('fault', { times: 1, then: { html: '<html>Sign in</html>' } });
    const page = await rig.get(node);
    assert.deepEqual([page.status, page.headers['content-type'], page.text], [200, 'text/html; charset=utf-8', '<html>Sign in</html>']);
    await rig.control('fault', { times: 1, then: { status: 503, text: 'no upstream' } });
    assert.deepEqual([(await rig.get(node)).text], ['no upstream']);
    await rig.control('fault', { times: 1, then: { reset: true } });
    await fails(rig.get(node), /ECONNRESET|socket hang up/);
    await rig.control('fault', { times: 1, then: { cutAfter: 100 } });
    await fails(rig.get(node), /ECONNRESET|aborted/);
    await rig.control('fault', { times: 1, then: { hang: true } });
    await fails(rig.get(node, { timeout: 300 }), /timeout/);
    await rig.control('fault', { times: 1, then: { delay: 300 } });
    const started = Date.now();
    assert.equal((await rig.get(node)).status, 200);
    assert.ok(Date.now() - started >= 295);
    await rig.control('limit', { inFlight: 1, latency: 200 });
    const answers = await Promise.all([rig.get(node), rig.get(node), rig.get(node)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 429, 429]);
    const refused = answers.find(({ status }) => status === 429);
    assert.deepEqual([refused.headers['retry-after'], refused.body], ['1', undefined]); // no Status object: plain text
    await rig.control('limit');
    assert.equal((await rig.get(node)).status, 200);
  },

  async 'a broken network'(rig) {
    const watch = await rig.watch('/api/v1/nodes?watch=1&fieldSelector=metadata.name%3Dnode-1');
    await watch.next();
    await rig.control('wire', { do: 'freeze' });
    await rig.patch(node, { metadata: { labels: { a: '1' } } }, 'merge'); // on a connection of its own
    assert.equal(await watch.next(300), 'nothing');
    await rig.control('wire', { do: 'thaw' });
    assert.equal((await watch.next()).type, 'MODIFIED'); // bytes that were under way come late
    await rig.control('wire', { do: 'silence' });
    await fails(rig.get(node, { timeout: 300 }), /timeout/); // accepted, never answered
    await rig.control('wire', { do: 'hear' });
    assert.equal((await rig.get(node)).status, 200);
    await rig.control('wire', { do: 'reset' });
    await watch.ended;
    await rig.control('wire', { do: 'down' });
    await fails(rig.get(node), /ECONNREFUSED/);
    await rig.control('wire', { do: 'up' });
    assert.equal((await rig.get(node)).status, 200);
    const session = await rig.watch('/api/v1/nodes?watch=1');
    await rig.control('wire', { do: 'goaway' });
    session.close();
  },
};
