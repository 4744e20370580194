// The smallest PGO that goes all the way: log in at Mitz, ask where the person is known, collect.
//
//   node mijnpgo.mjs demo/demo.json            log in, then collect
//   node mijnpgo.mjs demo/demo.json again      collect again, without a login
//
// It needs Node 20 and `npm install openid-client undici`. Step numbers are those of the observer.

import fs from 'node:fs';
import https from 'node:https';
import * as openid from 'openid-client';
import { Agent, fetch } from 'undici';

const [demoFile, again] = process.argv.slice(2);
const demo = JSON.parse(fs.readFileSync(demoFile, 'utf8'));
const me = demo.parties.find(({ party }) => party === 'pgo');
const clientId = me.node;
const redirectUri = `${me.hosts.pgo}/callback`;
const KEPT = 'mijnpgo.json'; // the refresh token, and whose it is

// --- TLS: the demo's authority is trusted, and our certificate is shown to whoever asks for one.

const dispatcher = new Agent({
  connect: {
    ca: fs.readFileSync(demo.ca_file),
    cert: fs.readFileSync(me.cert_file),
    key: fs.readFileSync(me.key_file),
    lookup: (host, { all }, done) => // Node does not know by itself where *.localhost is.
      all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
  },
});
const trace = crypto.randomUUID(); // By this number the observer shows our run as one.

function send(url, options = {}) {
  const headers = new Headers(options.headers);
  headers.set('X-Correlation-ID', trace);
  return fetch(url, { ...options, headers: [...headers], redirect: 'manual', dispatcher });
}

async function answerOf(url, options) {
  const answer = await send(url, options);
  if (answer.status === 200) return answer;
  throw new Error(`${new URL(url).host} answered ${answer.status}: ${await answer.text()}`);
}

// --- Mitz

const metadata = {
  use_mtls_endpoint_aliases: true, // token and userinfo are at mitz-back
  id_token_signed_response_alg: 'ES256',
  userinfo_signed_response_alg: 'ES256',
};
// Every signature is verified.
const how = { [openid.customFetch]: send, execute: [openid.enableNonRepudiationChecks] };

/** Steps 1 to 10: the person logs in and consents in the browser; we get a code, then tokens. */
async function logIn(mitz) {
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()];
  const url = openid.buildAuthorizationUrl(mitz, {
    redirect_uri: redirectUri,
    scope: 'openid offline_access',
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const callback = await comesBack(url);
  return openid.authorizationCodeGrant(mitz, callback, { pkceCodeVerifier, expectedState, expectedNonce });
}

/** Prints the URL for the browser, and waits at our redirect URI, with the server certificate of the demo. */
function comesBack(url) {
  const { cert_file: cert, key_file: key } = me.servers[0];
  return new Promise((resolve) => {
    const options = { cert: fs.readFileSync(cert), key: fs.readFileSync(key) };
    const server = https.createServer(options, (request, response) => {
      const asked = new URL(request.url, redirectUri);
      if (!asked.href.startsWith(`${redirectUri}?`)) return response.writeHead(404).end();
      response.setHeader('Connection', 'close');
      response.end('Thank you. You can close this page.\n');
      server.close();
      resolve(asked);
    });
    server.listen(new URL(redirectUri).port, '127.0.0.1', () => console.log(`${url}`));
  });
}

// --- The lists and the DVAs

/** Step 20: the name of a provider by its URA (ZAKL), and its discovery server (ZAL). */
async function found(ura) {
  const list = async (name) => {
    const answer = await answerOf(`${demo.hosts.stelselnode}/MedMij_${name}.xml`);
    return (await answer.text()).split('<Zorgaanbieder>').slice(1);
  };
  const read = (xml, element) => new RegExp(`<${element}>([^<]*)<`).exec(xml)?.[1];
  const known = (await list('Zorgaanbiederskoppellijst')).find((xml) => read(xml, 'URA') === ura);
  const naam = known && read(known, 'Zorgaanbiedernaam');
  const listed = (await list('Zorgaanbiederslijst')).find((xml) => read(xml, 'Zorgaanbiedernaam') === naam);
  return listed && { naam, discovery: read(listed, 'DiscoveryEndpointuri') };
}

/** Steps 21 to 30 at one provider: what there is, by gegevensdienst. */
async function collect({ value: ura, id_token: idToken }) {
  const provider = await found(ura);
  if (!provider) return `${ura}: in no list`;
  const { naam, discovery } = provider;
  const document = await (await answerOf(`${discovery}?zorgaanbiedernaam=${naam}`)).json();
  const exchange = await answerOf(document.token_endpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: idToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: naam,
      scope: document.services.map(({ id }) => id).join(' '),
      client_id: clientId,
    }),
  });
  const granted = await exchange.json();
  const authorization = `Bearer ${granted.access_token}`;
  const counts = [];
  for (const { id, roles } of document.services) {
    const type = { 42: 'Observation', 48: 'MedicationRequest', 51: 'Condition', 52: 'Observation' }[id];
    if (!type || !granted.scope.split(' ').includes(id)) continue;
    const answer = await answerOf(`${roles[0].resource_endpoint}/${type}`, { headers: { authorization } });
    counts.push(`${(await answer.json()).total} ${type} (${id})`);
  }
  return `${naam}: ${counts.join(', ')}`;
}

try {
  const issuer = new URL(demo.issuers.mitz.issuer);
  const mitz = await openid.discovery(issuer, clientId, metadata, openid.TlsClientAuth(), how);
  const kept = again && JSON.parse(fs.readFileSync(KEPT, 'utf8'));
  const tokens = kept ? await openid.refreshTokenGrant(mitz, kept.refresh_token) : await logIn(mitz);
  const sub = kept?.sub ?? tokens.claims().sub;
  fs.writeFileSync(KEPT, JSON.stringify({ sub, refresh_token: tokens.refresh_token }), { mode: 0o600 });
  // Steps 11 to 19: signed userinfo, in which each location has an ID token of its own.
  const { locations } = await openid.fetchUserInfo(mitz, tokens.access_token, sub);
  for (const location of locations) console.log(await collect(location));
  console.log(`trace ${trace}`);
} catch (error) {
  console.log(`refused: ${error.error ?? error.cause?.message ?? error.message} (trace ${trace})`);
  process.exitCode = 1;
}
await dispatcher.destroy();
