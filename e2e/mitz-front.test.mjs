// Cases of mitz.md at the front channel, over TLS: authorization request, login, consent.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Demo, inputFolder } from './lib/demo.mjs';
import { leaks, requirements } from './lib/log.mjs';
import { atDigid, atRegister, overview } from './lib/login.mjs';
import { Client } from './lib/openid.mjs';
import { Person } from './lib/person.mjs';
import { Wire } from './lib/wire.mjs';

const CLIENT_ID = 'openidclient.localhost';

let demo;
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

/** The answer to an authorization request with one parameter changed, or left out for null. */
async function authorize(change) {
  const request = await client.request(change);
  return { ...request, answer: await front.fetch(request.url) };
}

/** A page of the authorization server itself: the browser is sent nowhere. */
async function assertPage(url, heading, requirement) {
  const page = await new Person(front).open(url);
  assert.equal(page.url.href, url.href);
  assert.equal(page.status, 400);
  assert.equal(page.heading, heading);
  assert.deepEqual(requirements(demo, page), [requirement]);
}

/** The browser goes to the client with an error, `state` and `iss`. */
function assertAtClient(url, { state }, error) {
  assert.ok(url.href.startsWith(`${client.redirectUri}?`), url.origin);
  assert.equal(url.searchParams.get('error'), error);
  assert.equal(url.searchParams.get('state'), state);
  assert.equal(url.searchParams.get('iss'), demo.json.issuers.mitz.issuer);
  assert.equal(url.searchParams.get('code'), null);
}

/** An authorization request that is refused at the client. */
async function assertRefusedAtClient(change, error, requirement) {
  const { answer, ...request } = await authorize(change);
  assert.equal(answer.status, 303);
  assertAtClient(new URL(answer.headers.get('location')), request, error);
  assert.deepEqual(requirements(demo, answer), [requirement]);
}

/** A person whom Mitz sent to DigiD. */
async function sentToDigid() {
  const request = await client.request();
  const person = new Person(front);
  return { request, person, digid: await person.open(request.url) };
}

test('mitz_case_001_a_whole_request_goes_to_digid_with_a_saml_request_and_a_cookie', async () => {
  const { answer } = await authorize({});
  assert.equal(answer.status, 303);
  const to = new URL(answer.headers.get('location'));
  assert.equal(to.origin, demo.url('digid'));
  for (const name of ['SAMLRequest', 'RelayState', 'SigAlg', 'Signature']) {
    assert.ok(to.searchParams.get(name), name);
  }
  const [cookie] = answer.headers.getSetCookie();
  assert.match(cookie, /^__Host-aanvraag-[0-9a-f]+=.*; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=Lax$/);
});

test('mitz_case_002_an_unknown_client_gets_a_page_and_no_redirect', async () => {
  for (const clientId of ['nobody.localhost', null]) {
    const { url } = await client.request({ client_id: clientId });
    await assertPage(url, 'We do not know this PGO', 'mitz case 2');
  }
});

test('mitz_case_003_a_redirect_uri_that_is_not_registered_gets_a_page_and_no_redirect', async () => {
  const known = client.redirectUri;
  const others = [`${known}/`, `${known}?x=1`, known.toUpperCase(), 'https://evil.example/callback', null];
  for (const redirectUri of others) {
    const { url } = await client.request({ redirect_uri: redirectUri });
    await assertPage(url, 'We cannot send you back', 'mitz case 3');
  }
});

test('mitz_case_004_without_openid_the_scope_is_invalid', async () => {
  await assertRefusedAtClient({ scope: 'offline_access' }, 'invalid_scope', 'OIDC Core §3.1.2.1');
});

test('mitz_case_005_without_a_code_challenge_the_request_is_invalid', async () => {
  await assertRefusedAtClient({ code_challenge: null }, 'invalid_request', 'RFC 9700 §2.1.1');
});

test('mitz_case_006_a_plain_code_challenge_is_invalid', async () => {
  const plain = { code_challenge_method: 'plain' };
  await assertRefusedAtClient(plain, 'invalid_request', 'RFC 9700 §2.1.1');
  await assertRefusedAtClient({ code_challenge_method: null }, 'invalid_request', 'RFC 9700 §2.1.1');
});

test('rfc_6749_3_1_an_unknown_parameter_is_ignored_and_a_repeated_one_refused', async () => {
  const { answer } = await authorize({ surprise: '1' });
  assert.equal(new URL(answer.headers.get('location')).origin, demo.url('digid'));
  const { url } = await client.request();
  await assertPage(new URL(`${url}&scope=openid`), 'This request is not right', 'RFC 6749 §3.1');
});

test('mitz_case_007_a_person_who_logs_in_and_consents_comes_back_with_code_state_and_iss', async () => {
  const { callback, state } = await client.authorized(front, demo.bsn('Saskia'));
  assert.equal(callback.searchParams.get('state'), state);
  assert.equal(callback.searchParams.get('iss'), demo.json.issuers.mitz.issuer);
  assert.ok(callback.searchParams.get('code').length >= 32);
  assert.deepEqual([...callback.searchParams.keys()].sort(), ['code', 'iss', 'state']);
});

test('mitz_case_008_a_person_who_cancels_may_retry_or_stop_and_stopping_is_access_denied', async () => {
  const { request, person, digid } = await sentToDigid();
  const cancelled = await atDigid(person, digid, { keuze: 'annuleren' });
  assert.equal(cancelled.heading, 'You stopped logging in');
  assert.deepEqual(cancelled.forms, ['/opnieuw', '/stoppen']);
  const again = await person.send(cancelled.form('/opnieuw'));
  assert.equal(again.heading, 'Log in as a test person');
  const twice = await atDigid(person, again, { keuze: 'annuleren' });
  const url = await person.send(twice.form('/stoppen'), {}, { until: client.redirectUri });
  assertAtClient(url, request, 'access_denied');
});

test('mitz_case_008_a_person_who_cancels_and_retries_can_still_consent', async () => {
  const { person, digid } = await sentToDigid();
  const cancelled = await atDigid(person, digid, { keuze: 'annuleren' });
  const again = await person.send(cancelled.form('/opnieuw'));
  const register = await atDigid(person, again, { bsn: demo.bsn('Joost') });
  const url = await atRegister(person, register, 'ja', client.redirectUri);
  assert.ok(url.searchParams.get('code'));
});

test('mitz_case_009_a_login_that_fails_is_told_and_ends_in_access_denied', async () => {
  const tooLow = { bsn: demo.bsn('Joost'), niveau: 'midden' };
  for (const choice of [{ keuze: 'mislukken' }, tooLow]) {
    const { request, person, digid } = await sentToDigid();
    const failed = await atDigid(person, digid, choice);
    assert.equal(failed.heading, 'Logging in did not succeed');
    assert.match(failed.text, /your request is not granted/);
    assert.deepEqual(failed.forms, ['/stoppen']);
    const url = await person.send(failed.form('/stoppen'), {}, { until: client.redirectUri });
    assertAtClient(url, request, 'access_denied');
  }
});

test('mitz_case_010_a_person_who_does_not_consent_is_access_denied_and_nothing_is_recorded', async () => {
  const { request, person, digid } = await sentToDigid();
  const register = await atDigid(person, digid, { bsn: demo.bsn('Daan') });
  const url = await atRegister(person, register, 'weigeren', client.redirectUri);
  assertAtClient(url, request, 'access_denied');
  const { page } = await overview(demo, front, demo.bsn('Daan'));
  assert.match(page.text, /You have given consent to nobody/);
});

test('mitz_case_010_yes_to_nobody_is_asked_again', async () => {
  const { person, digid } = await sentToDigid();
  const register = await atDigid(person, digid, { bsn: demo.bsn('Daan') });
  const asked = await atRegister(person, register, {}, client.redirectUri);
  assert.equal(asked.status, 422);
  assert.match(asked.text, /You chose ‘Yes’ nowhere/);
});

test('digid_case_026_an_artifact_is_taken_once_and_only_in_the_browser_that_asked', async () => {
  const request = await client.request();
  const person = new Person(front);
  const digid = await person.open(request.url);
  const until = demo.url('mitz', '/saml/acs');
  const toMitz = await atDigid(person, digid, { bsn: demo.bsn('Joost') }, until);
  const stranger = await new Person(front).open(toMitz);
  assert.equal(stranger.status, 400);
  assert.equal((await person.open(toMitz)).heading, 'Give consent');
  assert.equal((await person.open(toMitz)).status, 400);
});

test('design_5_a_form_from_another_origin_or_with_another_token_decides_nothing', async () => {
  const { person, digid } = await sentToDigid();
  const register = await atDigid(person, digid, { bsn: demo.bsn('Daan') });
  const form = register.form('/toestemming');
  const forged = await person.send(form, { ...form.every('ja'), keuze: 'geven', formulier: 'x' });
  assert.equal(forged.status, 400);
  const cookie = [...person.jar.get(form.action.host)].map((pair) => pair.join('=')).join('; ');
  const fields = { ...form.fields, ...form.every('ja'), keuze: 'geven' };
  const elsewhere = { cookie, origin: 'https://evil.example' };
  assert.equal((await front.post(form.action, fields, elsewhere)).status, 400);
  const { page } = await overview(demo, front, demo.bsn('Daan'));
  assert.match(page.text, /You have given consent to nobody/);
});

test('mitz_case_074_what_was_written_of_logging_in_holds_no_bsn_no_token_and_no_saml', async () => {
  assert.deepEqual(await leaks(demo, front, [client]), []);
});
