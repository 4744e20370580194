// People with a browser at the PGO who collect at a DVA itself: they choose, log in, agree or not, act for
// somebody else, look at their connections, and end one; in both languages, with a mouse at a desktop and
// with keys alone at 360 pixels.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DEVICES, Visitor, launch } from './lib/browser.mjs';
import { Demo } from './lib/demo.mjs';

/** What the pages say. */
const WORDS = {
  nl: {
    start: 'Verzamel uw gegevens',
    choose: 'Kies een zorgaanbieder',
    direct: 'Rechtstreeks bij een zorgaanbieder',
    at: 'Gegevens ophalen bij Ziekenhuis De Sluiswachter',
    via: 'Via dva.localhost',
    myChild: 'Voor mijn kind',
    authorised: 'Voor iemand die mij gemachtigd heeft',
    myself: 'Voor mijzelf',
    dateOfBirth: 'Geboortedatum van die ander',
    noDate: 'Vul de geboortedatum in van degene voor wie u dit doet.',
    nothingChosen: 'U hebt niets gekozen.',
    go: 'Naar de dienstverlener',
    landing: 'Gegevens verzamelen',
    logInAtDigid: 'Inloggen met DigiD',
    cancel: 'Annuleren',
    digid: 'Log in als testpersoon',
    logIn: 'Inloggen',
    toDigid: 'Verder naar DigiD',
    forWhom: 'Namens wie logt u in?',
    act: 'Verder namens deze persoon',
    consent: 'Toestemming geven',
    lasting: 'Mijn toestemming geldt totdat ik haar beëindig',
    result: 'Uw gegevens',
    one: 'We hebben één zorgaanbieder om gegevens gevraagd. U vindt ze hieronder.',
    ofOther: 'Dit zijn gegevens van iemand die u gemachtigd heeft, geboren op 12 april 1961.',
    noData: 'Er zijn geen gegevens opgehaald',
    stillThere: 'Wat hier al stond, is er nog.',
    connections: 'Mijn verbindingen',
    lasts: 'Geldt totdat u haar beëindigt',
    fetchNow: 'Nu ophalen bij Ziekenhuis De Sluiswachter',
    fetched: 'De gegevens zijn opgehaald.',
    whenFetched: 'Wanneer er is opgehaald',
    everyNight: 'Haal elke nacht vanzelf op',
    save: 'Bewaren bij Ziekenhuis De Sluiswachter',
    ordered: 'De Proef-PGO haalt nu elke nacht op',
    endAt: 'Verbinding beëindigen bij Ziekenhuis De Sluiswachter',
    end: 'Verbinding beëindigen',
    endSays: 'Uw toestemming staat bij de dienstverlener, dva.localhost.',
    manage: 'Uw toestemmingen bekijken',
    ended: 'Gold voor één keer, of is beëindigd',
    removeAt: 'Verbinding verwijderen bij Ziekenhuis De Sluiswachter',
    remove: 'Verbinding verwijderen',
    removed: 'De verbinding is verwijderd',
    none: 'U hebt geen verbindingen met zorgaanbieders.',
    unknown: 'Deze zorgaanbieder kennen we niet',
    share: 'Een meting delen met deze zorgaanbieder',
    shareWith: 'Uw gewicht delen met Ziekenhuis De Sluiswachter',
    weight: 'Uw gewicht in kilogram',
    noWeight: 'Vul uw gewicht in, met cijfers.',
    sharing: 'Gegevens delen',
    confirm: 'Bevestigen',
    shared: 'U hebt gegevens gedeeld',
    received: 'Ziekenhuis De Sluiswachter heeft uw meting gekregen.',
    confirmedOnce: 'U hebt bevestigd voor één keer',
    kilos: '83,5 kg',
  },
  en: {
    start: 'Collect your data',
    choose: 'Choose a care provider',
    direct: 'Directly at a care provider',
    at: 'Fetch data at Ziekenhuis De Sluiswachter',
    via: 'By way of dva.localhost',
    myChild: 'For my child',
    authorised: 'For somebody who authorised me',
    myself: 'For myself',
    dateOfBirth: 'Date of birth of that other person',
    noDate: 'Fill in the date of birth of the person for whom you do this.',
    nothingChosen: 'You chose nothing.',
    go: 'To the service provider',
    landing: 'Collect data',
    logInAtDigid: 'Log in with DigiD',
    cancel: 'Cancel',
    digid: 'Log in as a test person',
    logIn: 'Log in',
    toDigid: 'Continue to DigiD',
    forWhom: 'On whose behalf are you logging in?',
    act: 'Continue for this person',
    consent: 'Give consent',
    lasting: 'My consent holds until I end it',
    result: 'Your data',
    one: 'We asked one care provider for data. You find it below.',
    ofOther: 'This is data of somebody who authorised you, born on 12 April 1961.',
    noData: 'No data was fetched',
    stillThere: 'What was here before is still here.',
    connections: 'My connections',
    lasts: 'Holds until you end it',
    fetchNow: 'Fetch now at Ziekenhuis De Sluiswachter',
    fetched: 'The data was fetched.',
    whenFetched: 'When data was fetched',
    everyNight: 'Fetch every night by itself',
    save: 'Save at Ziekenhuis De Sluiswachter',
    ordered: 'De Proef-PGO now fetches every night',
    endAt: 'End connection at Ziekenhuis De Sluiswachter',
    end: 'End connection',
    endSays: 'Your consent is kept by the service provider, dva.localhost.',
    manage: 'See your consents',
    ended: 'Was for once, or has ended',
    removeAt: 'Remove connection at Ziekenhuis De Sluiswachter',
    remove: 'Remove connection',
    removed: 'The connection was removed',
    none: 'You have no connections with care providers.',
    unknown: 'We do not know this care provider',
    share: 'Share a measurement with this care provider',
    shareWith: 'Share your weight with Ziekenhuis De Sluiswachter',
    weight: 'Your weight in kilograms',
    noWeight: 'Fill in your weight, in figures.',
    sharing: 'Share data',
    confirm: 'Confirm',
    shared: 'You shared data',
    received: 'Ziekenhuis De Sluiswachter has received your measurement.',
    confirmedOnce: 'You confirmed for once',
    kilos: '83.5 kg',
  },
};

const ZIEKENHUIS = 'Ziekenhuis De Sluiswachter';
const PATH = '/rechtstreeks/ziekenhuisdesluiswachter';

let demo;
let browser;

before(async () => {
  demo = await Demo.start();
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

/** From the PGO's first page to the page that asks what and for whom. */
async function toChoice(visitor, words) {
  await visitor.open(demo.url('pgo', '/'));
  await visitor.reads(words.start, words.direct);
  await visitor.press('link', words.choose);
  await visitor.reads(words.direct);
  await visitor.press('link', ZIEKENHUIS);
  await visitor.reads(words.at, words.via);
}

async function logIn(visitor, words, name) {
  await visitor.choose('radio', name);
  await visitor.press('button', words.logIn);
}

/** From the page that asks what and for whom to the DVA's question. */
async function toConsent(visitor, words) {
  await visitor.press('button', words.go);
  await visitor.reads(words.landing);
  await visitor.press('button', words.logInAtDigid);
  await visitor.reads(words.digid);
  await logIn(visitor, words, 'Saskia Verhoeven');
  await visitor.reads(words.consent);
}

walk('a_person_collects_directly_and_keeps_the_connection', async function direct(visitor, words) {
  await toChoice(visitor, words);
  await toConsent(visitor, words);
  await visitor.choose('checkbox', words.lasting);
  await visitor.press('button', words.consent);
  await visitor.reads(words.result, words.one);
  await visitor.press('link', words.connections);
  await visitor.reads(words.connections, ZIEKENHUIS, words.lasts, 'dva.localhost');
  await visitor.press('button', words.fetchNow);
  await visitor.reads(words.connections, words.fetched);
  await visitor.unfold(visitor.page, words.whenFetched);
  assert.equal(await visitor.page.locator('.dingen li').count(), 2);
  await visitor.reads(words.connections);
  // medmij.md 2.6: by order alone
  assert.equal(await visitor.page.getByRole('checkbox').isChecked(), false);
  await visitor.choose('checkbox', words.everyNight);
  await visitor.press('button', words.save);
  await visitor.reads(words.connections, words.ordered);
  await visitor.press('link', words.endAt);
  await visitor.reads(words.end, words.endSays);
  await visitor.press('button', words.end);
  await visitor.reads(words.manage);
  await visitor.open(demo.url('pgo', '/verbindingen'));
  await visitor.reads(words.connections, words.ended);
  await visitor.press('link', words.removeAt);
  await visitor.reads(words.remove);
  await visitor.press('button', words.remove);
  await visitor.reads(words.connections, words.removed, words.none);
});

walk('a_person_who_leaves_something_out_is_told_and_can_go_on', async function choices(visitor, words) {
  await toChoice(visitor, words);
  visitor.forgives(422, PATH);
  await visitor.choose('radio', words.myChild);
  await visitor.press('button', words.go);
  await visitor.reads(words.at, words.noDate);
  await visitor.choose('radio', words.myself);
  for (const box of await visitor.page.getByRole('checkbox').all()) await box.uncheck();
  await visitor.press('button', words.go);
  await visitor.reads(words.at, words.nothingChosen);
  await visitor.choose('checkbox', 'Basisgegevens Zorg');
  await toConsent(visitor, words);
});

walk('medmij_case_023_a_person_who_stops_is_back_and_has_lost_nothing', async function stops(visitor, words) {
  await toChoice(visitor, words);
  await visitor.press('button', words.go);
  await visitor.reads(words.landing);
  await visitor.press('button', words.cancel);
  // medmij case 23
  await visitor.reads(words.noData, words.stillThere);
  visitor.forgives(404, '/rechtstreeks/bestaatniet');
  await visitor.open(demo.url('pgo', '/rechtstreeks/bestaatniet'));
  await visitor.reads(words.unknown);
});

walk('medmij_case_085_a_person_collects_for_somebody_who_gave_an_authorisation', async function acts(visitor, words) {
  await toChoice(visitor, words);
  await visitor.choose('radio', words.authorised);
  await visitor.page.getByLabel(words.dateOfBirth).fill('12-4-1961');
  await visitor.press('button', words.go);
  await visitor.reads(words.landing);
  await visitor.press('button', words.logInAtDigid);
  await visitor.press('button', words.toDigid);
  await visitor.reads(words.digid);
  await logIn(visitor, words, 'Joost van Dam');
  await visitor.reads(words.forWhom);
  await visitor.choose('radio', 'Saskia Verhoeven');
  await visitor.press('button', words.act);
  await visitor.reads(words.consent);
  await visitor.press('button', words.consent);
  // medmij case 85
  await visitor.reads(words.result, words.ofOther, words.one);
});

walk('core_autorisatie_101_a_person_shares_a_weight_and_gets_a_receipt', async function shares(visitor, words) {
  await toChoice(visitor, words);
  await visitor.press('link', words.share);
  await visitor.reads(words.shareWith);
  visitor.forgives(422, `${PATH}/delen`);
  await visitor.page.getByLabel(words.weight).fill('zwaar');
  await visitor.press('button', words.go);
  await visitor.reads(words.shareWith, words.noWeight);
  await visitor.page.getByLabel(words.weight).fill('83,5');
  await visitor.press('button', words.go);
  await visitor.reads(words.sharing);
  await visitor.press('button', words.logInAtDigid);
  await logIn(visitor, words, 'Saskia Verhoeven');
  await visitor.reads(words.confirm);
  await visitor.press('button', words.confirm);
  // core.autorisatie.101
  await visitor.reads(words.shared, words.received, words.kilos);
  await visitor.press('link', words.connections);
  await visitor.reads(words.connections, words.confirmedOnce);
});
