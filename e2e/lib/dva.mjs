// Steps 24–26 as a DVA takes them, with its own certificate and decryption key.

import { execFileSync } from 'node:child_process';
import { createDecipheriv, createPrivateKey } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { compactDecrypt, createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { Wire } from './wire.mjs';

/** The key to which answers are encrypted: a row of the party's store, sealed with its master key. */
function keyOf(party) {
  const id = Buffer.from('introspection\0\0\0\0\x01', 'latin1');
  const read = `import sqlite3, sys
db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
row = db.execute("SELECT private FROM records WHERE space = 'sluis.sleutel' AND id = ?", [bytes.fromhex(sys.argv[2])])
print(row.fetchone()[0].hex())`;
  const arguments_ = ['-c', read, path.join(party, 'store.sqlite3'), id.toString('hex')];
  const sealed = Buffer.from(execFileSync('python3', arguments_, { encoding: 'utf8' }).trim(), 'hex');
  const master = fs.readFileSync(path.join(party, 'master.key'));
  const opening = createDecipheriv('aes-256-gcm', master, sealed.subarray(0, 12));
  opening.setAAD(Buffer.concat([Buffer.from('sluis.sleutel\0'), id, Buffer.from('\0ECDH-ES')]));
  opening.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([opening.update(sealed.subarray(12, -16)), opening.final()]);
}

/** A DVA of the demo: `dva` or `dva2`. */
export class Dva {
  constructor(demo, name) {
    this.demo = demo;
    this.name = name;
    this.wire = new Wire({ ca: demo.ca, ...demo.party(name, `${name}-back`) });
    this.key = createPrivateKey({ key: keyOf(path.join(demo.state, name)), format: 'der', type: 'pkcs8' });
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
