// npm openid-client, registered as a client of the PGO's kind, with Mitz as its OpenID Provider.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as openid from 'openid-client';
import { Demo, inputFolder } from './lib/demo.mjs';
import { Client } from './lib/openid.mjs';
import { decodable, open, placesOf } from './lib/tokens.mjs';
import { Wire } from './lib/wire.mjs';

const CLIENT_ID = 'openidclient.localhost';
const HOSPITAL = '00000659';
const PRACTICE = '00000666';

let demo;
/** A browser: shows no certificate. */
let front;
let client;

before(async () => {
  demo = await Demo.start({ input: inputFolder({ clients: [CLIENT_ID] }) });
  front = new Wire({ ca: demo.ca });
  client = await Client.discover(demo, CLIENT_ID);
});

after(async () => {
  await Promise.all([client?.close(), front?.close()]);
  await demo?.stop();
});

const urasOf = (userinfo) => userinfo.locations.map((location) => location.value).sort();
/** openid-client gives its reason as the cause of its error. */
const because = (reason) => (error) => reason.test(error.cause.message);
const isInvalidGrant = { name: 'ResponseBodyError', error: 'invalid_grant', status: 400 };

test('openid_client_discovers_mitz_and_finds_the_mutual_tls_aliases', () => {
  const { metadata } = client;
  assert.equal(metadata.issuer, demo.json.issuers.mitz.issuer);
  assert.deepEqual(metadata.mtls_endpoint_aliases, {
    token_endpoint: demo.url('mitz-back', '/token'),
    userinfo_endpoint: demo.url('mitz-back', '/userinfo'),
  });
  assert.deepEqual(metadata.subject_types_supported, ['pairwise']);
  assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
  assert.equal(metadata.authorization_response_iss_parameter_supported, true);
  assert.equal(metadata.tls_client_certificate_bound_access_tokens, true);
  assert.ok(metadata.token_endpoint_auth_methods_supported.includes('tls_client_auth'));
  assert.ok(metadata.userinfo_signing_alg_values_supported.includes('ES256'));
});

test('openid_client_logs_a_person_in_and_reads_signed_userinfo', async () => {
  const tokens = await client.tokens(front, demo.bsn('Saskia'));
  const { sub } = tokens.claims();
  const userinfo = await client.userinfo(tokens, sub);
  assert.equal(userinfo.sub, sub);
  assert.deepEqual(urasOf(userinfo), [HOSPITAL, PRACTICE]);
});

test('openid_client_refuses_an_answer_without_iss_or_with_another_state_so_the_checks_are_on', async () => {
  const answered = await client.authorized(front, demo.bsn('Joost'));
  const without = new URL(answered.callback);
  without.searchParams.delete('iss');
  await assert.rejects(client.redeem({ ...answered, callback: without }), because(/"iss"/));
  const state = openid.randomState();
  await assert.rejects(client.redeem({ ...answered, state }), because(/"state"/));
  // Neither reached Mitz, so the code is still good.
  assert.ok((await client.redeem(answered)).access_token);
});

test('openid_client_refuses_userinfo_whose_signature_was_altered_so_it_verifies_it', async () => {
  const tokens = await client.tokens(front, demo.bsn('Saskia'));
  const onTheWay = await Client.discover(demo, CLIENT_ID, {
    async altered(answer) {
      if (answer.headers.get('content-type') !== 'application/jwt') return answer;
      const [header, payload, signature] = (await answer.text()).split('.');
      const other = signature.startsWith('A') ? 'B' : 'A';
      const { status, headers } = answer;
      return new Response(`${header}.${payload}.${other}${signature.slice(1)}`, { status, headers });
    },
  });
  await assert.rejects(onTheWay.userinfo(tokens), because(/signature verification failed/));
  await onTheWay.close();
  assert.ok(await client.userinfo(tokens));
});

test('openid_client_refreshes_and_every_refresh_gives_another_token', async () => {
  let tokens = await client.tokens(front, demo.bsn('Maria'));
  const { sub } = tokens.claims();
  const seen = new Set([tokens.refresh_token]);
  for (let round = 0; round < 5; round += 1) {
    tokens = await client.refresh(tokens.refresh_token);
    assert.ok(!seen.has(tokens.refresh_token));
    seen.add(tokens.refresh_token);
    assert.equal(tokens.claims().sub, sub);
  }
  assert.equal((await client.userinfo(tokens, sub)).sub, sub);
});

test('openid_client_sees_a_reused_refresh_token_end_the_whole_family', async () => {
  const first = await client.tokens(front, demo.bsn('Joost'));
  const second = await client.refresh(first.refresh_token);
  await assert.rejects(client.refresh(first.refresh_token), isInvalidGrant);
  await assert.rejects(client.refresh(second.refresh_token), isInvalidGrant);
  // Its access tokens end with it.
  await assert.rejects(client.userinfo(second), { name: 'WWWAuthenticateChallengeError', status: 401 });
});

test('openid_client_holds_tokens_that_are_bound_to_its_certificate', async () => {
  const tokens = await client.tokens(front, demo.bsn('Saskia'));
  const userinfo = await client.userinfo(tokens);
  const bound = { 'x5t#S256': client.wire.thumbprint };
  assert.deepEqual(open(tokens.access_token).claims.cnf, bound);
  assert.deepEqual(userinfo.cnf, bound);
  for (const location of userinfo.locations) {
    assert.deepEqual(open(location.id_token).claims.cnf, bound);
  }
  // Another client's certificate, and none at all.
  const other = demo.client('anderpgo.localhost');
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  for (const shown of [{ cert: other.cert, key: other.key }, {}]) {
    const wire = new Wire({ ca: demo.ca, ...shown });
    const answer = await wire.fetch(demo.url('mitz-back', '/userinfo'), { headers });
    assert.equal(answer.status, 401);
    assert.match(answer.headers.get('www-authenticate'), /error="invalid_token"/);
    await wire.close();
  }
});

test('openid_client_finds_no_bsn_in_any_token_nor_in_the_answer_on_the_way', async () => {
  const answered = await client.authorized(front, demo.bsn('Saskia'));
  const tokens = await client.redeem(answered);
  const userinfo = await client.userinfo(tokens);
  const everybody = demo.json.people.map((person) => person.bsn);
  assert.ok(everybody.length >= 8);
  assert.deepEqual(placesOf([...everybody, 'bsn'], decodable(tokens, userinfo)), []);
  assert.deepEqual(placesOf(everybody, answered.callback.href), []);
});
