// The means with which people of the sample log in at the AD: a password, and a device that shows codes.

import { createHmac } from 'node:crypto';

/** Seconds for which one code stands on the device (RFC 6238 §5.2). */
const STEP_S = 30;
/** Digits of a code. */
const DIGITS = 6;

/** A means of the sample, by the name of its holder. */
export class Middel {
  constructor(demo, naam) {
    const { name, password, totp_sha256_base64url: secret } = demo.json.etoegang.means.find(
      (known) => known.name === naam,
    );
    Object.assign(this, { naam: name, wachtwoord: password });
    this.secret = secret && Buffer.from(secret, 'base64url');
  }

  /** What the device shows at a moment in Unix seconds (RFC 6238 with SHA-256); nothing without one. */
  code(now = Date.now() / 1000) {
    if (!this.secret) return '';
    const step = Buffer.alloc(8);
    step.writeBigInt64BE(BigInt(Math.floor(now / STEP_S)));
    const mac = createHmac('sha256', this.secret).update(step).digest();
    const number = mac.readUInt32BE(mac[31] & 0x0f) & 0x7fffffff;
    return String(number % 10 ** DIGITS).padStart(DIGITS, '0');
  }
}

/** Devices of a demo with `--control`: a code serves once, so its clock goes on before each. */
export class Apparaten {
  constructor(demo, wire) {
    Object.assign(this, { demo, wire, shiftS: 0 });
  }

  /** A means, and a code that nobody used before. */
  async nieuw(naam) {
    const answer = await this.wire.fetch(this.demo.url('netwerk', '/control/clock'), {
      method: 'POST',
      body: JSON.stringify({ shift_s: STEP_S }),
      headers: { 'content-type': 'application/json' },
    });
    const { clock } = await answer.json();
    const middel = new Middel(this.demo, naam);
    return { ...middel, code: middel.code(Date.now() / 1000 + clock.shift_s) };
  }
}
