// Steps 20–30 as a DVP's client takes them, one request at a time.

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const ID_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:id_token';
export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';

/** Steps 21 and 22: what a DVA's discovery server (`discovery`, `discovery2`) says of a provider. */
export async function discover(demo, client, host, naam) {
  const url = new URL(demo.url(host, '/.well-known/oauth-authorization-server'));
  url.searchParams.set('zorgaanbiedernaam', naam);
  return client.wire.fetch(url);
}

/** Step 23: a location's ID token for an access token; `change` replaces parameters. */
export function exchange(demo, client, { at, location, audience, scope }, change = {}) {
  const form = {
    grant_type: TOKEN_EXCHANGE,
    subject_token: location.id_token,
    subject_token_type: ID_TOKEN_TYPE,
    requested_token_type: ACCESS_TOKEN_TYPE,
    audience,
    scope,
    client_id: client.clientId,
    ...change,
  };
  return client.wire.post(demo.url(at, '/token'), form);
}

/** Step 29: a search at a gegevensdienst's own endpoint. */
export function search(demo, client, { at, ura, dienst, type }, accessToken) {
  const headers = accessToken ? { authorization: `Bearer ${accessToken}` } : {};
  return client.wire.fetch(demo.url(at, `/resource/${ura}/${dienst}/fhir/${type}`), { headers });
}
