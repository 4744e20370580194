// npm openid-client as a native app of a DV at the HM: PKCE without a secret, and a redirect URI on the
// person's own machine (RFC 8252 §7.3), to which Chromium is led too.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import * as openid from 'openid-client';
import { Visitor, launch } from './lib/browser.mjs';
import { Demo } from './lib/demo.mjs';
import { Middel, login, untilRegistered } from './lib/etoegang.mjs';
import { leaks } from './lib/log.mjs';
import { open } from './lib/tokens.mjs';
import { Wire } from './lib/wire.mjs';

const CLIENT_ID = 'gemeente-app';
const DV = 'urn:etoegang:DV:00000001234567890000';
/** Services of the sample, by the level that each asks. */
const EH2 = `${DV}:services:3`;
const EH3 = `${DV}:services:1`;
const LOA = 'urn:etoegang:core:assurance-class';
/** Longest life of tokens, in seconds (etoegang.md §4.5). */
const ID_TOKEN_S_MAX = 300;
const ACCESS_TOKEN_S_MAX = 900;

let demo;
let wire;
let browser;
let app;

before(async () => {
  demo = await Demo.start();
  wire = new Wire({ ca: demo.ca });
  browser = await launch(demo, { keep: true });
  app = await NativeApp.start();
  await untilRegistered(demo.json, wire);
});

after(async () => {
  await browser?.close();
  await app?.stop();
  await wire?.close();
  await demo?.stop();
});

/** An app on the person's own machine: it listens on whatever port is free. */
class NativeApp {
  static async start() {
    const server = createServer((request, response) => {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end('<!DOCTYPE html><html lang="en"><title>App</title><h1>You can go back to the app</h1>');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const issuer = new URL(demo.json.issuers.hm.issuer);
    const config = await openid.discovery(issuer, CLIENT_ID, undefined, openid.None(), {
      [openid.customFetch]: wire.fetch,
      // Signatures are verified although the answers came over TLS.
      execute: [openid.enableNonRepudiationChecks],
    });
    return new NativeApp(server, config);
  }

  constructor(server, config) {
    Object.assign(this, { server, config });
    this.redirectUri = `http://127.0.0.1:${server.address().port}/terug`;
    /** Every code and token that it ever held: none may stand in a log. */
    this.secrets = new Set();
  }

  /** An authorization request for a service. */
  async request(service) {
    const verifier = openid.randomPKCECodeVerifier();
    const [state, nonce] = [openid.randomState(), openid.randomNonce()];
    const url = openid.buildAuthorizationUrl(this.config, {
      redirect_uri: this.redirectUri,
      scope: `openid ${service}`,
      state,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    return { url, verifier, state, nonce };
  }

  /** Code for tokens, checked by openid-client: state, nonce, `iss`, PKCE, ID token. */
  async redeem({ verifier, state, nonce }, callback) {
    this.secrets.add(callback.searchParams.get('code'));
    const tokens = await openid.authorizationCodeGrant(this.config, callback, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    return this.#held(tokens);
  }

  /** From login to tokens, with a browser of our own. */
  async tokens(service, { naam, voor }) {
    const request = await this.request(service);
    const middel = new Middel(demo, naam);
    return this.redeem(request, await login(wire, request.url, { middel, voor }));
  }

  async refresh({ refresh_token: refreshToken }) {
    return this.#held(await openid.refreshTokenGrant(this.config, refreshToken));
  }

  revoke({ refresh_token: refreshToken }) {
    return openid.tokenRevocation(this.config, refreshToken);
  }

  #held(tokens) {
    for (const name of ['access_token', 'refresh_token', 'id_token']) this.secrets.add(tokens[name]);
    return tokens;
  }

  async stop() {
    this.server.closeAllConnections();
    await once(this.server.close(), 'close');
  }
}

const isInvalidGrant = { name: 'ResponseBodyError', error: 'invalid_grant', status: 400 };

// ── With a browser of our own ───────────────────────────────────────────────────────────────────

test('openid_client_discovers_the_hm', () => {
  const metadata = app.config.serverMetadata();
  const { issuer } = demo.json.issuers.hm;
  assert.equal(metadata.issuer, issuer);
  assert.deepEqual(metadata.response_types_supported, ['code']);
  assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
  assert.deepEqual(metadata.grant_types_supported, ['authorization_code', 'refresh_token']);
  assert.equal(metadata.authorization_response_iss_parameter_supported, true);
  assert.ok(metadata.token_endpoint_auth_methods_supported.includes('none'));
  assert.equal(metadata.revocation_endpoint, `${issuer}/revoke`);
});

test('etoegang_case_076_and_077_and_078_openid_client_logs_a_baker_in_for_the_bakery', async () => {
  const tokens = await app.tokens(EH3, { naam: 'b.bakker', voor: 'Bakkerij Voorbeeld B.V.' });
  const id = tokens.claims();
  assert.deepEqual([id.iss, id.aud].flat(), [demo.json.issuers.hm.issuer, CLIENT_ID]);
  assert.ok(id.exp - id.iat <= ID_TOKEN_S_MAX);
  assert.equal(id.acr, `${LOA}:loa3`);
  assert.equal(id.amr, undefined);
  const { header, claims } = open(tokens.access_token);
  assert.deepEqual([header.typ, header.alg], ['at+jwt', 'RS256']);
  const { keys } = await (await wire.fetch(app.config.serverMetadata().jwks_uri)).json();
  assert.ok(keys.some((key) => key.kid === header.kid));
  assert.deepEqual([claims.iss, claims.azp].flat(), [id.iss, CLIENT_ID]);
  assert.equal(typeof claims.jti, 'string');
  assert.ok(claims.exp - claims.iat <= ACCESS_TOKEN_S_MAX);
  assert.equal(claims.sub, id.sub);
  assert.deepEqual([claims.client_id, claims.aud].flat(), [CLIENT_ID, `${DV}:entities:9001`]);
  const { sub, sub_id_type: kind } = claims.represents;
  assert.deepEqual([sub, kind], ['12345678', 'urn:etoegang:1.9:EntityConcernedID:KvKnr']);
  assert.equal((await bericht(tokens)).represents.sub, '12345678');
});

test('etoegang_case_001_and_084_openid_client_refreshes_and_a_revoked_token_serves_no_more', async () => {
  const first = await app.tokens(EH2, { naam: 'z.zelf' });
  const { sub } = first.claims();
  const second = await app.refresh(first);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal(open(second.access_token).claims.sub, sub);
  assert.equal((await bericht(second)).sub, sub);
  await app.revoke(second);
  await assert.rejects(app.refresh(second), isInvalidGrant);
  // RFC 7009 §2: a token that does not serve any more is no error.
  await app.revoke(second);
});

test('etoegang_case_014_an_old_access_token_still_opens_the_backend_after_a_refresh', async () => {
  const first = await app.tokens(EH2, { naam: 'z.zelf' });
  const second = await app.refresh(first);
  assert.deepEqual(await bericht(first), await bericht(second));
});

test('etoegang_case_025_and_026_a_refresh_by_get_or_as_json_is_refused_and_spends_nothing', async () => {
  const tokens = await app.tokens(EH2, { naam: 'z.zelf' });
  const { token_endpoint: endpoint } = app.config.serverMetadata();
  const fields = {
    grant_type: 'refresh_token',
    client_id: CLIENT_ID,
    refresh_token: tokens.refresh_token,
  };
  const got = await wire.fetch(`${endpoint}?${new URLSearchParams(fields)}`);
  assert.deepEqual([got.status, got.headers.get('allow'), await got.text()], [405, 'POST', '']);
  const headers = { 'content-type': 'application/json' };
  const sent = await wire.fetch(endpoint, { method: 'POST', body: JSON.stringify(fields), headers });
  assert.deepEqual([sent.status, (await sent.json()).error], [400, 'invalid_request']);
  assert.equal(sent.headers.get('cache-control'), 'no-store');
  assert.ok((await app.refresh(tokens)).access_token);
});

test('etoegang_case_083_there_is_no_webfinger', async () => {
  const { origin } = new URL(demo.json.issuers.hm.issuer);
  for (const path of ['/.well-known/webfinger', '/etd/1.13/.well-known/webfinger']) {
    const answer = await wire.fetch(`${origin}${path}?resource=acct%3Ab.bakker%40hm.localhost`);
    assert.equal(answer.status, 404);
    assert.match(answer.headers.get('content-type'), /^text\/html/);
    await answer.body.cancel();
  }
});

test('etoegang_case_021_openid_client_sees_a_reused_refresh_token_end_the_whole_family', async () => {
  const first = await app.tokens(EH2, { naam: 'z.zelf' });
  const second = await app.refresh(first);
  await assert.rejects(app.refresh(first), isInvalidGrant);
  await assert.rejects(app.refresh(second), isInvalidGrant);
});

test('etoegang_case_011_openid_client_sees_who_stands_between', async () => {
  const tokens = await app.tokens(EH3, { naam: 't.teller', voor: 'Visserij Voorbeeld V.O.F.' });
  const refreshed = await app.refresh(tokens);
  for (const { access_token: token } of [tokens, refreshed]) {
    const { represents } = open(token).claims;
    assert.deepEqual([represents.sub, represents.represents.sub], ['87654321', '11223344']);
  }
});

/** What the backend of the DV tells whoever holds these tokens. */
async function bericht({ access_token: token, scope }) {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await wire.fetch(demo.url('dv', `/api/${scope.split(':').at(-1)}/bericht`), { headers });
  assert.equal(answer.status, 200);
  return answer.json();
}

// ── With Chromium ───────────────────────────────────────────────────────────────────────────────

/** Chromium goes where `steps` lead, and comes back to the app by a redirect that no policy stops. */
async function inChromium(service, steps) {
  const request = await app.request(service);
  const visitor = await Visitor.arrive(browser, { lang: 'en', device: 'desktop', walk: 'native' });
  try {
    await visitor.open(request.url.href);
    await steps(visitor);
    assert.deepEqual(visitor.unforgiven, []);
    assert.equal(await visitor.page.locator('h1').innerText(), 'You can go back to the app');
    const callback = new URL(visitor.page.url());
    assert.ok(callback.href.startsWith(`${app.redirectUri}?`));
    return { request, callback };
  } finally {
    await visitor.leave();
  }
}

async function toAd(visitor, voor) {
  await visitor.choose('radio', voor);
  await visitor.press('button', 'Continue');
}

async function logIn(visitor, naam, code) {
  const { wachtwoord } = new Middel(demo, naam);
  await visitor.type('User name', naam);
  await visitor.type('Password', wachtwoord);
  if (code) await visitor.type('Code', code);
  await visitor.press('button', 'Log in');
}

test('chromium_comes_back_to_an_app_on_the_same_machine_from_the_ad', async () => {
  const { request, callback } = await inChromium(EH2, async (visitor) => {
    await toAd(visitor, 'For myself');
    await logIn(visitor, 'z.zelf');
  });
  const tokens = await app.redeem(request, callback);
  assert.equal(tokens.claims().acr, `${LOA}:loa2`);
});

test('chromium_comes_back_to_an_app_on_the_same_machine_from_the_mr', async () => {
  const { request, callback } = await inChromium(EH3, async (visitor) => {
    await toAd(visitor, 'For an organisation');
    // The code of now may have served; devices may be a step ahead.
    await logIn(visitor, 'b.bakker', new Middel(demo, 'b.bakker').code(Date.now() / 1000 + 30));
    await visitor.choose('radio', 'Bakkerij Voorbeeld B.V.');
    await visitor.press('button', 'Continue');
  });
  const tokens = await app.redeem(request, callback);
  assert.equal(open(tokens.access_token).claims.represents.sub, '12345678');
});

test('etoegang_case_070_and_071_chromium_brings_the_app_access_denied_from_the_hm_the_ad_and_the_mr', async () => {
  const ways = {
    hm: (visitor) => visitor.press('button', 'Cancel'),
    async ad(visitor) {
      await toAd(visitor, 'For myself');
      await visitor.press('button', 'Cancel');
    },
    async mr(visitor) {
      await toAd(visitor, 'For an organisation');
      await logIn(visitor, 'z.zelf');
      await visitor.press('button', 'Back to the app');
    },
  };
  for (const steps of Object.values(ways)) {
    const { request, callback } = await inChromium(EH2, steps);
    const refused = { name: 'AuthorizationResponseError', error: 'access_denied' };
    await assert.rejects(app.redeem(request, callback), refused);
  }
});

test('no_code_and_no_token_of_etoegang_stands_in_a_log_or_in_a_file', async () => {
  assert.deepEqual(await leaks(demo, wire, [app]), []);
});
