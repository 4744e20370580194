// openid-client as a client of the PGO's kind: mutual TLS, PKCE, signed userinfo.

import * as openid from 'openid-client';
import { Wire } from './wire.mjs';
import { login } from './login.mjs';

/** A registered client of the demo. */
export class Client {
  /**
   * Discovers Mitz (OpenID Connect Discovery 1.0 §4) with the client's own certificate.
   * `altered` may change an answer before openid-client sees it.
   */
  static async discover(demo, clientId, { altered = (answer) => answer } = {}) {
    const registered = demo.client(clientId);
    const wire = new Wire({ ca: demo.ca, cert: registered.cert, key: registered.key });
    const config = await openid.discovery(
      new URL(demo.json.issuers.mitz.issuer),
      clientId,
      {
        use_mtls_endpoint_aliases: true,
        id_token_signed_response_alg: 'ES256',
        userinfo_signed_response_alg: 'ES256',
      },
      openid.TlsClientAuth(),
      {
        [openid.customFetch]: async (...request) => altered(await wire.fetch(...request)),
        // Signatures are verified although the answers came over TLS.
        execute: [openid.enableNonRepudiationChecks],
      },
    );
    return new Client(config, wire, clientId, registered.redirect_uris[0]);
  }

  constructor(config, wire, clientId, redirectUri) {
    Object.assign(this, { config, wire, clientId, redirectUri });
    this.metadata = config.serverMetadata();
    /** Every code and token that it ever held: none may stand in a log. */
    this.secrets = new Set();
  }

  /** An authorization request with everything that must be in it; `change` replaces parameters. */
  async request(change = {}) {
    const verifier = openid.randomPKCECodeVerifier();
    const [state, nonce] = [openid.randomState(), openid.randomNonce()];
    const url = openid.buildAuthorizationUrl(this.config, {
      redirect_uri: this.redirectUri,
      scope: 'openid offline_access',
      state,
      nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    for (const [name, value] of Object.entries(change)) {
      if (value === null) url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    return { url, verifier, state, nonce };
  }

  /** A person logs in and decides; gives the client's redirect URI with the answer. */
  async authorized(front, bsn, choices) {
    const request = await this.request();
    const callback = await login(front, request.url, { bsn, choices });
    this.secrets.add(callback.searchParams.get('code'));
    return { ...request, callback };
  }

  /** Code for tokens, checked by openid-client: state, nonce, `iss`, PKCE, ID token. */
  async redeem({ callback, verifier, state, nonce }) {
    const tokens = await openid.authorizationCodeGrant(this.config, callback, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    return this.#held(tokens);
  }

  /** From login to tokens. */
  async tokens(front, bsn, choices) {
    return this.redeem(await this.authorized(front, bsn, choices));
  }

  /** The form of a code grant, to be sent by hand with something changed. */
  codeForm({ callback, verifier }, change = {}) {
    return {
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code'),
      redirect_uri: this.redirectUri,
      code_verifier: verifier,
      client_id: this.clientId,
      ...change,
    };
  }

  async refresh(refreshToken) {
    return this.#held(await openid.refreshTokenGrant(this.config, refreshToken));
  }

  /** Signed userinfo, its signature verified by openid-client. */
  async userinfo({ access_token: accessToken }, sub = openid.skipSubjectCheck) {
    const userinfo = await openid.fetchUserInfo(this.config, accessToken, sub);
    for (const location of userinfo.locations) this.secrets.add(location.id_token);
    return userinfo;
  }

  /** A token request by hand. */
  post(form) {
    return this.wire.post(this.metadata.token_endpoint, form);
  }

  #held(tokens) {
    for (const name of ['access_token', 'refresh_token', 'id_token']) this.secrets.add(tokens[name]);
    return tokens;
  }

  close() {
    return this.wire.close();
  }
}
