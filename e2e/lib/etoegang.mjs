// A person of the sample logs in at the HM, the AD and the MR, with a password and a device that shows
// codes.

import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Person } from './person.mjs';

/** Seconds for which one code stands on the device (RFC 6238 §5.2). */
const STEP_S = 30;
/** Digits of a code. */
const DIGITS = 6;

/** How long the AD may take to register the means of the sample, which it does after the start. */
const REGISTERED_MS_MAX = 60_000;

/** Waits until everybody of the sample can log in: the administration knows each means. */
export async function untilRegistered(json, wire) {
  const until = Date.now() + REGISTERED_MS_MAX;
  const body = { stand: 'actief' };
  for (const { name } of json.etoegang.means) {
    const ask = () => beheer(json, wire, 'ad', 'PATCH', `/middelen/${name}`, body);
    for (let answer = await ask(); answer.status !== 200; answer = await ask()) {
      if (Date.now() > until) throw new Error(`the AD does not know ${name} (HTTP ${answer.status})`);
      await sleep(200);
    }
  }
}

/** Asks the administration of the AD or the MR, with its key. */
export function beheer(json, wire, party, method, path, body) {
  const { url, key_file: keyFile } = json.administration[party];
  const key = fs.readFileSync(keyFile, 'utf8').trim();
  return wire.fetch(`${url}${path}`, {
    method,
    body: body && JSON.stringify(body),
    headers: { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) },
  });
}

/** A means of the sample, by the name of its holder. */
export class Middel {
  constructor(demo, naam) {
    const { name, password, totp_sha256_base64url: secret } = demo.json.etoegang.means.find(
      (known) => known.name === naam,
    );
    Object.assign(this, { naam: name, wachtwoord: password });
    this.secret = secret && Buffer.from(secret, 'base64url');
  }

  /** What the device shows at a moment in Unix seconds (RFC 6238 §1.2); nothing without one. */
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

/** From an authorization request to the app's redirect URI, which is given back unopened. */
export async function login(wire, authorizationUrl, { middel, voor }) {
  const until = new URL(authorizationUrl).searchParams.get('redirect_uri');
  const person = new Person(wire);
  return throughHm(person, await person.open(authorizationUrl), { middel, voor }, until);
}

/**
 * From the page of the HM to the app, with a means. `voor` is the organisation for which the person
 * acts; without one he acts for himself.
 */
export async function throughHm(person, hm, { middel, voor }, until) {
  const form = hm.form('/etd/1.13/kiezen');
  const voorWie = voor ? 'organisatie' : 'zelf';
  const ad = await person.send(form, { voor: voorWie, ad: form.choices.ad[0], keuze: 'verder' });
  const { naam, wachtwoord } = middel;
  const fields = { naam, wachtwoord, code: middel.code(), keuze: 'inloggen' };
  const next = await person.send(ad.form('/etd/1.13/inloggen'), fields, { until });
  return voor ? atMr(person, next, voor, until) : next;
}

/** At the MR, for the organisation of this name. */
function atMr(person, page, voor, until) {
  const form = page.form('/etd/1.13/machtiging');
  const labels = page.html.matchAll(/<label for="machtiging-\d+"><strong[^>]*>([^<]*)/g);
  const at = [...labels].findIndex(([, naam]) => naam === voor);
  if (at < 0) throw new Error(`${voor} cannot be chosen on “${page.heading}”`);
  return person.send(form, { machtiging: form.choices.machtiging[at], keuze: 'kiezen' }, { until });
}
