// Checks the stand-in: the real kubectl works with it, and it refuses what the real server refuses.
//
//   node selftest.mjs [TOPIC ...]     without topics: all of them; --list names them
import * as faults from './selftest/faults.mjs';
import * as kubectl from './selftest/kubectl.mjs';
import * as objects from './selftest/objects.mjs';
import * as reading from './selftest/reading.mjs';
import { kubectlPath, Rig } from './selftest/rig.mjs';

const topics = { ...kubectl.topics, ...objects.topics, ...reading.topics, ...faults.topics };
const asked = process.argv.slice(2);
if (asked[0] === '--list') {
  console.log(Object.keys(topics).join('\n'));
  process.exit(0);
}
const unknown = asked.filter((name) => !topics[name]);
if (unknown.length > 0) {
  console.error(`No topic ${unknown.join(', ')}; --list names them.`);
  process.exit(64);
}

let failed = 0;
for (const name of asked.length > 0 ? asked : Object.keys(topics)) {
  const started = Date.now();
  const rig = await Rig.start(kubectlPath(), ...(topics[name].options ?? []));
  try {
    await topics[name](rig);
    console.log(`passed ${name} (${Date.now() - started} ms)`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}: ${error.stack}`);
  } finally {
    await rig.stop();
  }
}
process.exit(failed > 0 ? 1 : 0);
