// What the demo wrote about requests: why one was refused, and what may never stand there.

import fs from 'node:fs';
import path from 'node:path';

/** Where any of it stands: the log of refusals, what the demo printed, what the observer shows. */
export async function leaks(demo, front, clients) {
  const bsns = demo.json.people.map((person) => person.bsn);
  const held = clients.flatMap((client) => [...client.secrets]).filter(Boolean);
  const secrets = [...bsns, ...held, 'SAMLart=', 'SAMLRequest=', '<saml', 'code_verifier='];
  const found = [];
  for (const [place, text] of await places(demo, front)) {
    secrets.filter((secret) => text.includes(secret)).forEach(() => found.push(place));
    // A token of anybody: three parts, the first of which begins with {"
    if (/eyJ[\w-]{8,}\.[\w-]+\.[\w-]+/.test(text)) found.push(place);
  }
  return [...new Set(found)];
}

async function places(demo, front) {
  const log = fs.readFileSync(path.join(demo.state, 'log.jsonl'), 'utf8');
  const journeys = await front.fetch(demo.url('netwerk', '/reizen.json'));
  const texts = [['log.jsonl', log], ['output', demo.output], ['journeys', await journeys.text()]];
  const traces = new Set(texts[2][1].match(/[0-9a-f]{8}-[0-9a-f-]{27}/g));
  for (const trace of traces) {
    const journey = await front.fetch(demo.url('netwerk', `/reizen/${trace}.json`));
    texts.push([`journey ${trace}`, await journey.text()]);
  }
  return texts;
}

/** The requirements by which a request was refused, as the operator finds them by its number. */
export function requirements(demo, answer) {
  const trace = answer.headers.get('x-correlation-id');
  const lines = fs.readFileSync(path.join(demo.state, 'log.jsonl'), 'utf8').trim().split('\n');
  const told = lines.filter(Boolean).map((line) => JSON.parse(line));
  return told.filter((line) => line.trace_id === trace).map((line) => line.requirement);
}
