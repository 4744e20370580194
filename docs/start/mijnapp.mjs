// The smallest native app of a DV that goes all the way: log in at the HM, ask the backend, renew.
//
//   node mijnapp.mjs demo/demo.json login 1     log in for service 1 of the DV, then ask the backend
//   node mijnapp.mjs demo/demo.json renew       renew the tokens, without the person
//
// It needs Node 20 and `npm install openid-client undici`.

import fs from 'node:fs';
import http from 'node:http';
import * as openid from 'openid-client';
import { Agent, fetch } from 'undici';

const [demoFile, what, service] = process.argv.slice(2);
const demo = JSON.parse(fs.readFileSync(demoFile, 'utf8'));
const clientId = 'gemeente-app';
const services = 'urn:etoegang:DV:00000001234567890000:services';
const KEPT = 'mijnapp.json'; // the refresh token

// --- TLS: the demo's authority is trusted. The app has no certificate and no secret.

const dispatcher = new Agent({
  connect: {
    ca: fs.readFileSync(demo.ca_file),
    lookup: (host, { all }, done) => // Node does not know by itself where *.localhost is.
      all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
  },
});
const send = (url, options) => fetch(url, { ...options, dispatcher });

// --- The HM

const hm = await openid.discovery(new URL(demo.issuers.hm.issuer), clientId, undefined, openid.None(), {
  [openid.customFetch]: send,
  // Signatures are verified although the answers came over TLS.
  execute: [openid.enableNonRepudiationChecks],
});

/** GUC8 8.1 to 8.4: the person logs in with the browser; we get a code, then tokens. */
async function logIn() {
  const server = http.createServer().listen(0, '127.0.0.1'); // any port: RFC 8252 §7.3
  await new Promise((listens) => server.once('listening', listens));
  const redirectUri = `http://127.0.0.1:${server.address().port}/terug`;
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()];
  const url = openid.buildAuthorizationUrl(hm, {
    redirect_uri: redirectUri,
    scope: `openid ${services}:${service}`,
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  console.log(url.href);
  const callback = await returned(server, redirectUri);
  const expected = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  return openid.authorizationCodeGrant(hm, callback, expected); // checks iss, state, nonce, signature
}

/** The URL with which the browser comes back. */
function returned(server, redirectUri) {
  return new Promise((comes) => {
    server.on('request', (request, response) => {
      const url = new URL(request.url, redirectUri);
      if (url.pathname !== '/terug') return response.writeHead(404).end();
      response.setHeader('content-type', 'text/plain');
      response.end('You can go back to the app.');
      server.close();
      comes(url);
    });
  });
}

/** GUC9: the HM asks the AD and the MR whether the login and the mandate still hold. */
async function renew() {
  const { refresh_token: refreshToken } = JSON.parse(fs.readFileSync(KEPT, 'utf8'));
  return openid.refreshTokenGrant(hm, refreshToken);
}

/** The access token says for whom; the backend of the DV believes nothing else. */
async function show(tokens) {
  // Each service of the DV has a guard of its own; the scope ends with its number.
  const url = `${demo.hosts.dv}/api/${tokens.scope.split(':').at(-1)}/bericht`;
  const answer = await send(url, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  if (!answer.ok) throw new Error(`the backend answered ${answer.status}`);
  const { dienst, represents, acr } = await answer.json();
  const who = represents ? `for KvK ${represents.sub}` : 'for oneself';
  console.log(`${dienst}, ${who}, ${acr.split(':').at(-1)}`);
}

try {
  const tokens = await { login: logIn, renew }[what]();
  // Each refresh token serves once. At the highest level there is none.
  const kept = JSON.stringify({ refresh_token: tokens.refresh_token });
  fs.writeFileSync(KEPT, kept, { mode: 0o600 });
  await show(tokens);
} catch (failed) {
  if (!failed.error) throw failed;
  // access_denied: the person cancelled, or may not. invalid_grant: the login is over, begin anew.
  // temporarily_unavailable: AD or MR is down; the refresh token serves again later.
  console.log(failed.error);
}
await dispatcher.close();
