// The person at the browser, where a guide sends its reader there. The demo's state is `demo`.
// usage: person.mjs consents FILE NAME | collects NAME | withdraws NAME CLIENT | launches NAME
//    or: person.mjs chooses MEANS ORGANISATION | comesBack FILE MEANS [ORGANISATION]

import fs from 'node:fs';
import { Middel, throughHm, untilRegistered } from '../lib/etoegang.mjs';
import { atDigid, atRegister, withdraw } from '../lib/login.mjs';
import { Person } from '../lib/person.mjs';
import { Wire } from '../lib/wire.mjs';

const json = JSON.parse(fs.readFileSync('demo/demo.json', 'utf8'));
const wire = new Wire({ ca: fs.readFileSync(json.ca_file, 'utf8') });
const demo = { url: (host, rest = '') => json.hosts[host] + rest };
const bsnOf = (name) => json.people.find((person) => person.name.startsWith(`${name} `)).bsn;

/** Opens what the client printed, and goes on until the client's own page. */
async function consents(urlFile, name) {
  const person = new Person(wire);
  const digid = await person.open(fs.readFileSync(urlFile, 'utf8').split('\n')[0]);
  const register = await atDigid(person, digid, { bsn: bsnOf(name) });
  const page = await atRegister(person, register, 'ja');
  if (page.status !== 200) throw new Error(`the client answered ${page.status}`);
}

/** At the demo's own PGO. */
async function collects(name) {
  const person = new Person(wire);
  const start = await person.open(demo.url('pgo', '/'));
  const digid = await person.send(start.form('/verzamelen'));
  const register = await atDigid(person, digid, { bsn: bsnOf(name) });
  const page = await atRegister(person, register, 'ja');
  if (page.status !== 200) throw new Error(`the PGO answered ${page.status}`);
}

async function withdraws(name, clientId) {
  await withdraw(demo, wire, bsnOf(name), clientId);
}

/** At the demo's portal: the task of the reader's module. */
async function launches(name) {
  const person = new Person(wire);
  const portaal = await person.open(demo.url('portaal', '/'));
  const [, task] = /Mijn oefening.*?name="taak" value="([^"]+)"/s.exec(portaal.html) ?? [];
  const openen = await person.send(portaal.form('/openen', { taak: task }));
  const [start] = openen.forms;
  const idp = await person.send(openen.form(start));
  const [, who] = new RegExp(`for="persoon-(\\d+)"><strong[^>]*>${name} `).exec(idp.html) ?? [];
  const page = await person.send(idp.form('/inloggen'), { persoon: who, keuze: 'inloggen' });
  if (page.status !== 200) throw new Error(`the module answered ${page.status}`);
}

/** At the demo's own app of a DV, for an organisation. */
async function chooses(naam, voor) {
  const person = new Person(wire);
  const start = await person.open(demo.url('dv', '/'));
  const hm = await person.send(start.form('/inloggen'));
  await untilRegistered(json, wire);
  const page = await throughHm(person, hm, { middel: new Middel({ json }, naam), voor });
  if (page.status !== 200 || !page.text.includes(voor)) throw new Error(`the app answered ${page.status}`);
}

/** Opens what the app printed, and goes on until the app's own page. */
async function comesBack(urlFile, naam, voor) {
  const person = new Person(wire);
  const hm = await person.open(fs.readFileSync(urlFile, 'utf8').split('\n')[0]);
  await untilRegistered(json, wire);
  const page = await throughHm(person, hm, { middel: new Middel({ json }, naam), voor });
  if (page.status !== 200) throw new Error(`the app answered ${page.status}`);
}

const [what, ...rest] = process.argv.slice(2);
await { consents, collects, withdraws, launches, chooses, comesBack }[what](...rest);
await wire.close();
