// Cases of mitz.md at the token and userinfo endpoints, over mutual TLS.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Demo, inputFolder } from './lib/demo.mjs';
import { leaks, requirements } from './lib/log.mjs';
import { withdraw } from './lib/login.mjs';
import { Client } from './lib/openid.mjs';
import { decodable, open, placesOf } from './lib/tokens.mjs';
import { Wire } from './lib/wire.mjs';

const CLIENT_ID = 'openidclient.localhost';
const OTHER_ID = 'tweede.localhost';
const HOSPITAL = '00000659';
const PRACTICE = '00000666';

let demo;
let front;
let client;
let other;

before(async () => {
  demo = await Demo.start({ input: inputFolder({ clients: [CLIENT_ID, OTHER_ID] }) });
  front = new Wire({ ca: demo.ca });
  client = await Client.discover(demo, CLIENT_ID);
  other = await Client.discover(demo, OTHER_ID);
});

after(async () => {
  await Promise.all([client?.close(), other?.close(), front?.close()]);
  await demo?.stop();
});

/** A code of a person who consented to everything. */
const code = (name = 'Saskia') => client.authorized(front, demo.bsn(name));
const urasOf = (userinfo) => userinfo.locations.map((location) => location.value).sort();

/** RFC 6749 §5.2: status, error code, nothing to be cached, and the rule in the operator's log. */
async function assertRefused(answer, status, error, requirement) {
  assert.equal(answer.status, status);
  assert.match(answer.headers.get('cache-control'), /no-store/);
  const body = await answer.json();
  assert.equal(body.error, error);
  assert.deepEqual(Object.keys(body).sort(), ['error', 'error_description']);
  assert.deepEqual(requirements(demo, answer), [requirement]);
}

/** A refresh token that leads nowhere any more. */
async function assertDead(refreshToken, requirement) {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: CLIENT_ID };
  await assertRefused(await client.post(form), 400, 'invalid_grant', requirement);
}

function userinfo(headers) {
  return client.wire.fetch(client.metadata.userinfo_endpoint, { headers });
}

test('mitz_case_011_a_later_visit_needs_no_browser', async () => {
  const tokens = await client.redeem(await code());
  const later = await client.refresh(tokens.refresh_token);
  assert.deepEqual(urasOf(await client.userinfo(later)), [HOSPITAL, PRACTICE]);
});

test('mitz_case_012_a_code_gives_tokens_for_900_seconds_and_an_id_token_without_locations', async () => {
  const answered = await code();
  const answer = await client.post(client.codeForm(answered));
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^application\/json/);
  assert.match(answer.headers.get('cache-control'), /no-store/);
  const tokens = await answer.json();
  assert.equal(tokens.token_type, 'Bearer');
  assert.equal(tokens.expires_in, 900);
  assert.equal(tokens.scope, 'openid offline_access');
  assert.ok(tokens.refresh_token);
  const { claims } = open(tokens.id_token);
  assert.equal(claims.nonce, answered.nonce);
  assert.equal(claims.aud, CLIENT_ID);
  assert.ok(!('locations' in claims));
});

test('mitz_case_013_a_code_offered_again_is_refused_and_ends_what_it_gave', async () => {
  const answered = await code();
  const tokens = await client.redeem(answered);
  assert.ok(await client.userinfo(tokens));
  const again = await client.post(client.codeForm(answered));
  await assertRefused(again, 400, 'invalid_grant', 'RFC 9700 §4.14.2');
  const denied = await userinfo({ authorization: `Bearer ${tokens.access_token}` });
  assert.equal(denied.status, 401);
  assert.match(denied.headers.get('www-authenticate'), /error="invalid_token"/);
  await assertDead(tokens.refresh_token, 'RFC 6749 §5.2');
});

test('mitz_case_013_of_many_who_offer_a_code_at_once_one_wins_at_most', async () => {
  const answered = await code('Joost');
  const offers = Array.from({ length: 12 }, () => client.post(client.codeForm(answered)));
  const statuses = (await Promise.all(offers)).map((answer) => answer.status).sort();
  assert.deepEqual(statuses, [200, ...Array(11).fill(400)]);
});

test('mitz_case_014_a_wrong_code_verifier_is_refused_and_spends_the_code', async () => {
  const answered = await code();
  const wrong = client.codeForm(answered, { code_verifier: 'w'.repeat(43) });
  await assertRefused(await client.post(wrong), 400, 'invalid_grant', 'RFC 7636 §4.6');
  const right = await client.post(client.codeForm(answered));
  assert.equal(right.status, 400);
  assert.equal((await right.json()).error, 'invalid_grant');
});

test('mitz_case_015_the_certificate_of_another_client_is_refused_and_leaves_the_code', async () => {
  const answered = await code();
  const form = client.codeForm(answered);
  const endpoint = client.metadata.token_endpoint;
  const asOther = await other.wire.post(endpoint, form);
  await assertRefused(asOther, 401, 'invalid_client', 'RFC 8705 §2');
  const withNone = await front.post(endpoint, form);
  assert.equal(withNone.status, 401);
  assert.equal((await withNone.json()).error, 'invalid_client');
  assert.equal((await client.post(form)).status, 200);
});

test('mitz_case_015_a_code_of_another_client_is_refused', async () => {
  const answered = await code();
  const form = client.codeForm(answered, { client_id: OTHER_ID });
  const answer = await other.post(form);
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).error, 'invalid_grant');
});

test('mitz_case_016_a_token_request_by_get_or_head_gives_no_token_and_spends_nothing', async () => {
  const answered = await code();
  const url = `${client.metadata.token_endpoint}?${new URLSearchParams(client.codeForm(answered))}`;
  for (const method of ['GET', 'HEAD']) {
    const answer = await client.wire.fetch(url, { method });
    assert.equal(answer.status, 405);
    assert.doesNotMatch(await answer.text(), /access_token/);
  }
  // Nor when the parameters of a POST stand in its query.
  assert.equal((await client.wire.fetch(url, { method: 'POST' })).status, 400);
  assert.equal((await client.post(client.codeForm(answered))).status, 200);
});

test('mitz_case_017_a_redirect_uri_that_is_encoded_twice_is_refused_and_spends_the_code', async () => {
  const answered = await code();
  const twice = client.codeForm(answered, { redirect_uri: encodeURIComponent(client.redirectUri) });
  await assertRefused(await client.post(twice), 400, 'invalid_grant', 'RFC 6749 §4.1.3');
  assert.equal((await client.post(client.codeForm(answered))).status, 400);
});

test('mitz_case_018_a_refresh_gives_new_tokens_and_the_old_one_is_dead', async () => {
  const first = await client.redeem(await code());
  const second = await client.refresh(first.refresh_token);
  assert.notEqual(second.access_token, first.access_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal(second.expires_in, 900);
  await assertDead(first.refresh_token, 'RFC 9700 §4.14.2');
});

test('mitz_case_019_an_old_refresh_token_ends_the_whole_family', async () => {
  const first = await client.redeem(await code());
  const second = await client.refresh(first.refresh_token);
  const third = await client.refresh(second.refresh_token);
  await assertDead(first.refresh_token, 'RFC 9700 §4.14.2');
  await assertDead(third.refresh_token, 'RFC 6749 §5.2');
  const denied = await userinfo({ authorization: `Bearer ${third.access_token}` });
  assert.equal(denied.status, 401);
});

test('mitz_case_019_of_many_who_offer_a_refresh_token_at_once_one_wins_and_the_family_ends', async () => {
  const { refresh_token: token } = await client.redeem(await code('Joost'));
  const form = { grant_type: 'refresh_token', refresh_token: token, client_id: CLIENT_ID };
  const answers = await Promise.all(Array.from({ length: 12 }, () => client.post(form)));
  const bodies = await Promise.all(answers.map((answer) => answer.json()));
  const won = bodies.filter((body) => body.refresh_token);
  assert.equal(won.length, 1);
  assert.equal(bodies.filter((body) => body.error === 'invalid_grant').length, 11);
  await assertDead(won[0].refresh_token, 'RFC 6749 §5.2');
});

test('mitz_case_019_a_token_whose_secret_is_altered_is_noise_and_ends_nothing', async () => {
  const tokens = await client.redeem(await code());
  const altered = tokens.refresh_token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  await assertDead(altered, 'RFC 6749 §5.2');
  assert.ok(await client.refresh(tokens.refresh_token));
});

test('mitz_case_020_a_refresh_after_the_consent_was_withdrawn_is_refused', async () => {
  const tokens = await client.redeem(await code('Maria'));
  const page = await withdraw(demo, front, demo.bsn('Maria'), CLIENT_ID);
  assert.match(page.text, /Your consent for PGO openidclient has been withdrawn/);
  await assertDead(tokens.refresh_token, 'mitz case 20');
  const denied = await userinfo({ authorization: `Bearer ${tokens.access_token}` });
  assert.equal(denied.status, 401);
});

test('mitz_case_021_userinfo_without_a_token_is_challenged', async () => {
  for (const headers of [{}, { authorization: 'Basic eDp5' }]) {
    const answer = await userinfo(headers);
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
  }
});

test('rfc_6750_3_1_an_access_token_with_a_later_expiry_written_into_it_is_invalid', async () => {
  const { access_token: token } = await client.redeem(await code());
  const [header, , signature] = token.split('.');
  const { claims } = open(token);
  const later = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 3600 }));
  const altered = `${header}.${later.toString('base64url')}.${signature}`;
  const answer = await userinfo({ authorization: `Bearer ${altered}` });
  assert.equal(answer.status, 401);
  assert.match(answer.headers.get('www-authenticate'), /error="invalid_token"/);
});

test('mitz_case_028_no_token_holds_a_bsn_and_sub_differs_by_client', async () => {
  const subs = new Set();
  for (const of of [client, other]) {
    const tokens = await of.tokens(front, demo.bsn('Saskia'));
    const userinfo = await of.userinfo(tokens);
    const everybody = demo.json.people.map((person) => person.bsn);
    assert.deepEqual(placesOf([...everybody, 'bsn'], decodable(tokens, userinfo)), []);
    for (const { claims } of Object.values(decodable(tokens, userinfo))) {
      if (claims.sub !== undefined) assert.equal(claims.sub, userinfo.sub);
    }
    subs.add(userinfo.sub);
  }
  assert.equal(subs.size, 2);
  // And stays the same at the next login.
  const again = await client.tokens(front, demo.bsn('Saskia'));
  assert.ok(subs.has(again.claims().sub));
});

test('mitz_case_074_what_was_written_of_tokens_holds_no_bsn_and_no_token', async () => {
  assert.deepEqual(await leaks(demo, front, [client, other]), []);
});
