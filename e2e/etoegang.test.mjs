// People with a browser at eToegang: the app of a DV, the HM, the AD and the MR, in both languages, with
// a mouse at a desktop and with keys alone at 360 pixels.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DEVICES, Visitor, launch } from './lib/browser.mjs';
import { Demo } from './lib/demo.mjs';
import { Apparaten, beheer, untilRegistered } from './lib/etoegang.mjs';
import { Wire } from './lib/wire.mjs';

/** What the pages say. */
const WORDS = {
  nl: {
    start: 'Regel het met uw bedrijf',
    logInFor: 'Inloggen voor',
    choose: 'Kies hoe u inlogt',
    goTo: 'U wilt naar',
    chosenBefore: 'Dit koos u de vorige keer.',
    forOrganisation: 'Voor een organisatie',
    forMyself: 'Voor mijzelf',
    goOn: 'Verder',
    cancel: 'Annuleren',
    logIn: 'Inloggen',
    name: 'Gebruikersnaam',
    password: 'Wachtwoord',
    code: 'Code',
    gives: 'Wat wij doorgeven',
    firstName: 'uw voornaam',
    lastName: 'uw achternaam',
    company: 'de naam van uw organisatie',
    wrong: ['Inloggen lukte niet', 'Gebruikersnaam, wachtwoord of code klopt niet.'],
    blocked: 'Uw inlogmiddel is geblokkeerd.',
    tooLow: 'Uw inlogmiddel heeft een te laag niveau voor deze dienst.',
    forWhom: 'Kies voor wie u dit doet',
    branch: 'alleen vestiging 000012345678',
    through: 'via',
    noMandate: ['U hebt geen machtiging', 'Vraag de beheerder van uw organisatie'],
    toApp: 'Terug naar de app',
    session: 'U bent ingelogd',
    pseudonym: 'Pseudoniem',
    yourself: 'uzelf',
    renew: 'Toegang vernieuwen',
    logOut: 'Uitloggen',
    loggedOut: ['U bent uitgelogd', 'De app heeft geen toegang meer.'],
    over: ['U bent uitgelogd', 'Uw toegang kon niet vernieuwd worden.'],
    notLoggedIn: ['U bent niet ingelogd', 'U stopte met inloggen'],
    failed: 'Er ging iets mis',
    toStart: 'Naar de beginpagina',
  },
  en: {
    start: 'Do it with your company',
    logInFor: 'Log in for',
    choose: 'Choose how to log in',
    goTo: 'You want to go to',
    chosenBefore: 'This is what you chose last time.',
    forOrganisation: 'For an organisation',
    forMyself: 'For myself',
    goOn: 'Continue',
    cancel: 'Cancel',
    logIn: 'Log in',
    name: 'User name',
    password: 'Password',
    code: 'Code',
    gives: 'What we pass on',
    firstName: 'your first name',
    lastName: 'your last name',
    company: 'the name of your organisation',
    wrong: ['You could not be logged in', 'User name, password or code is wrong.'],
    blocked: 'Your means to log in is blocked.',
    tooLow: 'Your means has too low a level for this service.',
    forWhom: 'Choose for whom you do this',
    branch: 'branch 000012345678 only',
    through: 'through',
    noMandate: ['You have no mandate', 'Ask the administrator of your organisation'],
    toApp: 'Back to the app',
    session: 'You are logged in',
    pseudonym: 'Pseudonym',
    yourself: 'yourself',
    renew: 'Renew access',
    logOut: 'Log out',
    loggedOut: ['You are logged out', 'The app has no access any more.'],
    over: ['You are logged out', 'Your access could not be renewed.'],
    notLoggedIn: ['You are not logged in', 'You stopped logging in'],
    failed: 'Something went wrong',
    toStart: 'To the start page',
  },
};
/** Services of the sample, by the level that each asks. */
const EH2 = 'Melding openbare ruimte';
const EH3 = 'Parkeervergunning';
const EH4 = 'Erfpacht';
const NOT_OF_APPS = 'Archief';

let demo;
let browser;
let wire;
let apparaten;

before(async () => {
  demo = await Demo.start({ args: ['--control'] });
  browser = await launch(demo, { keep: true });
  wire = new Wire({ ca: demo.ca });
  apparaten = new Apparaten(demo, wire);
  await untilRegistered(demo.json, wire);
});

after(async () => {
  await browser?.close();
  await wire?.close();
  await demo?.stop();
});

/** Every language on every device, and each of them once, for pages that other walks show too. */
const ALL = Object.keys(WORDS).flatMap((lang) => Object.keys(DEVICES).map((device) => [lang, device]));
const EACH_ONCE = [['nl', 'phone'], ['en', 'desktop']];

/** A walk in these languages on these devices, each a test of its own. */
function walk(name, steps, runs = ALL) {
  for (const [lang, device] of runs) {
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

// ── What people do ──────────────────────────────────────────────────────────────────────────────

/** From the app of the DV to the HM. */
async function toHm(visitor, words, dienst) {
  await visitor.open(demo.url('dv', '/'));
  await visitor.reads(words.start, `${words.logInFor} ${dienst}`);
  await visitor.press('button', `${words.logInFor} ${dienst}`);
  await visitor.reads(words.choose, `${words.goTo} ${dienst}`, 'Gemeente Voorbeeld');
}

/** On to the AD, which is the only one. */
async function toAd(visitor, words, dienst, voor) {
  await toHm(visitor, words, dienst);
  await visitor.choose('radio', voor);
  await visitor.press('button', words.goOn);
  await visitor.reads(words.logIn, `${words.goTo} ${dienst}`, ...given(words, dienst));
}

/** What the AD gives along with who somebody is, and says before he logs in (GUC3 3.4). */
function given(words, dienst) {
  if (dienst === EH3) return [words.gives, words.lastName];
  return dienst === EH2 ? [words.gives, words.firstName] : [];
}

/** Shows at the AD what opens the door, and gives it back; `change` shows something else. */
async function logIn(visitor, words, naam, change = {}) {
  const shown = { ...(await apparaten.nieuw(naam)), ...change };
  await show(visitor, words, shown);
  return shown;
}

/** Types what a person shows at the AD, as it is: no device goes on first. */
async function show(visitor, words, shown) {
  await visitor.type(words.name, shown.naam);
  await visitor.type(words.password, shown.wachtwoord);
  if (shown.code) await visitor.type(words.code, shown.code);
  await visitor.press('button', words.logIn);
}

/** The means of `naam`, for an organisation: on to the MR. */
async function toMr(visitor, words, naam) {
  await toAd(visitor, words, EH3, words.forOrganisation);
  await logIn(visitor, words, naam);
  await visitor.reads(words.forWhom, `${words.goTo} ${EH3}`, words.gives, words.company);
}

/** Whoever is logged in tells the app to forget it. */
async function logOut(visitor, words) {
  await visitor.press('button', words.logOut);
  await visitor.reads(...words.loggedOut);
  await visitor.press('link', words.toStart);
  await visitor.reads(words.start);
  // The tokens are gone from the browser too.
  await visitor.open(demo.url('dv', '/app'));
  await visitor.reads(words.start);
}

/** What the issuer of a means says of it. */
async function becomes(naam, stand) {
  const answer = await beheer(demo.json, wire, 'ad', 'PATCH', `/middelen/${naam}`, { stand });
  assert.equal(answer.status, 200);
}

// ── The walks ───────────────────────────────────────────────────────────────────────────────────

walk('etoegang_case_078_a_baker_logs_in_for_the_bakery_renews_and_logs_out', async function bakery(visitor, words) {
  await toMr(visitor, words, 'b.bakker');
  await visitor.choose('radio', 'Bakkerij Voorbeeld B.V.');
  await visitor.press('button', words.goOn);
  const session = [words.session, EH3, words.pseudonym, 'Bakkerij Voorbeeld B.V.', 'EH3', words.lastName, 'Bakker'];
  await visitor.reads(...session);
  const before = await visitor.context.cookies(demo.url('dv'));
  // GUC9: another pair of tokens for the same person.
  await visitor.press('button', words.renew);
  await visitor.reads(...session);
  assert.notDeepEqual(await visitor.context.cookies(demo.url('dv')), before);
  await logOut(visitor, words);
});

walk('etoegang_case_011_a_bookkeeper_acts_for_a_client_of_the_office', async function chain(visitor, words) {
  await toMr(visitor, words, 't.teller');
  await visitor.reads(words.forWhom, words.branch, `${words.through} Boekhouders Voorbeeld`);
  await visitor.choose('radio', /^Visserij Voorbeeld V\.O\.F\./);
  await visitor.press('button', words.goOn);
  await visitor.reads(words.session, 'Visserij Voorbeeld V.O.F.', 'Boekhouders Voorbeeld', 'EH3');
  await visitor.press('button', words.renew);
  await visitor.reads(words.session, 'Visserij Voorbeeld V.O.F.', 'Boekhouders Voorbeeld', 'EH3');
});

walk('etoegang_case_003_somebody_logs_in_for_himself_and_renews', async function himself(visitor, words) {
  await toAd(visitor, words, EH2, words.forMyself);
  await logIn(visitor, words, 'z.zelf');
  const session = [words.session, EH2, words.yourself, 'EH2', words.firstName, 'Zeger'];
  await visitor.reads(...session);
  await visitor.press('button', words.renew);
  await visitor.reads(...session);
  await logOut(visitor, words);
});

walk('etoegang_case_045_at_the_highest_level_there_is_nothing_to_renew', async function highest(visitor, words) {
  await toAd(visitor, words, EH4, words.forMyself);
  await logIn(visitor, words, 't.teller');
  await visitor.reads(words.session, EH4, words.yourself, 'EH4');
  assert.equal(await visitor.page.getByRole('button', { name: words.renew }).count(), 0);
  await logOut(visitor, words);
}, EACH_ONCE);

walk('the_hm_remembers_the_ad_that_was_chosen_last', async function remembered(visitor, words) {
  await toHm(visitor, words, EH2);
  assert.equal(await visitor.page.getByText(words.chosenBefore).count(), 0);
  await visitor.choose('radio', words.forMyself);
  await visitor.press('button', words.goOn);
  await logIn(visitor, words, 'z.zelf');
  await visitor.reads(words.session);
  await toHm(visitor, words, EH2);
  await visitor.reads(words.choose, words.chosenBefore);
}, EACH_ONCE);

walk('etoegang_md_4_3_who_cancels_at_the_hm_is_not_logged_in', async function cancelsAtHm(visitor, words) {
  await toHm(visitor, words, EH3);
  await visitor.press('button', words.cancel);
  await visitor.reads(...words.notLoggedIn);
  await visitor.press('link', words.toStart);
  await visitor.reads(words.start);
}, EACH_ONCE);

walk('etoegang_case_070_who_cancels_at_the_ad_is_not_logged_in', async function cancelsAtAd(visitor, words) {
  await toAd(visitor, words, EH3, words.forOrganisation);
  await visitor.press('button', words.cancel);
  await visitor.reads(...words.notLoggedIn);
}, EACH_ONCE);

walk('etoegang_md_4_3_who_cancels_at_the_mr_is_not_logged_in', async function cancelsAtMr(visitor, words) {
  await toMr(visitor, words, 'b.bakker');
  await visitor.press('button', words.cancel);
  await visitor.reads(...words.notLoggedIn);
}, EACH_ONCE);

walk('etoegang_case_071_who_has_no_mandate_hears_it_at_the_mr', async function noMandate(visitor, words) {
  await toAd(visitor, words, EH2, words.forOrganisation);
  await logIn(visitor, words, 'z.zelf');
  await visitor.reads(...words.noMandate);
  await visitor.press('button', words.toApp);
  await visitor.reads(...words.notLoggedIn);
});

walk('a_wrong_password_is_told_and_the_right_one_still_serves', async function wrong(visitor, words) {
  await toAd(visitor, words, EH2, words.forMyself);
  await logIn(visitor, words, 'z.zelf', { wachtwoord: 'iets-anders' });
  await visitor.reads(words.logIn, ...words.wrong);
  assert.equal(await visitor.page.getByLabel(words.password, { exact: true }).inputValue(), '');
  // Whoever asks for somebody who does not exist hears the same.
  await logIn(visitor, words, 'z.zelf', { naam: 'niemand' });
  await visitor.reads(words.logIn, ...words.wrong);
  await logIn(visitor, words, 'z.zelf');
  await visitor.reads(words.session);
});

walk('a_code_serves_once', async function codeOnce(visitor, words) {
  await toAd(visitor, words, EH3, words.forMyself);
  const shown = await logIn(visitor, words, 'b.bakker');
  await visitor.reads(words.session, words.yourself);
  // At once, so that nothing but its use can be wrong with it: a code stands for two steps of 30 s.
  await toAd(visitor, words, EH3, words.forMyself);
  await show(visitor, words, shown);
  await visitor.reads(words.logIn, ...words.wrong);
}, EACH_ONCE);

walk('a_means_of_too_low_a_level_opens_nothing', async function tooLow(visitor, words) {
  await toAd(visitor, words, EH3, words.forMyself);
  await logIn(visitor, words, 'z.zelf');
  await visitor.reads(words.logIn, words.tooLow);
  await visitor.press('button', words.cancel);
  await visitor.reads(...words.notLoggedIn);
}, EACH_ONCE);

walk('etoegang_case_067_a_service_that_is_not_for_apps_is_refused', async function notOfApps(visitor, words) {
  await visitor.open(demo.url('dv', '/'));
  visitor.forgives(502, '/app/terug');
  await visitor.press('button', `${words.logInFor} ${NOT_OF_APPS}`);
  await visitor.reads(words.failed);
}, EACH_ONCE);

walk('etoegang_case_037_a_means_that_is_suspended_ends_the_login', async function suspended(visitor, words) {
  await toAd(visitor, words, EH2, words.forMyself);
  await logIn(visitor, words, 'z.zelf');
  await visitor.reads(words.session);
  await becomes('z.zelf', 'geschorst');
  try {
    await visitor.press('button', words.renew);
    await visitor.reads(...words.over);
    await toAd(visitor, words, EH2, words.forMyself);
    await logIn(visitor, words, 'z.zelf');
    await visitor.reads(words.logIn, words.blocked);
  } finally {
    await becomes('z.zelf', 'actief');
  }
}, EACH_ONCE);

// The last one: nobody acts for this client of the office after it.
walk('etoegang_case_046_and_058_after_a_mandate_is_withdrawn_another_serves', async function withdrawn(visitor, words) {
  await toMr(visitor, words, 't.teller');
  await visitor.choose('radio', /^Visserij Voorbeeld V\.O\.F\./);
  await visitor.press('button', words.goOn);
  await visitor.reads(words.session, 'Visserij Voorbeeld V.O.F.');
  const answer = await beheer(demo.json, wire, 'mr', 'DELETE', '/machtigingen/M-visserij-boekhouders');
  assert.equal(answer.status, 200);
  await visitor.press('button', words.renew);
  await visitor.reads(...words.over);
  await toMr(visitor, words, 't.teller');
  assert.equal(await visitor.page.getByText('Visserij Voorbeeld V.O.F.').count(), 0);
  await visitor.choose('radio', /^Boekhouders Voorbeeld/);
  await visitor.press('button', words.goOn);
  await visitor.reads(words.session, 'Boekhouders Voorbeeld');
  await visitor.press('button', words.renew);
  await visitor.reads(words.session, 'Boekhouders Voorbeeld');
}, [['en', 'phone']]);
