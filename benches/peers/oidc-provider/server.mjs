// node-oidc-provider as a token endpoint over TLS: clients prove themselves by private_key_jwt with ES256, get
// access tokens signed with ES256, and the jti of each assertion is a row in PostgreSQL.
//
// Its settings come by environment: ISSUER, PORT, CERTIFICATE and KEY (files), CLIENT_JWKS (JSON), PGHOST.
// Prints "ready" when it serves.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

import Provider from 'oidc-provider';
import pg from 'pg';

const { ISSUER, PORT, CERTIFICATE, KEY, CLIENT_JWKS, PGHOST } = process.env;
const RESOURCE = 'urn:sluis:peer';

const pool = new pg.Pool({ host: PGHOST, user: 'sluis', database: 'postgres', max: 16 });
await pool.query(`CREATE TABLE IF NOT EXISTS oidc (
  type text, id text, payload jsonb NOT NULL, expires_at timestamptz, consumed_at timestamptz,
  PRIMARY KEY (type, id))`);

/** As the provider's own example of an adapter: a row for each artifact. Statements are prepared once. */
class PostgresqlAdapter {
  constructor(type) {
    this.type = type;
  }

  async upsert(id, payload, expiresIn) {
    const until = expiresIn ? new Date(Date.now() + expiresIn * 1000) : null;
    await pool.query({
      name: 'upsert',
      text: `INSERT INTO oidc (type, id, payload, expires_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (type, id) DO UPDATE SET payload = $3, expires_at = $4`,
      values: [this.type, id, payload, until],
    });
  }

  async find(id) {
    const found = await pool.query({
      name: 'find',
      text: 'SELECT payload, expires_at, consumed_at FROM oidc WHERE type = $1 AND id = $2',
      values: [this.type, id],
    });
    const [row] = found.rows;
    if (!row || (row.expires_at && row.expires_at < new Date())) return undefined;
    return { ...row.payload, ...(row.consumed_at && { consumed: true }) };
  }

  async consume(id) {
    const text = 'UPDATE oidc SET consumed_at = now() WHERE type = $1 AND id = $2';
    await pool.query({ name: 'consume', text, values: [this.type, id] });
  }

  async destroy(id) {
    const text = 'DELETE FROM oidc WHERE type = $1 AND id = $2';
    await pool.query({ name: 'destroy', text, values: [this.type, id] });
  }
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const provider = new Provider(ISSUER, {
  adapter: PostgresqlAdapter,
  clients: [
    {
      client_id: 'peer',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: JSON.parse(CLIENT_JWKS),
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  clientAuthMethods: ['private_key_jwt'],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: '1' }] },
  scopes: ['read'],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => RESOURCE,
      getResourceServerInfo: () => ({
        scope: 'read',
        audience: RESOURCE,
        accessTokenTTL: 900,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});
provider.on('server_error', (_, error) => console.error(error));

const tls = { cert: readFileSync(CERTIFICATE), key: readFileSync(KEY), minVersion: 'TLSv1.3' };
const server = createServer(tls, provider.callback());
server.keepAliveTimeout = 60_000;
server.listen(Number(PORT), '127.0.0.1', () => console.log('ready'));
