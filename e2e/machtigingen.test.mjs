// Whoever administers the mandates of an MR of eToegang, with a browser: in both languages, with a mouse at a
// desktop and with keys alone at 360 pixels.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { DEVICES, Visitor, launch } from './lib/browser.mjs';
import { Demo } from './lib/demo.mjs';

/** What the pages say. */
const WORDS = {
  nl: {
    logIn: 'Inloggen bij machtigingenbeheer',
    key: 'Uw beheersleutel',
    enter: 'Inloggen',
    wrongKey: 'Deze sleutel werkt niet.',
    start: 'Machtigingen beheren',
    who: 'U bent ingelogd als demo.',
    number: 'Nummer van de organisatie',
    show: 'Machtigingen bekijken',
    list: 'Machtigingen van een organisatie',
    none: 'Voor deze organisatie is geen machtiging geregistreerd.',
    register: 'Machtiging registreren',
    form: 'Nieuwe machtiging',
    notSaved: 'Dit is niet opgeslagen',
    mistakes: [
      'Kies wie mag handelen: een persoon of een organisatie.',
      'Kies een dienst.',
      'Kies een betrouwbaarheidsniveau.',
      'Vul de laatste dag in als dag, maand en jaar',
    ],
    person: 'Een persoon',
    between: 'Een organisatie ertussen',
    personNumber: 'Nummer van de persoon',
    betweenNumber: 'KvK-nummer van de organisatie ertussen',
    level: 'Betrouwbaarheidsniveau',
    until: 'Laatste dag',
    branch: 'Alleen voor deze vestiging',
    send: 'Registreren',
    mandate: 'Machtiging',
    registered: 'Het is geregistreerd.',
    valid: 'Geldig',
    byDemo: 'Door demo',
    onlyBranch: 'alleen vestiging 000012345678',
    chain: 'De medewerkers van die organisatie handelen dan.',
    withdraw: 'Machtiging intrekken',
    notWithdrawn: ['Er is niets ingetrokken', 'Kruis aan dat u het zeker weet.'],
    sure: 'Ja, trek deze machtiging in',
    withdrawn: ['De machtiging is ingetrokken.', 'Ingetrokken'],
    toAll: 'Naar alle machtigingen van deze organisatie',
    toStart: 'Naar het begin van beheer',
    notThere: 'Dit is er niet',
    logOut: 'Uitloggen',
    loggedOut: 'U bent uitgelogd',
  },
  en: {
    logIn: 'Log in to mandate administration',
    key: 'Your administration key',
    enter: 'Log in',
    wrongKey: 'This key does not work.',
    start: 'Administer mandates',
    who: 'You are logged in as demo.',
    number: 'Number of the organisation',
    show: 'Show mandates',
    list: 'Mandates of an organisation',
    none: 'No mandate is registered for this organisation.',
    register: 'Register a mandate',
    form: 'New mandate',
    notSaved: 'This was not saved',
    mistakes: [
      'Choose who may act: a person or an organisation.',
      'Choose a service.',
      'Choose a level of assurance.',
      'Enter the last day as day, month and year',
    ],
    person: 'A person',
    between: 'An organisation that stands between',
    personNumber: 'Number of the person',
    betweenNumber: 'KvK number of the organisation that stands between',
    level: 'Level of assurance',
    until: 'Last day',
    branch: 'For this branch only',
    send: 'Register',
    mandate: 'Mandate',
    registered: 'It is registered.',
    valid: 'Valid',
    byDemo: 'By demo',
    onlyBranch: 'branch 000012345678 only',
    chain: 'The people of that organisation act then.',
    withdraw: 'Withdraw mandate',
    notWithdrawn: ['Nothing was withdrawn', 'Tick that you are sure.'],
    sure: 'Yes, withdraw this mandate',
    withdrawn: ['The mandate is withdrawn.', 'Withdrawn'],
    toAll: 'To all mandates of this organisation',
    toStart: 'To the start of the administration',
    notThere: 'This is not there',
    logOut: 'Log out',
    loggedOut: 'You are logged out',
  },
};
const HOLDER = 'een-houder-van-een-ad';
const SERVICE = 'Parkeervergunning';
/** Organisations of the sample, and one that it does not have for each run. */
const FISHERY = '11223344';
const BOOKKEEPERS = '87654321';
const NOBODY = { 'nl desktop': '40000001', 'nl phone': '40000002', 'en desktop': '40000003', 'en phone': '40000004' };

let demo;
let browser;

before(async () => {
  demo = await Demo.start({ args: [] });
  browser = await launch(demo, { keep: true });
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** A walk in both languages on both devices, each a test of its own. */
function walk(name, steps) {
  for (const lang of Object.keys(WORDS)) {
    for (const device of Object.keys(DEVICES)) {
      test(`${name}__${lang}_${device}`, async () => {
        const visitor = await Visitor.arrive(browser, { lang, device, walk: steps.name });
        try {
          await steps(visitor, WORDS[lang]);
        } finally {
          await visitor.leave();
        }
      });
    }
  }
}

/** Logs in with the key of the demo's MR. */
async function logIn(visitor, words) {
  const { key_file: file } = demo.json.administration.mr;
  await visitor.open(demo.url('mr', '/beheer'));
  await visitor.reads(words.logIn);
  await visitor.type(words.key, fs.readFileSync(file, 'utf8').trim());
  await visitor.press('button', words.enter);
  await visitor.reads(words.start, words.who);
}

/** From the start to the mandates of an organisation, whose number no address tells. */
async function toOrganisation(visitor, words, kvk) {
  await visitor.type(words.number, kvk);
  await visitor.press('button', words.show);
  await visitor.reads(words.list);
  assert.ok(!visitor.page.url().includes(kvk));
}

walk('auc3_a_mandate_of_a_person_is_registered_corrected_seen_and_withdrawn', async function person(visitor, words) {
  await logIn(visitor, words);
  await toOrganisation(visitor, words, NOBODY[`${visitor.lang} ${visitor.device}`]);
  await visitor.reads(words.list, words.none);
  await visitor.press('link', words.register);
  await visitor.reads(words.form);
  // Almost nothing is filled in: all of it is told at once, and what stood there stays.
  visitor.forgives(422, '/beheer/nieuwe-machtiging');
  await visitor.type(words.branch, '0000 1234 5678');
  await visitor.press('button', words.send);
  await visitor.reads(words.form, words.notSaved, ...words.mistakes);
  await visitor.choose('radio', words.person);
  await visitor.type(words.personNumber, HOLDER);
  await visitor.choose('checkbox', SERVICE);
  await visitor.page.getByLabel(words.level, { exact: true }).selectOption({ label: 'EH3' });
  await visitor.type(words.until, `31-12-${new Date().getFullYear() + 1}`);
  await visitor.press('button', words.send);
  const id = new URL(visitor.page.url()).pathname.split('/').pop();
  await visitor.reads(`${words.mandate} ${id}`, words.registered, words.valid, SERVICE, HOLDER, words.onlyBranch, words.byDemo);

  visitor.forgives(422, '/beheer/machtiging/');
  await visitor.press('button', words.withdraw);
  await visitor.reads(`${words.mandate} ${id}`, ...words.notWithdrawn);
  await visitor.choose('checkbox', words.sure);
  await visitor.press('button', words.withdraw);
  await visitor.reads(`${words.mandate} ${id}`, ...words.withdrawn);
  assert.equal(await visitor.page.getByRole('button', { name: words.withdraw }).count(), 0);
  await visitor.press('link', words.toAll);
  await visitor.reads(words.list, words.withdrawn[1]);
  await visitor.press('link', words.toStart);
  await visitor.press('button', words.logOut);
  await visitor.reads(words.loggedOut);
  await visitor.open(demo.url('mr', `/beheer/machtiging/${id}`));
  await visitor.reads(words.logIn);
});

walk('auc3_an_organisation_that_stands_between_is_registered', async function chain(visitor, words) {
  await logIn(visitor, words);
  await toOrganisation(visitor, words, FISHERY);
  await visitor.press('link', words.register);
  await visitor.choose('radio', words.between);
  await visitor.type(words.betweenNumber, BOOKKEEPERS);
  await visitor.choose('checkbox', SERVICE);
  await visitor.page.getByLabel(words.level, { exact: true }).selectOption({ label: 'EH4' });
  await visitor.type(words.until, `31-12-${new Date().getFullYear() + 1}`);
  await visitor.press('button', words.send);
  const id = new URL(visitor.page.url()).pathname.split('/').pop();
  await visitor.reads(`${words.mandate} ${id}`, words.registered, 'Boekhouders Voorbeeld', words.chain, 'EH4');
  await visitor.press('link', words.toAll);
  await visitor.reads(words.list, 'Visserij Voorbeeld V.O.F.', 'Boekhouders Voorbeeld');
});

walk('a_key_that_does_not_work_and_a_mandate_that_is_not_there_are_told', async function wrong(visitor, words) {
  await visitor.open(demo.url('mr', '/beheer'));
  visitor.forgives(403, '/beheer/inloggen');
  await visitor.type(words.key, 'niets');
  await visitor.press('button', words.enter);
  await visitor.reads(words.logIn, words.wrongKey);
  await logIn(visitor, words);
  visitor.forgives(404, '/beheer/machtiging/niets');
  await visitor.open(demo.url('mr', '/beheer/machtiging/niets'));
  await visitor.reads(words.notThere);
});
