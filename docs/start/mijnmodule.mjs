// The smallest module of Koppeltaal that goes all the way: it makes an activity and a task, is
// launched, learns who launches it, and finishes the task.
//
//   node mijnmodule.mjs demo/demo.json CLIENT_ID PORT
//
// It needs Node 20 and `npm install jose undici`. It prints what happens, and ends after the launch.

import fs from 'node:fs';
import http from 'node:http';
import * as jose from 'jose';
import { Agent, fetch } from 'undici';

const [demoFile, clientId, port] = process.argv.slice(2);
const demo = JSON.parse(fs.readFileSync(demoFile, 'utf8'));
const fhirBase = `${demo.hosts.koppeltaal}/api/v1/d1/fhir/r4`;
const own = `http://localhost:${port}`;
const dispatcher = new Agent({
  connect: {
    ca: fs.readFileSync(demo.ca_file),
    lookup: (host, { all }, done) => // Node does not know by itself where *.localhost is.
      all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
  },
});

async function json(url, options = {}) {
  const answer = await fetch(url, { ...options, dispatcher });
  if (!answer.ok) throw new Error(`${options.method ?? 'GET'} ${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

// --- Keys: one, made at every start, shown at /jwks (TOP-KT-020).

const { publicKey, privateKey } = await jose.generateKeyPair('ES384', { extractable: true });
const jwk = { ...(await jose.exportJWK(publicKey)), use: 'sig', alg: 'ES384' };
jwk.kid = await jose.calculateJwkThumbprint(jwk);

/** Who we are, for one endpoint and once (private_key_jwt). */
const assertion = (audience) =>
  new jose.SignJWT({ jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'ES384', typ: 'JWT', kid: jwk.kid })
    .setIssuer(clientId).setSubject(clientId).setAudience(audience)
    .setIssuedAt().setExpirationTime('5m').sign(privateKey);

/** A form with such a proof in it. */
async function prove(endpoint, fields) {
  const body = new URLSearchParams({
    ...fields,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await assertion(endpoint),
  });
  return json(endpoint, { method: 'POST', body });
}

// --- Resources, through the gateway of the domain.

const smart = await json(`${fhirBase}/.well-known/smart-configuration`);

async function fhir(method, path, resource, headers = {}) {
  const { access_token: token } = await prove(smart.token_endpoint, { grant_type: 'client_credentials', scope: '*' });
  const options = { method, headers: { authorization: `Bearer ${token}`, ...headers } };
  if (resource) {
    options.headers['content-type'] = 'application/fhir+json';
    options.body = JSON.stringify(resource);
  }
  return json(`${fhirBase}/${path}`, options);
}

const identifier = (value) => [{ system: own, value }];
const extension = (url, type, { id }) => ({ url, valueReference: { reference: `${type}/${id}`, type } });

/** What a portal needs to launch us: where we are, what we offer, and somebody who does it. */
async function offer() {
  const endpoint = await fhir('POST', 'Endpoint', {
    resourceType: 'Endpoint', identifier: identifier('start'), status: 'active', name: 'Mijn module',
    connectionType: {
      system: 'http://vzvz.nl/fhir/CodeSystem/koppeltaal-endpoint-connection-type', code: 'hti-smart-on-fhir',
    },
    payloadType: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/endpoint-payload-type', code: 'any' }] }],
    address: `${own}/start`,
  });
  const activity = await fhir('POST', 'ActivityDefinition', {
    resourceType: 'ActivityDefinition', identifier: identifier('oefening'), url: `${own}/oefening`,
    name: 'MijnOefening', title: 'Mijn oefening', status: 'active',
    extension: [extension('http://koppeltaal.nl/fhir/StructureDefinition/KT2EndpointExtension', 'Endpoint', endpoint)],
  });
  const found = await fhir('GET', 'Patient');
  const patient = found.entry.map(({ resource }) => resource).find(({ name }) => name[0].text === 'Anna Voorbeeld');
  const task = await fhir('POST', 'Task', {
    resourceType: 'Task', identifier: identifier('taak'), status: 'ready', intent: 'order', priority: 'routine',
    for: { reference: `Patient/${patient.id}`, type: 'Patient' },
    owner: { reference: `Patient/${patient.id}` },
    extension: [extension('http://vzvz.nl/fhir/StructureDefinition/instantiates', 'ActivityDefinition', activity)],
  });
  console.log(`ready: Task/${task.id} for ${patient.name[0].text}`);
}

// --- The launch (TOP-KT-007): the HTI token is the `launch` of a SMART on FHIR app launch.

const login = { state: crypto.randomUUID(), verifier: jose.base64url.encode(crypto.getRandomValues(new Uint8Array(32))) };

async function authorizeUrl(launch, iss) {
  if (iss !== fhirBase) throw new Error('launched from another domain');
  const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(login.verifier));
  const url = new URL(smart.authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: 'code', client_id: clientId, redirect_uri: `${own}/terug`, launch, aud: iss,
    scope: 'launch openid fhirUser', state: login.state,
    code_challenge: jose.base64url.encode(new Uint8Array(challenge)), code_challenge_method: 'S256',
  });
  return url;
}

async function finish(query) {
  if (query.get('state') !== login.state || !query.has('code')) throw new Error(query.get('error') ?? 'no code');
  const answer = await prove(smart.token_endpoint, {
    grant_type: 'authorization_code', code: query.get('code'), redirect_uri: `${own}/terug`, code_verifier: login.verifier,
  });
  const keys = jose.createLocalJWKSet(await json(smart.jwks_uri));
  const { payload } = await jose.jwtVerify(answer.id_token, keys, { issuer: smart.issuer, audience: clientId });
  console.log(`launched: access_token ${answer.access_token}, ${payload.fhirUser.replace(`${fhirBase}/`, '').split('/')[0]} is known`);
  const task = await fhir('GET', answer.resource);
  const done = await fhir('PUT', answer.resource, { ...task, status: 'completed' }, { 'if-match': `W/"${task.meta.versionId}"` });
  console.log(`finished: ${answer.resource === `Task/${done.id}` ? 'the same task' : 'another task'} is ${done.status}`);
}

// --- Our own server: keys, launch, and the way back from the login.

const server = http.createServer(async (request, response) => {
  try {
    const url = new URL(request.url, own);
    if (url.pathname === '/jwks') {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ keys: [jwk] }));
    } else if (url.pathname === '/start') {
      let body = '';
      for await (const chunk of request) body += chunk;
      const form = new URLSearchParams(body);
      response.writeHead(302, { location: String(await authorizeUrl(form.get('launch'), form.get('iss'))) }).end();
    } else if (url.pathname === '/terug') {
      await finish(url.searchParams);
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end('<!DOCTYPE html><html lang="nl"><title>Klaar</title><h1>Klaar</h1></html>', () => process.exit());
    } else {
      response.writeHead(404).end();
    }
  } catch (error) {
    console.error(error.message);
    response.writeHead(500).end();
  }
});
server.listen(Number(port), '127.0.0.1', offer);
