// Lists and watches: pages, versions, bookmarks, 410.
import assert from 'node:assert/strict';
import { isStatus } from './rig.mjs';

const nodes = '/api/v1/nodes', node = `${nodes}/node-1`;
const label = (rig, value) => rig.patch(node, { metadata: { labels: { value } } }, 'merge');

export const topics = {
  async 'lists'(rig) {
    const first = await rig.get(`${nodes}?limit=2`);
    assert.deepEqual([first.body.kind, first.body.items.length, first.body.metadata.remainingItemCount, first.body.items[0].kind], ['NodeList', 2, 1, undefined]);
    const next = `${nodes}?limit=2&continue=${encodeURIComponent(first.body.metadata.continue)}`;
    await rig.send('DELETE', `${nodes}/node-3`);
    const second = await rig.get(next); // the list as it was when it began
    assert.deepEqual([second.body.items[0].metadata.name, second.body.metadata.continue, second.body.metadata.resourceVersion], ['node-3', undefined, first.body.metadata.resourceVersion]);
    const version = first.body.metadata.resourceVersion;
    assert.equal((await rig.get(`${nodes}?resourceVersion=${version}&resourceVersionMatch=Exact`)).body.items.length, 3);
    assert.equal((await rig.get(`${nodes}?resourceVersion=0`)).body.items.length, 2);
    await rig.control('compact');
    isStatus(await rig.get(next), 410, 'Expired', /The provided continue parameter is too old/);
    isStatus(await rig.get(`${nodes}?resourceVersion=${version}&resourceVersionMatch=Exact`), 410, 'Expired');
    isStatus(await rig.get(`${nodes}?resourceVersionMatch=Exact`), 422, 'Invalid', /forbidden unless resourceVersion is provided/);
    isStatus(await rig.get(`${nodes}?continue=nonsense`), 400, 'BadRequest');
    const ahead = await rig.get(`${nodes}?resourceVersion=99999999`);
    assert.equal(isStatus(ahead, 504, 'Timeout', /Too large resource version/).details.causes[0].reason, 'ResourceVersionTooLarge');
    isStatus(await rig.get(`${nodes}?labelSelector=${encodeURIComponent('a b c')}`), 400, 'BadRequest');
    assert.equal((await rig.get('/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-2,status.phase!%3DSucceeded')).body.items.length, 1);
    const partial = await rig.get(nodes, { headers: { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json' } });
    assert.deepEqual([partial.body.kind, partial.body.items[0].status], ['PartialObjectMetadataList', undefined]);
  },

  async 'watches'(rig) {
    const { body: { metadata: { resourceVersion } } } = await rig.get(nodes);
    await label(rig, 'one');
    const watch = await rig.watch(`${nodes}?watch=true&resourceVersion=${resourceVersion}&fieldSelector=metadata.name%3Dnode-1&allowWatchBookmarks=true`);
    const past = await watch.next(); // what happened before the watch came
    assert.deepEqual([past.type, past.object.kind, past.object.metadata.labels.value], ['MODIFIED', 'Node', 'one']);
    await label(rig, 'two');
    assert.equal((await watch.next()).object.metadata.labels.value, 'two');
    await rig.control('skip', { count: 50 });
    await rig.control('watches', { do: 'bookmark' });
    const bookmark = await watch.next();
    assert.equal(bookmark.type, 'BOOKMARK');
    assert.ok(Number(bookmark.object.metadata.resourceVersion) >= Number(past.object.metadata.resourceVersion) + 50);
    assert.equal(bookmark.object.metadata.name, undefined);
    await rig.control('recreate', { name: 'node-1' });
    assert.equal((await watch.next()).type, 'DELETED');
    assert.equal((await watch.next()).type, 'ADDED');
    await rig.control('watches', { do: 'expire' });
    const error = await watch.next();
    assert.deepEqual([error.type, error.object.kind, error.object.code, error.object.reason], ['ERROR', 'Status', 410, 'Expired']);
    assert.equal(await watch.next(), 'end');

    await rig.control('compact');
    const old = await rig.watch(`${nodes}?watch=1&resourceVersion=${resourceVersion}`);
    assert.deepEqual([old.status, (await old.next()).object.code, await old.next()], [200, 410, 'end']);
    const fresh = await rig.watch(`${nodes}?watch=1&resourceVersion=0&labelSelector=picked`);
    await rig.patch(node, { metadata: { labels: { picked: 'yes' } } }, 'merge');
    assert.equal((await fresh.next()).type, 'ADDED'); // for this watch the node is new
    await rig.patch(node, { metadata: { labels: { picked: null } } }, 'merge');
    const left = await fresh.next();
    assert.deepEqual([left.type, left.object.metadata.labels.picked], ['DELETED', 'yes']);
    fresh.close();

    const streamed = await rig.watch(`${nodes}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1`);
    const types = [await streamed.next(), await streamed.next(), await streamed.next(), await streamed.next()];
    assert.deepEqual(types.map(({ type }) => type), ['ADDED', 'ADDED', 'ADDED', 'BOOKMARK']);
    assert.equal(types[3].object.metadata.annotations['k8s.io/initial-events-end'], 'true');
    assert.equal(await streamed.next(), 'end'); // timeoutSeconds
    isStatus(await rig.get(`${nodes}?watch=1&sendInitialEvents=true`), 422, 'Invalid');
    isStatus(await rig.get(`${nodes}?watch=1&resourceVersion=abc`), 400, 'BadRequest');

    const named = await rig.watch(`${nodes}?watch=1&fieldSelector=metadata.name%3Dnode-1`, { token: rig.token() });
    assert.equal((await named.next()).object.metadata.name, 'node-1');
    await rig.control('watches', { do: 'silence' });
    await label(rig, 'three');
    assert.equal(await named.next(300), 'nothing');
    await rig.control('watches', { do: 'cut' });
    await named.ended;
    assert.equal((await rig.control('watches')).count, 0);
  },
};
