// Steps 24–26 as a DVA takes them, with its own certificate and decryption key.

import { createPrivateKey } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { compactDecrypt, createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { Wire } from './wire.mjs';

/** A DVA of the demo: `dva` or `dva2`. */
export class Dva {
  constructor(demo, name) {
    this.demo = demo;
    this.name = name;
    this.wire = new Wire({ ca: demo.ca, ...demo.party(name, `${name}-back`) });
    const der = fs.readFileSync(path.join(demo.state, name, 'keys', 'introspection.1.key'));
    this.key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  }

  /** The consent question of mitz.md §2.7; `wire` shows another certificate, or none. */
  ask({ token, ura, presenter }, { functie = 'verzamelen', wire = this.wire } = {}) {
    const form = {
      token,
      token_type_hint: 'id_token',
      ura,
      function: functie,
      services: '51 52',
      presenter_x5t: presenter,
    };
    const headers = { accept: 'application/token-introspection+jwt' };
    return wire.post(this.demo.url('mitz-back', '/consent-introspect'), form, headers);
  }

  /** What the answer says, once decrypted, and its signature verified by jose. */
  async open(answer) {
    const text = await answer.text();
    const { plaintext } = await compactDecrypt(text, this.key, {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    const jwks = await (await this.wire.fetch(this.demo.url('mitz', '/jwks'))).json();
    const { payload } = await jwtVerify(new TextDecoder().decode(plaintext), createLocalJWKSet(jwks), {
      issuer: this.demo.json.issuers.mitz.issuer,
      audience: this.demo.json.issuers[this.name].issuer,
      typ: 'token-introspection+jwt',
      algorithms: ['ES256'],
    });
    return { header: decodeProtectedHeader(text), introspection: payload.token_introspection };
  }

  close() {
    return this.wire.close();
  }
}
