// A person of the sample logs in at the HM, the AD and the MR, with a password and a device that shows
// codes.

import { createHmac } from 'node:crypto';
import { Person } from './person.mjs';

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

/**
 * From an authorization request to the app's redirect URI, which is given back unopened. `voor` is the
 * organisation for which he acts; without one he acts for himself.
 */
export async function login(wire, authorizationUrl, { naam, wachtwoord, code, voor }) {
  const until = new URL(authorizationUrl).searchParams.get('redirect_uri');
  const person = new Person(wire);
  const ad = await toAd(person, authorizationUrl, voor);
  const fields = { naam, wachtwoord, code, keuze: 'inloggen' };
  const next = await person.send(ad.form('/etd/1.13/inloggen'), fields, { until });
  return voor ? atMr(person, next, voor, until) : next;
}

async function toAd(person, url, voor) {
  const hm = await person.open(url);
  const form = hm.form('/etd/1.13/kiezen');
  const voorWie = voor ? 'organisatie' : 'zelf';
  return person.send(form, { voor: voorWie, ad: form.choices.ad[0], keuze: 'verder' });
}

/** At the MR, for the organisation of this name. */
function atMr(person, page, voor, until) {
  const form = page.form('/etd/1.13/machtiging');
  const labels = page.html.matchAll(/<label for="machtiging-\d+"><strong[^>]*>([^<]*)/g);
  const at = [...labels].findIndex(([, naam]) => naam === voor);
  if (at < 0) throw new Error(`${voor} cannot be chosen on “${page.heading}”`);
  return person.send(form, { machtiging: form.choices.machtiging[at], keuze: 'kiezen' }, { until });
}
