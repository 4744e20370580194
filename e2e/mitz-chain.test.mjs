// Cases of mitz.md from userinfo to the data, over TLS: locations, token exchange, consent
// question, resources.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Dva } from './lib/dva.mjs';
import { Demo, freePorts, inputFolder, sluis, temporaryFolder } from './lib/demo.mjs';
import { ACCESS_TOKEN_TYPE, discover, exchange, search } from './lib/dvp.mjs';
import { leaks, requirements } from './lib/log.mjs';
import { withdraw } from './lib/login.mjs';
import { Client } from './lib/openid.mjs';
import { open } from './lib/tokens.mjs';
import { Wire } from './lib/wire.mjs';

const CLIENT_ID = 'openidclient.localhost';
const OTHER_ID = 'tweede.localhost';
const URA_SYSTEM = 'http://fhir.nl/fhir/NamingSystem/ura';
const BSN_SYSTEM = 'http://fhir.nl/fhir/NamingSystem/bsn';

/** Providers of the sample: URA, name in the lists, and where their DVA answers. */
const hospital = { ura: '00000659', audience: 'ziekenhuisdesluiswachter@medmij', at: 'dva-back' };
const practice = { ura: '00000666', audience: 'huisartshetstuwpand@medmij', at: 'dva2-back' };
const pharmacy = { ura: '00000673', audience: 'apotheekdeschutkolk@medmij', at: 'dva-back' };

/** Refusals that could tell of a treatment relation leave this long after the request came. */
const ALIKE_AFTER_MS = 1_500;

const input = inputFolder({ clients: [CLIENT_ID, OTHER_ID] });
let demo;
let front;
let client;
let other;
let dva;
let dva2;

before(async () => {
  demo = await Demo.start({ input });
  front = new Wire({ ca: demo.ca });
  client = await Client.discover(demo, CLIENT_ID);
  other = await Client.discover(demo, OTHER_ID);
  dva = new Dva(demo, 'dva');
  dva2 = new Dva(demo, 'dva2');
});

after(async () => {
  await Promise.all([client, other, dva, dva2, front].map((open) => open?.close()));
  await demo?.stop();
});

const urasOf = (userinfo) => userinfo.locations.map((location) => location.value).sort();

/** Userinfo of a person who chose this; everything, if nothing is said. */
async function userinfoOf(name, choices = 'ja', of = client) {
  return of.userinfo(await of.tokens(front, demo.bsn(name), choices));
}

/** A provider with the location that a person's userinfo holds for it, and what to ask there. */
async function located(name, provider, scope = '51 52', choices = 'ja') {
  const userinfo = await userinfoOf(name, choices);
  const location = userinfo.locations.find(({ value }) => value === provider.ura);
  return { ...provider, location, scope };
}

/** An access token of a DVA. */
async function accessTo(name, provider, scope) {
  const answer = await exchange(demo, client, await located(name, provider, scope));
  assert.equal(answer.status, 200);
  return (await answer.json()).access_token;
}

/** What a client sees of a refusal that may tell nothing: status, headers, body, and when. */
async function refusal(request) {
  const began = performance.now();
  const answer = await request();
  const took = performance.now() - began;
  const headers = Object.fromEntries(answer.headers);
  delete headers['trace-id'];
  delete headers.date;
  return { seen: { status: answer.status, headers, body: await answer.text() }, took, answer };
}

// ── Locations: steps 11–19 ────────────────────────────────────────────────────────────────────────

test('mitz_case_023_userinfo_is_signed_and_names_every_location_with_a_token_of_its_own', async () => {
  const tokens = await client.tokens(front, demo.bsn('Saskia'));
  const answer = await client.wire.fetch(client.metadata.userinfo_endpoint, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/jwt');
  const userinfo = await client.userinfo(tokens);
  assert.deepEqual(urasOf(userinfo), [hospital.ura, practice.ura]);
  for (const { system, value, id_token: token } of userinfo.locations) {
    assert.equal(system, URA_SYSTEM);
    const { header, claims } = open(token);
    assert.equal(header.typ, 'location+jwt');
    assert.deepEqual(claims.locations, [{ system, value }]);
    const issuer = demo.json.issuers[value === hospital.ura ? 'dva' : 'dva2'].issuer;
    assert.deepEqual(claims.aud, [CLIENT_ID, issuer]);
  }
});

test('mitz_case_024_only_locations_with_consent_are_named', async () => {
  const userinfo = await userinfoOf('Saskia', { 'categorie-ziekenhuis': 'ja' });
  assert.deepEqual(urasOf(userinfo), [hospital.ura]);
});

test('mitz_case_025_consent_for_another_provider_only_names_nobody', async () => {
  const userinfo = await userinfoOf('Saskia', { [`aanbieder-${pharmacy.ura}`]: 'ja' });
  assert.deepEqual(urasOf(userinfo), []);
});

test('mitz_case_026_a_person_known_nowhere_has_no_locations', async () => {
  assert.deepEqual(urasOf(await userinfoOf('Daan')), []);
});

test('mitz_case_027_without_lokalisatie_there_is_no_answer_rather_than_an_empty_one', async () => {
  const without = await Demo.start({ input, args: ['--except', 'lokalisatie'] });
  const browser = new Wire({ ca: without.ca });
  const there = await Client.discover(without, CLIENT_ID);
  const tokens = await there.tokens(browser, without.bsn('Saskia'));
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  const answer = await there.wire.fetch(there.metadata.userinfo_endpoint, { headers });
  assert.equal(answer.status, 503);
  assert.match(answer.headers.get('retry-after'), /^\d+$/);
  assert.equal((await answer.json()).error, 'temporarily_unavailable');
  await Promise.all([browser.close(), there.close()]);
  await without.stop();
});

test('mitz_case_029_an_objection_to_one_hospital_wins_over_consent_for_hospitals', async () => {
  const choices = {
    'categorie-ziekenhuis': 'ja',
    'categorie-huisarts': 'ja',
    [`aanbieder-${hospital.ura}`]: 'nee',
  };
  assert.deepEqual(urasOf(await userinfoOf('Saskia', choices)), [practice.ura]);
});

// ── At the DVA: steps 21–23, 27 and 28 ────────────────────────────────────────────────────────────

test('mitz_case_034_discovery_names_the_endpoints_of_the_dva_and_only_of_its_own_providers', async () => {
  const answer = await discover(demo, client, 'discovery', hospital.audience);
  assert.equal(answer.status, 200);
  const found = await answer.json();
  assert.equal(found.issuer, demo.json.issuers.dva.issuer);
  assert.equal(found.token_endpoint, demo.url('dva-back', '/token'));
  assert.deepEqual(found.services.map(({ id }) => id).sort(), ['42', '48', '51', '52', '6']);
  assert.equal((await discover(demo, client, 'discovery', practice.audience)).status, 404);
});

test('mitz_case_036_a_location_token_gives_an_access_token_for_900_seconds', async () => {
  const answer = await exchange(demo, client, await located('Saskia', hospital));
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('cache-control'), /no-store/);
  const body = await answer.json();
  assert.equal(body.issued_token_type, ACCESS_TOKEN_TYPE);
  assert.equal(body.token_type, 'Bearer');
  assert.equal(body.expires_in, 900);
  assert.deepEqual(body.scope.split(' ').sort(), ['51', '52']);
  assert.ok(!('refresh_token' in body));
  const { claims } = open(body.access_token);
  assert.deepEqual(claims.cnf, { 'x5t#S256': client.wire.thumbprint });
  assert.ok(!('sub' in claims));
});

test('mitz_case_036a_the_id_token_of_the_code_exchange_and_that_of_another_provider_are_refused', async () => {
  const tokens = await client.tokens(front, demo.bsn('Saskia'));
  const { locations } = await client.userinfo(tokens);
  const tokenOf = ({ ura }) => locations.find(({ value }) => value === ura).id_token;
  const asked = { ...hospital, scope: '51', location: {} };
  await Promise.all([tokens.id_token, tokenOf(practice)].map(async (token) => {
    const answer = await exchange(demo, client, asked, { subject_token: token });
    assert.equal(answer.status, 400);
    assert.equal((await answer.json()).error, 'invalid_request');
  }));
});

test('mitz_case_037_another_subject_token_type_is_an_invalid_request', async () => {
  const change = { subject_token_type: ACCESS_TOKEN_TYPE };
  const answer = await exchange(demo, client, await located('Saskia', hospital), change);
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).error, 'invalid_request');
  assert.deepEqual(requirements(demo, answer), ['RFC 8693 §2.1']);
});

test('mitz_case_038_an_altered_or_foreign_location_token_is_refused_before_mitz_is_asked', async () => {
  const asked = await located('Saskia', hospital);
  const [header, payload, signature] = asked.location.id_token.split('.');
  const first = signature.startsWith('A') ? 'B' : 'A';
  const unsigned = Buffer.from('{"alg":"none","typ":"location+jwt"}').toString('base64url');
  const altered = [
    `${header}.${payload}.${first}${signature.slice(1)}`,
    `${unsigned}.${payload}.`,
    'no token at all',
  ];
  await Promise.all(altered.map(async (token) => {
    const answer = await exchange(demo, client, asked, { subject_token: token });
    assert.equal(answer.status, 400);
    assert.equal((await answer.json()).error, 'invalid_request');
    assert.deepEqual(requirements(demo, answer), ['mitz case 38']);
  }));
});

test('mitz_case_040_a_location_token_is_of_no_use_to_another_client', async () => {
  const asked = await located('Saskia', hospital);
  const stolen = await exchange(demo, other, asked);
  assert.equal(stolen.status, 400);
  assert.equal((await stolen.json()).error, 'invalid_request');
  const pretending = await exchange(demo, other, asked, { client_id: CLIENT_ID });
  assert.equal(pretending.status, 401);
  const token = asked.location.id_token;
  const question = { token, ura: hospital.ura, presenter: other.wire.thumbprint };
  const { introspection } = await dva.open(await dva.ask(question));
  assert.deepEqual(introspection, { active: false });
});

test('mitz_case_041_the_jwt_bearer_grant_is_not_offered_unless_switched_on', async () => {
  const asked = await located('Saskia', hospital);
  const change = {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: asked.location.id_token,
  };
  const answer = await exchange(demo, client, asked, change);
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).error, 'unsupported_grant_type');
});

// ── The consent question: steps 24–26 ─────────────────────────────────────────────────────────────

test('mitz_case_042_the_dva_gets_permit_and_bsn_encrypted_for_it_alone', async () => {
  const { location } = await located('Saskia', hospital);
  const question = { token: location.id_token, ura: hospital.ura, presenter: client.wire.thumbprint };
  const answer = await dva.ask(question);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/token-introspection+jwt');
  const copy = answer.clone();
  await assert.rejects(dva2.open(copy), { code: 'ERR_JWE_DECRYPTION_FAILED' });
  const { introspection } = await dva.open(answer);
  assert.equal(introspection.active, true);
  assert.equal(introspection.ura, hospital.ura);
  assert.equal(introspection.client_id, CLIENT_ID);
  const { decision, services } = introspection.consent;
  assert.deepEqual([decision, services], ['Permit', ['51', '52']]);
  assert.deepEqual(introspection.bsn, { system: BSN_SYSTEM, value: demo.bsn('Saskia') });
});

test('mitz_case_043_for_a_provider_or_function_without_consent_the_answer_is_deny_without_bsn', async () => {
  const { location } = await located('Saskia', hospital);
  const question = { token: location.id_token, ura: hospital.ura, presenter: client.wire.thumbprint };
  const answers = [
    await dva.ask({ ...question, ura: pharmacy.ura }),
    await dva.ask(question, { functie: 'delen' }),
  ];
  for (const answer of answers) {
    const { introspection } = await dva.open(answer);
    assert.equal(introspection.active, true);
    assert.deepEqual(introspection.consent, { decision: 'Deny' });
    assert.ok(!('bsn' in introspection));
  }
});

test('mitz_case_044_of_a_bad_or_withdrawn_token_nothing_is_said_but_that_it_is_not_active', async () => {
  const { location } = await located('Joost', pharmacy);
  const token = location.id_token;
  const question = { token, ura: pharmacy.ura, presenter: client.wire.thumbprint };
  assert.equal((await dva.open(await dva.ask(question))).introspection.active, true);
  const noise = await dva.ask({ ...question, token: `${token.slice(0, -4)}AAAA` });
  assert.deepEqual((await dva.open(noise)).introspection, { active: false });
  await withdraw(demo, front, demo.bsn('Joost'), CLIENT_ID);
  const withdrawn = await dva.ask(question);
  assert.deepEqual((await dva.open(withdrawn)).introspection, { active: false });
});

test('mitz_case_045_a_dva_may_not_ask_about_the_provider_of_another', async () => {
  const { location } = await located('Saskia', hospital);
  const question = { token: location.id_token, ura: hospital.ura, presenter: client.wire.thumbprint };
  for (const wire of [dva2.wire, client.wire]) {
    const answer = await dva.ask(question, { wire });
    assert.equal(answer.status, 403);
    assert.deepEqual(requirements(demo, answer), ['mitz case 45']);
    assert.doesNotMatch(await answer.text(), /bsn/);
  }
});

test('mitz_case_046_who_shows_no_certificate_may_not_ask', async () => {
  const { location } = await located('Saskia', hospital);
  const question = { token: location.id_token, ura: hospital.ura, presenter: client.wire.thumbprint };
  const answer = await dva.ask(question, { wire: front });
  assert.equal(answer.status, 401);
  assert.deepEqual(requirements(demo, answer), ['mitz case 46']);
});

test('mitz_case_048_without_mitz_the_dva_gives_no_token', async () => {
  const [port, ofMitz] = await freePorts(2);
  const parties = ['pgo', 'lokalisatie', 'digid', 'dva', 'xis', 'dva2', 'xis2', 'stelselnode', 'netwerk'];
  const state = temporaryFolder('apart');
  const args = ['--except', 'mitz', '--elsewhere', `mitz=${ofMitz}`];
  const others = await Demo.start({ port, state, input, args });
  const elsewhere = parties.map((party) => `${party}=${port}`).join(',');
  const mitz = await Demo.start({
    port: ofMitz,
    state,
    input,
    args: ['--only', 'mitz', '--elsewhere', elsewhere],
  });
  const browser = new Wire({ ca: mitz.ca });
  const there = await Client.discover(mitz, CLIENT_ID);
  const userinfo = await there.userinfo(await there.tokens(browser, mitz.bsn('Saskia')));
  const location = userinfo.locations.find(({ value }) => value === hospital.ura);
  const asked = { ...hospital, location, scope: '51' };
  assert.equal((await exchange(others, there, asked)).status, 200);
  await mitz.kill();
  const answer = await exchange(others, there, asked);
  assert.equal(answer.status, 503);
  assert.equal((await answer.json()).error, 'temporarily_unavailable');
  assert.deepEqual(requirements(others, answer), ['mitz case 48']);
  await Promise.all([browser.close(), there.close()]);
  await others.stop();
});

// ── Refusals that may tell nothing ────────────────────────────────────────────────────────────────

/**
 * The answer to a client whose person withdrew the consent for this one provider between steps 23
 * and 24; every refusal that could tell of a treatment relation must look like it.
 */
const noConsent = once(async () => {
  const each = { [`aanbieder-${hospital.ura}`]: 'ja', [`aanbieder-${practice.ura}`]: 'ja' };
  const asked = await located('Saskia', hospital, '51', each);
  await withdraw(demo, front, demo.bsn('Saskia'), CLIENT_ID, hospital.ura);
  return refusal(() => exchange(demo, client, asked));
});

/** Refused as `noConsent` is; the operator alone can tell why. */
async function assertAlike({ seen, took, answer }, party, requirement) {
  assert.deepEqual(seen, (await noConsent()).seen);
  assert.equal(seen.status, 400);
  assert.equal(JSON.parse(seen.body).error, 'invalid_request');
  assert.ok(took >= ALIKE_AFTER_MS, `left after ${took} ms`);
  assert.deepEqual(requirements(demo, answer, party), [requirement]);
}

test('mitz_case_047_consent_withdrawn_between_steps_23_and_24_gives_no_token', async () => {
  await assertAlike(await noConsent(), 'dva', 'mitz case 43');
  const asked = await located('Truus', hospital, '51');
  await withdraw(demo, front, demo.bsn('Truus'), CLIENT_ID);
  const allWithdrawn = await refusal(() => exchange(demo, client, asked));
  await assertAlike(allWithdrawn, 'dva', 'mitz case 43');
});

test('mitz_case_049_no_treatment_relation_looks_like_no_consent', async () => {
  const asked = await located('Fatima', hospital, '51');
  const refused = await refusal(() => exchange(demo, client, asked));
  await assertAlike(refused, 'dva', 'mitz case 49');
});

test('mitz_case_050_too_young_looks_like_no_consent', async () => {
  const asked = await located('Sem', practice, '51');
  const refused = await refusal(() => exchange(demo, client, asked));
  await assertAlike(refused, 'dva2', 'mitz case 50');
});

// ── Scope and resources: steps 28–30 ──────────────────────────────────────────────────────────────

test('mitz_case_052_the_scope_names_what_was_granted_and_nothing_else', async () => {
  const answer = await exchange(demo, client, await located('Joost', pharmacy, '48 51 52'));
  assert.equal((await answer.json()).scope, '48');
});

test('mitz_case_053_data_come_for_what_was_granted_and_nothing_else', async () => {
  const token = await accessTo('Saskia', hospital, '52');
  const at = { ...hospital, dienst: '52', type: 'Observation' };
  const answer = await search(demo, client, at, token);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^application\/fhir\+json/);
  const text = await answer.text();
  const bundle = JSON.parse(text);
  assert.equal(bundle.resourceType, 'Bundle');
  assert.ok(bundle.entry.length > 0);
  assert.ok(bundle.entry.every(({ resource }) => resource.resourceType === 'Observation'));
  assert.ok(!demo.json.people.some(({ bsn }) => text.includes(bsn)));

  const refused = async (where, given, status) => {
    const answer = await search(demo, client, where, given);
    assert.equal(answer.status, status);
    assert.equal((await answer.json()).resourceType, 'OperationOutcome');
  };
  await refused({ ...at, dienst: '51', type: 'Condition' }, token, 403);
  await refused({ ...at, ura: pharmacy.ura, dienst: '48', type: 'MedicationRequest' }, token, 403);
  await refused(at, undefined, 401);
  await refused({ ...practice, dienst: '52', type: 'Observation' }, token, 401);
});

test('mitz_case_053_an_access_token_is_bound_to_the_certificate_of_its_client', async () => {
  const token = await accessTo('Saskia', hospital, '52');
  const at = { ...hospital, dienst: '52', type: 'Observation' };
  assert.equal((await search(demo, client, at, token)).status, 200);
  assert.equal((await search(demo, other, at, token)).status, 401);
});

// ── What the operator hands in, and what is written ───────────────────────────────────────────────

test('mitz_case_073_a_bsn_that_fails_the_11_check_is_refused_by_file_and_never_repeated', () => {
  const start = (...bsns) => {
    const persons = bsns.map((bsn) => ({ bsn, name: 'Toets Persoon', birth_date: '1990-01-01' }));
    const folder = inputFolder({ change: { 'people.json': (people) => [...people, ...persons] } });
    const args = ['demo', '--headless', 'mitz', '--port', '0', '--input', folder];
    return spawnSync(sluis, args, { encoding: 'utf8', timeout: 30_000 });
  };
  for (const bsn of ['123456789', '12345672']) {
    const { status, stderr } = start(bsn);
    assert.equal(status, 2);
    assert.match(stderr, /people\.json/);
    assert.ok(!stderr.includes(bsn));
  }
  assert.equal(start('123456782', '012345672').status, 0);
});

test('mitz_case_074_what_was_written_of_the_chain_holds_no_bsn_and_no_token', async () => {
  assert.deepEqual(await leaks(demo, front, [client, other]), []);
});

/** A function that does its work at the first call only. */
function once(work) {
  let done;
  return () => (done ??= work());
}
