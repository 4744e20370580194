// People with a browser at a DVA: they come from a PGO, log in, agree or not, act for somebody else, and end
// a consent; in both languages, with a mouse at a desktop and with keys alone at 360 pixels.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { DEVICES, Visitor, launch } from './lib/browser.mjs';
import { Demo } from './lib/demo.mjs';
import { Wire } from './lib/wire.mjs';

/** What the pages say. */
const WORDS = {
  nl: {
    collect: 'Gegevens verzamelen',
    share: 'Gegevens delen',
    from: 'U komt van De Proef-PGO en wilt verder met Ziekenhuis De Sluiswachter.',
    forOther: 'U doet dit voor iemand anders.',
    logInAtDigid: 'Inloggen met DigiD',
    cancel: 'Annuleren',
    logIn: 'Inloggen',
    digid: 'Log in als testpersoon',
    consent: 'Toestemming geven',
    mayCollect: 'Mag De Proef-PGO uw gezondheidsgegevens ophalen bij Ziekenhuis De Sluiswachter?',
    mayCollectFor: 'Mag De Proef-PGO de gezondheidsgegevens van deze persoon ophalen bij Ziekenhuis De Sluiswachter?',
    ofSaskia: 'U doet dit voor iemand anders, geboren op 12 april 1961.',
    ofNoor: 'U doet dit voor iemand anders, geboren op 14 mei 2018.',
    lasting: 'Mijn toestemming geldt totdat ik haar beëindig',
    no: 'Nee, ga terug',
    confirm: 'Bevestigen',
    about: 'Het gaat om: Meetwaarden vitale functies.',
    cancelled: 'U bent gestopt met inloggen',
    again: 'Toch inloggen',
    stop: 'Stoppen',
    failed: 'Inloggen is niet gelukt',
    letFail: 'Inloggen laten mislukken',
    nothing: 'Er zijn geen gegevens beschikbaar',
    back: 'Terug naar De Proef-PGO',
    notRight: 'Deze aanvraag klopt niet',
    toDigid: 'Verder naar DigiD',
    forwarding: 'Inloggen',
    forWhom: 'Namens wie logt u in?',
    act: 'Verder namens deze persoon',
    forMyself: 'Verder voor mijzelf',
    actedForNobody: 'U hebt voor uzelf ingelogd',
    manage: 'Uw toestemmingen bekijken',
    consents: 'Uw toestemmingen',
    mayCollectAt: 'Mag gegevens ophalen bij Ziekenhuis De Sluiswachter.',
    end: 'Toestemming beëindigen',
    endOf: 'Toestemming beëindigen van De Proef-PGO voor Ziekenhuis De Sluiswachter',
    ended: 'De toestemming is beëindigd. Dit geldt vanaf nu.',
    overview: 'Terug naar het overzicht',
    notOurs: 'Dit antwoord hoort niet bij u',
    fault: 'Technische storing',
    wrongAt: 'Er is iets misgegaan bij De Proef-DVA. Probeer het over een paar minuten nog eens.',
    backToPgo: 'Terug naar uw PGO',
  },
  en: {
    collect: 'Collect data',
    share: 'Share data',
    from: 'You come from De Proef-PGO and want to go on with Ziekenhuis De Sluiswachter.',
    forOther: 'You do this for somebody else.',
    logInAtDigid: 'Log in with DigiD',
    cancel: 'Cancel',
    logIn: 'Log in',
    digid: 'Log in as a test person',
    consent: 'Give consent',
    mayCollect: 'May De Proef-PGO collect your health data at Ziekenhuis De Sluiswachter?',
    mayCollectFor: 'May De Proef-PGO collect the health data of this person at Ziekenhuis De Sluiswachter?',
    ofSaskia: 'You do this for somebody else, born on 12 April 1961.',
    ofNoor: 'You do this for somebody else, born on 14 May 2018.',
    lasting: 'My consent holds until I end it',
    no: 'No, go back',
    confirm: 'Confirm',
    about: 'It is about: Meetwaarden vitale functies.',
    cancelled: 'You stopped logging in',
    again: 'Log in after all',
    stop: 'Stop',
    failed: 'Logging in did not work',
    letFail: 'Make the login fail',
    nothing: 'No data are available',
    back: 'Back to De Proef-PGO',
    notRight: 'This request is not right',
    toDigid: 'Continue to DigiD',
    forwarding: 'Log in',
    forWhom: 'On whose behalf are you logging in?',
    act: 'Continue for this person',
    forMyself: 'Continue for myself',
    actedForNobody: 'You logged in for yourself',
    manage: 'See your consents',
    consents: 'Your consents',
    mayCollectAt: 'May collect data at Ziekenhuis De Sluiswachter.',
    end: 'End consent',
    endOf: 'End consent of De Proef-PGO for Ziekenhuis De Sluiswachter',
    ended: 'The consent has ended. This holds from now on.',
    overview: 'Back to the overview',
    notOurs: 'This answer does not belong to you',
    fault: 'Technical fault',
    wrongAt: 'Something went wrong at De Proef-DVA. Please try again in a few minutes.',
    backToPgo: 'Back to your PGO',
  },
};

const NAAM = 'ziekenhuisdesluiswachter';

let demo;
let browser;
let wire;

before(async () => {
  demo = await Demo.start({ args: ['--control'] });
  wire = new Wire({ ca: demo.ca });
  browser = await launch(demo, { keep: true });
});

after(async () => {
  await browser?.close();
  await wire?.close();
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

/** Puts a party in trouble, or ends it. */
async function trouble(method, party, body) {
  const answer = await wire.fetch(demo.url('netwerk', `/control/parties/${party}`), {
    method,
    body: body && JSON.stringify(body),
    headers: body && { 'content-type': 'application/json' },
  });
  assert.equal(answer.status, 200);
}

/** What the PGO sends a person with. */
function request(changes = {}) {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'pgo.localhost',
    redirect_uri: demo.url('pgo', '/callback'),
    scope: NAAM,
    state: 'S1',
    'MedMij-Request-ID': randomUUID(),
    'X-Correlation-ID': randomUUID(),
    ...changes,
  });
  return demo.url('dva', `/authorize?${query}`);
}

async function toDigid(visitor, words, changes) {
  await visitor.open(request(changes));
  await visitor.press('button', words.logInAtDigid);
  await visitor.reads(words.digid);
}

async function logIn(visitor, words, name) {
  await visitor.choose('radio', name);
  await visitor.press('button', words.logIn);
}

/** Back at the PGO, which did not ask for this itself: what it was answered stands in the address before. */
async function backAtPgo(visitor, words, button, expected) {
  const answers = [];
  const note = (asked) => {
    const url = new URL(asked.url());
    if (url.pathname === '/callback') answers.push(url.searchParams);
  };
  visitor.page.on('request', note);
  visitor.forgives(400, '/melding');
  await visitor.press('button', button);
  visitor.page.off('request', note);
  await visitor.reads(words.notOurs);
  assert.equal(answers.length, 1);
  assert.equal(answers[0].get('state'), 'S1');
  assert.ok(answers[0].has(expected), [...answers[0].keys()].join());
  return answers[0];
}

walk('medmij_case_001_and_028_and_031_a_person_agrees', async function agrees(visitor, words) {
  await visitor.open(request());
  await visitor.reads(words.collect, words.from);
  await visitor.press('button', words.logInAtDigid);
  await visitor.reads(words.digid);
  await logIn(visitor, words, 'Saskia Verhoeven');
  await visitor.reads(words.consent, words.mayCollect);
  // medmij case 29
  assert.equal(await visitor.page.getByRole('checkbox').isChecked(), false);
  await backAtPgo(visitor, words, words.consent, 'code');
});

walk('medmij_case_030_a_person_refuses', async function refuses(visitor, words) {
  await toDigid(visitor, words);
  await logIn(visitor, words, 'Saskia Verhoeven');
  await backAtPgo(visitor, words, words.no, 'error');
});

walk('medmij_case_024_and_025_a_person_cancels_at_digid_and_comes_back', async function cancels(visitor, words) {
  await toDigid(visitor, words);
  await visitor.press('button', words.cancel);
  await visitor.reads(words.cancelled);
  await visitor.press('button', words.again);
  await visitor.reads(words.digid);
  await visitor.press('button', words.cancel);
  await backAtPgo(visitor, words, words.stop, 'error');
});

walk('medmij_case_026_and_027_who_is_not_identified_or_has_nothing_is_told', async function told(visitor, words) {
  await toDigid(visitor, words);
  await visitor.press('button', words.letFail);
  await visitor.reads(words.failed);
  await toDigid(visitor, words);
  await logIn(visitor, words, 'Daan Smit');
  await visitor.reads(words.nothing);
  await backAtPgo(visitor, words, words.back, 'error');
});

walk('medmij_case_034_a_person_reads_of_a_technical_fault', async function fault(visitor, words) {
  await toDigid(visitor, words);
  await trouble('PUT', 'xis', { trouble: 'down' });
  try {
    visitor.forgives(503, '/storing');
    visitor.forgives(503, '/saml/acs');
    await logIn(visitor, words, 'Saskia Verhoeven');
    await visitor.reads(words.fault, words.wrongAt);
    // medmij case 34: one number of each kind to mention
    for (const number of ['Trace ID', 'Session ID']) {
      assert.ok(await visitor.page.getByText(`${number}:`).isVisible(), number);
    }
    const back = visitor.page.getByRole('link', { name: words.backToPgo, exact: true });
    assert.ok((await back.getAttribute('href')).startsWith(new URL(demo.url('pgo', '/')).origin));
  } finally {
    await trouble('DELETE', 'xis');
  }
});

walk('medmij_case_002_an_unknown_client_is_a_page', async function stranded(visitor, words) {
  visitor.forgives(400, '/authorize');
  await visitor.open(request({ client_id: 'onbekend.localhost' }));
  await visitor.reads(words.notRight);
});

walk('medmij_case_014_and_033_a_person_confirms_what_is_shared', async function shares(visitor, words) {
  await visitor.open(request({ scope: `${NAAM}~42` }));
  await visitor.reads(words.share, words.from);
  await visitor.press('button', words.logInAtDigid);
  await logIn(visitor, words, 'Saskia Verhoeven');
  await visitor.reads(words.confirm, words.about);
  await backAtPgo(visitor, words, words.confirm, 'code');
});

/** To the page where somebody who logged in says for whom. */
async function toRepresentation(visitor, words, name, scope, born) {
  await visitor.open(request({ scope: `${NAAM} ${scope}`, MedMij_geboortedatum: born }));
  await visitor.reads(words.collect, words.forOther);
  await visitor.press('button', words.logInAtDigid);
  await visitor.reads(words.forwarding);
  await visitor.press('button', words.toDigid);
  await visitor.reads(words.digid);
  await logIn(visitor, words, name);
  await visitor.reads(words.forWhom);
}

walk('medmij_case_085_a_person_acts_for_somebody_else', async function acts(visitor, words) {
  await toRepresentation(visitor, words, 'Joost van Dam', 'onbehalfof', '19610412');
  await visitor.choose('radio', 'Saskia Verhoeven');
  await visitor.press('button', words.act);
  await visitor.reads(words.consent, words.ofSaskia, words.mayCollectFor);
  await backAtPgo(visitor, words, words.consent, 'code');
});

walk('medmij_case_093_a_parent_collects_for_a_child_until_it_is_twelve', async function parent(visitor, words) {
  await toRepresentation(visitor, words, 'Maria Lopes', 'onbehalfofchild', '20180514');
  await visitor.choose('radio', 'Noor Lopes');
  await visitor.press('button', words.act);
  await visitor.reads(words.consent, words.ofNoor, words.mayCollectFor);
  await backAtPgo(visitor, words, words.consent, 'code');
  // medmij case 93
  await toRepresentation(visitor, words, 'Maria Lopes', 'onbehalfofchild', '20130621');
  await visitor.choose('radio', 'Sem Postma');
  await visitor.press('button', words.act);
  await visitor.reads(words.nothing);
  await backAtPgo(visitor, words, words.back, 'error');
});

walk('medmij_case_089_a_person_logs_in_for_himself_after_all', async function actsNot(visitor, words) {
  await toRepresentation(visitor, words, 'Joost van Dam', 'onbehalfof', '19610412');
  await visitor.press('button', words.forMyself);
  await visitor.reads(words.actedForNobody);
  await backAtPgo(visitor, words, words.back, 'error');
});

walk('medmij_case_097_and_098_a_person_ends_a_consent', async function ends(visitor, words) {
  await toDigid(visitor, words);
  await logIn(visitor, words, 'Saskia Verhoeven');
  await visitor.choose('checkbox', words.lasting);
  await backAtPgo(visitor, words, words.consent, 'code');
  await visitor.open(demo.url('dva', '/toestemmingen'));
  await visitor.reads(words.manage);
  await visitor.press('button', words.logInAtDigid);
  await logIn(visitor, words, 'Saskia Verhoeven');
  await visitor.reads(words.consents, words.mayCollectAt);
  await visitor.press('link', words.endOf);
  await visitor.reads(words.end);
  // medmij case 98
  await visitor.press('link', words.overview);
  await visitor.reads(words.consents, words.mayCollectAt);
  await visitor.press('link', words.endOf);
  // medmij case 97
  await visitor.press('button', words.end);
  await visitor.reads(words.consents, words.ended);
  assert.equal(await visitor.page.getByRole('link', { name: words.endOf, exact: true }).count(), 0);
});
