// The demo's control as a program uses it: described by its own OpenAPI, and refused from elsewhere.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Demo } from './lib/demo.mjs';
import { Wire } from './lib/wire.mjs';

let demo;
let wire;

before(async () => {
  demo = await Demo.start({ args: ['--control'] });
  wire = new Wire({ ca: demo.ca });
});

after(async () => {
  await wire?.close();
  await demo?.stop();
});

/** Asks the control, and reads its JSON. */
async function ask(method, path, body, headers = {}) {
  const answer = await wire.fetch(demo.url('netwerk', path), {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
  });
  return { status: answer.status, json: await answer.json() };
}

test('the_control_tells_how_things_stand', async () => {
  const { status, json } = await ask('GET', '/control');
  assert.equal(status, 200);
  assert.equal(json.clock.shift_s, 0);
  const { json: api } = await ask('GET', '/control/openapi.json');
  assert.deepEqual(Object.keys(json.parties).sort(), [...api.components.schemas.Party.enum].sort());
  assert.ok(Object.values(json.parties).every((trouble) => trouble === null));
});

test('every_operation_that_is_described_is_there', async () => {
  const { json: api } = await ask('GET', '/control/openapi.json');
  for (const [path, operations] of Object.entries(api.paths)) {
    const there = path.replace('{party}', 'dva');
    for (const method of ['get', 'put', 'post', 'delete'].filter((name) => operations[name])) {
      const { status } = await ask(method.toUpperCase(), there, method === 'get' ? undefined : {});
      assert.ok(Object.hasOwn(operations[method].responses, status), `${method} ${path}: ${status}`);
    }
  }
  await ask('POST', '/control/reset', {});
});

test('a_party_is_down_until_somebody_heals_it', async () => {
  const metadata = () => wire.fetch(demo.url('mitz', '/.well-known/openid-configuration'));
  const down = await ask('PUT', '/control/parties/mitz', { trouble: 'down' });
  assert.deepEqual([down.status, down.json.parties.mitz], [200, { trouble: 'down' }]);
  const answer = await metadata();
  assert.equal(answer.status, 503);
  assert.ok(answer.headers.get('retry-after'));
  const healed = await ask('DELETE', '/control/parties/mitz');
  assert.deepEqual([healed.status, healed.json.parties.mitz], [200, null]);
  assert.equal((await metadata()).status, 200);
});

test('trouble_that_is_not_described_is_refused', async () => {
  for (const body of [{}, { trouble: 'slow' }, { trouble: 'slow', delay_ms: 60001 }, { trouble: 'odd' }]) {
    const { status, json } = await ask('PUT', '/control/parties/dva', body);
    assert.equal(status, 400);
    assert.equal(typeof json.error, 'string');
  }
  for (const party of ['netwerk', 'nobody', '%ff']) {
    assert.equal((await ask('PUT', `/control/parties/${party}`, { trouble: 'down' })).status, 404);
  }
  const foreign = { origin: 'https://else.localhost' };
  assert.equal((await ask('DELETE', '/control/parties/dva', undefined, foreign)).status, 403);
  assert.equal((await ask('POST', '/control/reset', {}, foreign)).status, 403);
});

test('without_control_nothing_can_be_disturbed', async () => {
  const plain = await Demo.start();
  const other = new Wire({ ca: plain.ca });
  for (const path of ['/control', '/control/openapi.json', '/bediening']) {
    assert.equal((await other.fetch(plain.url('netwerk', path))).status, 404);
  }
  await other.close();
  await plain.stop();
});
