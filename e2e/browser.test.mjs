// People with a browser: what they do at the PGO, DigiD and Mitz, and what they read there, in both
// languages, with a mouse at a desktop and with keys alone at 360 pixels.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Visitor, DEVICES, launch } from './lib/browser.mjs';
import { Demo, inputFolder } from './lib/demo.mjs';
import { NOOR, PIET, strangers } from './lib/strangers.mjs';
import { WORDS } from './lib/words.mjs';

let demo;
let browser;
/** A network of other people with other records, and a browser that knows it. */
let elsewhere;

before(async () => {
  demo = await Demo.start({ args: ['--control'] });
  browser = await launch(demo);
});

after(async () => {
  await browser?.close();
  await elsewhere?.browser.close();
  await demo?.stop();
  await elsewhere?.demo.stop();
});

/** A walk in both languages on both devices, each a test of its own. */
function walk(name, steps, place = async () => browser) {
  for (const lang of Object.keys(WORDS)) {
    for (const device of Object.keys(DEVICES)) {
      test(`${name}__${lang}_${device}`, async () => {
        const visitor = await Visitor.arrive(await place(), { lang, device, walk: steps.name });
        try {
          await steps(visitor, WORDS[lang]);
        } finally {
          await visitor.leave();
        }
      });
    }
  }
}

// ── What people do ──────────────────────────────────────────────────────────────────────────────

/** From the PGO's first page to the DigiD simulator. */
async function toDigid(visitor, words, at = demo) {
  await visitor.open(at.url('pgo', '/'));
  await visitor.reads(words.start, ...words.startSteps);
  await visitor.press('button', words.collect);
  await visitor.reads(words.digid, words.notDigid, words.atService);
}

/** Logs in as somebody of the sample. */
async function logIn(visitor, words, name) {
  await visitor.choose('radio', name);
  await visitor.press('button', words.logIn);
}

/** The parties on the page of the control, in its order. */
const PARTIES = ['pgo', 'mitz', 'lokalisatie', 'digid', 'dva', 'xis', 'dva2', 'xis2', 'stelselnode'];

/** Chooses what is the matter with a party. */
async function disturb(visitor, words, party, trouble) {
  const list = visitor.page.getByLabel(words.troubleOf(party), { exact: true });
  await list.selectOption({ label: trouble });
  await visitor.press('button', words.applyTo(party));
  await visitor.reads(words.control, trouble);
}

/** From the register's overview, by DigiD, to the page that says so (digid case 35). */
async function logOut(visitor, words) {
  await visitor.press('button', words.logOut);
  await visitor.reads(words.logOut, words.logOutAtDigidToo);
  await visitor.press('button', words.toDigid);
  await visitor.reads(words.loggedOut);
}

/** From the PGO's first page to the consent page. */
async function toConsent(visitor, words, name, at = demo) {
  await toDigid(visitor, words, at);
  await logIn(visitor, words, name);
  await visitor.reads(words.consent, words.question, words.noBsn);
}

/** Consents for these categories of providers. */
async function consent(visitor, words, ...categories) {
  for (const category of categories) await visitor.choose('radio', words.yes, category);
  await visitor.press('button', words.give);
}

/** From the PGO's first page to the result, with consent for everybody. */
async function collect(visitor, words, name, at = demo) {
  await toConsent(visitor, words, name, at);
  await consent(visitor, words, ...words.categories);
}

/** What the result says of a provider. */
async function assertOutcome(visitor, provider, ...texts) {
  const section = visitor.page.getByRole('region', { name: provider, exact: true });
  const shown = (await section.innerText()).replace(/\s+/g, ' ');
  for (const text of texts) assert.ok(shown.includes(text), `${provider} does not say: ${text}`);
  return section;
}

/** Rows of data of a provider, which are folded away until somebody asks. */
async function assertData(visitor, provider, group) {
  const section = await assertOutcome(visitor, provider, group);
  assert.equal(await section.getByRole('row').count(), 0);
  await visitor.unfold(section, group);
  assert.ok((await section.getByRole('row').count()) > 3);
}

/** What a card says. */
async function assertCard(visitor, name, ...texts) {
  const card = visitor.page.getByRole('region', { name, exact: true });
  const shown = (await card.innerText()).replace(/\s+/g, ' ');
  for (const text of texts) assert.ok(shown.includes(text), `${name} does not say: ${text}\n${shown}`);
  return card;
}

// ── Walks ───────────────────────────────────────────────────────────────────────────────────────

walk('saskia_logs_in_consents_and_sees_data_of_two_providers', async function saskia(visitor, words) {
  await collect(visitor, words, 'Saskia Verhoeven');
  await visitor.reads(words.result, words.twoOfTwo);
  await assertCard(visitor, words.medicines, 'Metformine', words.inUse, words.stopped, 'Nitrofurantoïne');
  const pressure = await assertCard(visitor, 'Bloeddruk', '133 / 79 mmHg', 'Bovendruk', 'Onderdruk');
  assert.equal(await pressure.locator('path.lijn').count(), 4, 'two lines, and two in the legend');
  await assertCard(visitor, 'HbA1c', words.usualHba1c);
  // The same numbers without looking at the chart.
  await visitor.unfold(pressure, words.asTable);
  assert.equal(await pressure.getByRole('row').count(), 23);
  await visitor.reads(words.result, ...words.cards);
  await assertData(visitor, 'Ziekenhuis De Sluiswachter', 'Laboratoriumresultaten');
  await assertData(visitor, 'Huisartsenpraktijk Het Stuwpand', 'Medicatiegegevens');
  // A later visit needs no login.
  await visitor.press('button', words.again);
  await visitor.reads(words.result, words.twoOfTwo);
});

walk('mitz_case_008_a_person_cancels_retries_cancels_and_stops', async function cancel(visitor, words) {
  await toDigid(visitor, words);
  await visitor.press('button', words.cancel);
  await visitor.reads(words.cancelled, ...words.cancelledSays);
  await visitor.press('button', words.retry);
  await visitor.reads(words.digid);
  await visitor.press('button', words.cancel);
  await visitor.reads(words.cancelled);
  await visitor.press('button', words.stop);
  await visitor.reads(words.noConsent, words.nothingCollected);
});

walk('mitz_case_009_a_login_fails_and_the_person_reads_why_and_goes_back', async function fail(visitor, words) {
  await toDigid(visitor, words);
  await visitor.press('button', words.fail);
  await visitor.reads(words.failed, words.notSure);
  await visitor.press('button', words.stop);
  await visitor.reads(words.noConsent, words.nothingCollected);
});

walk('mitz_case_010_a_person_refuses_consent', async function refuse(visitor, words) {
  await toConsent(visitor, words, 'Maria Lopes');
  // Yes to nobody is asked about first.
  visitor.forgives(422, '/toestemming');
  await visitor.press('button', words.give);
  await visitor.reads(words.consent, words.nobody);
  await visitor.press('button', words.refuse);
  await visitor.reads(words.noConsent, words.nothingCollected);
});

walk('mitz_case_049_fatima_who_has_no_treatment_relation_reads_no_data', async function fatima(visitor, words) {
  await collect(visitor, words, 'Fatima el Idrissi');
  await visitor.reads(words.result, words.noneOfOne, ...words.empty);
  await assertOutcome(visitor, 'Ziekenhuis De Sluiswachter', ...words.noData);
});

walk('mitz_case_050_sem_who_is_too_young_reads_the_same', async function sem(visitor, words) {
  await collect(visitor, words, 'Sem Postma');
  await visitor.reads(words.result, words.noneOfOne);
  await assertOutcome(visitor, 'Huisartsenpraktijk Het Stuwpand', ...words.noData);
});

/** Starts the other network, once. */
async function somewhereElse() {
  elsewhere ??= (async () => {
    const other = await Demo.start({ input: inputFolder({ change: strangers }) });
    return { demo: other, browser: await launch(other, { keep: true }) };
  })();
  elsewhere = await elsewhere;
  return elsewhere.browser;
}

walk('other_people_with_other_records_see_their_own_values', async function noor(visitor, words) {
  await collect(visitor, words, NOOR.name, elsewhere.demo);
  await visitor.reads(words.result, words.twoOfTwo, ...words.partial);
  const number = (text) => text.replace('.', words.decimal);
  // Two providers, one code and unit: one line; the other unit stands apart.
  const weight = visitor.page.getByRole('region', { name: 'Gewicht van Noor', exact: true });
  assert.equal(await weight.count(), 2);
  const kilos = weight.filter({ hasText: number('61.75') });
  assert.equal(await kilos.locator('circle').count(), 3);
  await visitor.unfold(kilos, words.asTable);
  const rows = (await kilos.getByRole('row').allInnerTexts()).map((row) => row.replace(/\s+/g, ' '));
  assert.equal(rows.length, 4);
  for (const text of [number('61.75'), number('63.5'), number('65.25')]) {
    assert.ok(rows.some((row) => row.includes(text)), text);
  }
  assert.ok(rows.some((row) => row.includes('Ziekenhuis De Sluiswachter')));
  assert.ok(rows.some((row) => row.includes('Huisartsenpraktijk Het Stuwpand')));
  await assertCard(visitor, 'Troponine <b>T</b>', `< ${number('0.01')} ng/mL`);
  const medicines = await assertCard(visitor, words.medicines, 'Amoxicilline van Noor', 'Kinderarts');
  assert.equal(await medicines.locator('rect.balk').count(), 2);
  assert.equal(await visitor.page.getByText('Saskia').count(), 0);
  await visitor.reads(words.result);
}, somewhereElse);

walk('piet_of_whom_little_is_on_file_reads_what_was_not_given', async function piet(visitor, words) {
  await collect(visitor, words, PIET.name, elsewhere.demo);
  await visitor.reads(words.result, words.oneOfOne, ...words.partial, ...words.notGiven);
  assert.equal(await visitor.page.locator('.grafiek').count(), 0);
}, somewhereElse);

walk('daan_who_is_known_nowhere_reads_what_he_can_do', async function daan(visitor, words) {
  await collect(visitor, words, 'Daan Smit');
  await visitor.reads(words.result, ...words.nobodyFound);
});

walk('anneke_whose_provider_is_down_reads_to_try_later', async function anneke(visitor, words) {
  await collect(visitor, words, 'Anneke Brouwer');
  await visitor.reads(words.result, words.noneOfOne, ...words.failedToFetch);
  await assertOutcome(visitor, 'GGZ De Oeverloper', ...words.down);
});

walk('mitz_case_032_willem_reads_who_is_not_on_medmij_and_gets_the_rest', async function willem(visitor, words) {
  await collect(visitor, words, 'Willem Hoekstra');
  await visitor.reads(words.result, words.oneOfTwo, ...words.partial);
  await assertData(visitor, 'Ziekenhuis De Sluiswachter', 'Basisgegevens Zorg');
  await assertOutcome(visitor, 'Huisartsenpost De Keersluis', ...words.notOnMedmij);
});

walk('mitz_case_020_joost_withdraws_his_consent_and_must_log_in_again', async function joost(visitor, words) {
  await collect(visitor, words, 'Joost van Dam');
  await visitor.reads(words.result, words.twoOfTwo);
  await visitor.press('link', words.changeConsents);
  await visitor.reads(words.digid);
  await logIn(visitor, words, 'Joost van Dam');
  await visitor.reads(words.overview, words.mayCollect);
  await visitor.press('button', words.withdrawAll);
  await visitor.reads(words.overview, words.withdrawn, words.consentsNone);
  await logOut(visitor, words);
  // The PGO still holds its refresh token; the grant behind it is dead.
  await visitor.open(demo.url('pgo', '/'));
  await visitor.reads(words.start, words.linked);
  visitor.forgives(400, '/melding');
  await visitor.press('button', words.collect);
  await visitor.reads(words.loginAgain, words.linkBroken);
  await visitor.press('link', words.toStart);
  await visitor.reads(words.start);
  await visitor.press('button', words.collect);
  await visitor.reads(words.digid);
});

walk('digid_case_038_anneke_logs_out_at_digid_and_is_out_of_the_register', async function leaving(visitor, words) {
  await visitor.open(demo.url('toestemmingen', '/'));
  await visitor.reads(words.digid);
  await visitor.choose('checkbox', words.singleSignOn);
  await logIn(visitor, words, 'Anneke');
  await visitor.reads(words.overview);
  await visitor.open(demo.url('digid', '/uitloggen'));
  await visitor.reads(words.leaving, words.leavingAll, 'Mitz');
  await visitor.press('button', words.logOut);
  await visitor.reads(words.nobodyLoggedIn);
  await visitor.open(demo.url('toestemmingen', '/'));
  await visitor.reads(words.digid);
});

walk('a_person_makes_a_dva_slow_and_wrong_by_the_buttons_and_the_pgo_explains_it', async function control(visitor, words) {
  await visitor.open(demo.url('netwerk', '/'));
  await visitor.press('link', words.disturb);
  await visitor.reads(words.control, words.allWell);
  await disturb(visitor, words, 'dva', words.otherName);
  await collect(visitor, words, 'Saskia Verhoeven');
  await visitor.reads(words.result, words.notTrusted);
  // Longer than the PGO waits for anybody.
  await visitor.open(demo.url('netwerk', '/bediening'));
  await visitor.page.getByLabel(words.wait).nth(PARTIES.indexOf('dva')).fill('12');
  await disturb(visitor, words, 'dva', words.slow);
  await visitor.open(demo.url('pgo', '/'));
  await visitor.press('button', words.collect);
  await visitor.reads(words.result, words.unreachable);
  await visitor.open(demo.url('netwerk', '/bediening'));
  await visitor.press('button', words.heal);
  await visitor.reads(words.control, words.allWell);
});

walk('the_observer_shows_the_30_steps_of_a_journey', async function observer(visitor, words) {
  await aWholeJourney();
  await visitor.open(demo.url('netwerk', '/'));
  await visitor.reads(words.network);
  const whole = visitor.page.getByRole('listitem').filter({ hasText: words.thirtySucceeded });
  await visitor.press('link', await whole.getByRole('link').first().innerText());
  await visitor.reads(words.journey, words.thirtySeen);
  assert.equal(await visitor.page.locator('li.gezien').count(), 30);
  assert.equal(await visitor.page.locator('.stand.fout').count(), 0);
});

/** Somebody has collected data; one journey is enough for all who look at it. */
let journey;
function aWholeJourney() {
  return (journey ??= (async () => {
    const screen = { lang: 'nl', device: 'desktop', walk: 'journey' };
    const visitor = await Visitor.arrive(browser, screen);
    await collect(visitor, WORDS.nl, 'Saskia Verhoeven');
    await visitor.leave();
  })());
}

test('a_second_click_and_the_back_button_do_no_harm_at_the_consent_page', async () => {
  const visitor = await Visitor.arrive(browser, { lang: 'nl', device: 'desktop', walk: 'twice' });
  const words = WORDS.nl;
  await toConsent(visitor, words, 'Saskia Verhoeven');
  for (const category of words.categories) await visitor.choose('radio', words.yes, category);
  // The second click drops what the first began, wherever that was on its way to the PGO.
  for (const path of ['/toestemming', '/toestemming-terug', '/callback', '/resultaat']) visitor.forgivesDropped(path);
  visitor.forgives(400, '/toestemming');
  await visitor.page.getByRole('button', { name: words.give, exact: true }).dblclick();
  // When the PGO had its answer before the second click came, Mitz says so, and the PGO has the data.
  const end = visitor.page.getByRole('heading', { level: 1 });
  await end.getByText(new RegExp(`^(${words.result}|${words.answeredBefore})$`)).waitFor();
  if ((await end.innerText()) === words.answeredBefore) await visitor.open(demo.url('pgo', '/resultaat'));
  await visitor.reads(words.result, words.twoOfTwo);
  await visitor.open(demo.url('toestemmingen', '/toestemming'));
  await visitor.reads(words.answeredBefore, words.firstCounts);
  await visitor.leave();
});

test('the_pages_can_be_read_in_the_other_language_by_following_a_link', async () => {
  const visitor = await Visitor.arrive(browser, { lang: 'nl', device: 'desktop', walk: 'language' });
  await visitor.open(demo.url('pgo', '/'));
  await visitor.reads(WORDS.nl.start);
  await visitor.press('link', 'English');
  visitor.lang = 'en';
  await visitor.reads(WORDS.en.start);
  await visitor.press('button', WORDS.en.collect);
  // DigiD is told nothing: there the browser speaks for itself.
  visitor.lang = 'nl';
  await visitor.reads(WORDS.nl.digid);
  await logIn(visitor, WORDS.nl, 'Saskia Verhoeven');
  // Mitz was told by the PGO, and tells its register.
  visitor.lang = 'en';
  await visitor.reads(WORDS.en.consent, WORDS.en.question, ...WORDS.en.categories);
  await consent(visitor, WORDS.en, ...WORDS.en.categories);
  await visitor.reads(WORDS.en.result);
  await visitor.press('link', WORDS.en.changeConsents);
  visitor.lang = 'nl';
  await visitor.reads(WORDS.nl.digid);
  await logIn(visitor, WORDS.nl, 'Saskia Verhoeven');
  visitor.lang = 'en';
  await visitor.reads(WORDS.en.overview, ...WORDS.en.categories);
  await visitor.leave();
});
