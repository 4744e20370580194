// What the demo wrote about requests: why one was refused, and what may never stand there.

import fs from 'node:fs';
import path from 'node:path';

/**
 * Where a BSN, a code, a token or SAML stands that should not: in the log of refusals, in what the
 * demo printed, in what the observer shows, in any file that a party keeps.
 */
export async function leaks(demo, front, clients) {
  const bsns = demo.json.people.map((person) => person.bsn);
  const held = clients.flatMap((client) => [...client.secrets]).filter(Boolean);
  const secrets = [...bsns, ...held, 'code_verifier='];
  // A token of anybody's: three parts, the first of which begins with {"
  const isLeak = (text) =>
    secrets.some((secret) => text.includes(secret)) || /eyJ[\w-]{8,}\.[\w-]+\.[\w-]+/.test(text);
  // The published service catalogue is no message, and anybody's to read: it names levels by SAML's element.
  const isPublished = (place) => path.basename(place) === 'servicecatalog.xml';
  const isSaml = (text) => ['SAMLart=', 'SAMLRequest=', '<saml'].some((name) => text.includes(name));
  // The observer shows messages under their names, with dots in the place of what is hidden.
  const isShown = (text) =>
    /SAML(art|Request|Response)=(?!•••)/.test(text) || /<[\w:]*NameID(?: [^<>]*)?>(?!•••)/.test(text);
  const kept = [...files(demo.state), ['output', demo.output]];
  const told = await journeys(demo, front);
  return [
    ...kept.filter(([place, text]) => isLeak(text) || (!isPublished(place) && isSaml(text))),
    ...told.filter(([, text]) => isLeak(text) || isShown(text)),
  ].map(([place]) => place);
}

/** Every file of every party, byte by byte; `demo.json` alone tells who the people of the demo are. */
function files(folder) {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'demo.json')
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .map((file) => [file, fs.readFileSync(file, 'latin1')]);
}

async function journeys(demo, front) {
  const list = await (await front.fetch(demo.url('netwerk', '/reizen.json'))).text();
  const texts = [['journeys', list]];
  for (const trace of new Set(list.match(/[0-9a-f]{8}-[0-9a-f-]{27}/g))) {
    const journey = await front.fetch(demo.url('netwerk', `/reizen/${trace}.json`));
    texts.push([`journey ${trace}`, await journey.text()]);
  }
  return texts;
}

/**
 * The requirements by which a request was refused, as the operator finds them by its number; those
 * of one party, if it is named, for a request that others were asked about too.
 */
export function requirements(demo, answer, party) {
  const trace = answer.headers.get('trace-id');
  const lines = fs.readFileSync(path.join(demo.state, 'log.jsonl'), 'utf8').split('\n');
  return lines
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .filter((line) => line.trace_id === trace && (!party || line.party === party))
    .map((line) => line.requirement);
}
