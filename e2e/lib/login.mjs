// A person logs in at the DigiD simulator and decides at the consent register.

import { Person } from './person.mjs';

/** At the simulator, as this person of the sample, or not: `keuze` annuleren or mislukken. */
export function atDigid(person, page, { bsn, keuze = 'inloggen', niveau }, until) {
  const fields = { keuze, ...(bsn && { bsn }), ...(niveau && { niveau }) };
  return person.send(page.form('/inloggen'), fields, { until });
}

/**
 * At the register: a refusal (`weigeren`), `ja` to every category, or `nee` to all but what
 * `choices` names. The page remembers earlier choices; here they do not count.
 */
export function atRegister(person, page, choices, until) {
  const form = page.form('/toestemming');
  const anew = { ...form.every(choices === 'ja' ? 'ja' : 'nee'), ...form.cleared() };
  const fields = choices === 'weigeren'
    ? { keuze: 'weigeren' }
    : { ...anew, ...(choices !== 'ja' && choices), keuze: 'geven' };
  return person.send(form, fields, { until });
}

/** From an authorization request to the client's redirect URI, which is given back unopened. */
export async function login(wire, authorizationUrl, { bsn, choices = 'ja' }) {
  const until = new URL(authorizationUrl).searchParams.get('redirect_uri');
  const person = new Person(wire);
  const digid = await person.open(authorizationUrl);
  const register = await atDigid(person, digid, { bsn });
  return atRegister(person, register, choices, until);
}

/** The person's consents: logs in at the register and shows the overview. */
export async function overview(demo, wire, bsn) {
  const person = new Person(wire);
  const digid = await person.open(demo.url('toestemmingen', '/'));
  return { person, page: await atDigid(person, digid, { bsn }) };
}

/** Withdraws all that a person consented to for a client, or what concerns one provider. */
export async function withdraw(demo, wire, bsn, clientId, ura) {
  const { person, page } = await overview(demo, wire, bsn);
  const fields = { client_id: clientId, ...(ura && { ura }) };
  const form = page.form('/intrekken', fields);
  if (!ura) delete form.fields.ura;
  return person.send(form);
}
