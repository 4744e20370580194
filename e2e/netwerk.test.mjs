// People at the observer: the picture, a journey with its messages and refusals, news while they look,
// and what they can take along. The test tells what happened, as a party does, with that party's key.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Visitor, DEVICES, launch } from './lib/browser.mjs';
import { Demo } from './lib/demo.mjs';
import { Wire } from './lib/wire.mjs';

/** What the pages say. */
const WORDS = {
  nl: {
    network: 'Wat er in het netwerk gebeurt',
    picture: 'Het netwerk in beeld',
    outOfOrder: 'Buiten bedrijf',
    asList: 'Het netwerk als lijst',
    speaks: 'Spreekt met: mitz, dva, dva2, stelselnode',
    journey: 'Een reis in 30 stappen',
    refusals: 'Weigeringen',
    requirement: 'Eis: RFC 7636 §4.6',
    asks: 'Wat de specificatie vraagt',
    release: 'Uitgave: September 2015',
    live: 'Deze pagina is live.',
    notLive: 'Deze pagina is niet live.',
    reload: 'Opnieuw laden',
    svg: 'Het diagram als SVG',
    har: 'De berichten als HAR',
    loose: 'Losse berichten',
    toldBy: 'Verteld door',
    show: 'Tonen',
    none: 'Er zijn geen losse berichten.',
  },
  en: {
    network: 'What happens in the network',
    picture: 'The network as a picture',
    outOfOrder: 'Out of service',
    asList: 'The network as a list',
    speaks: 'Speaks with: mitz, dva, dva2, stelselnode',
    journey: 'A journey in 30 steps',
    refusals: 'Refusals',
    requirement: 'Requirement: RFC 7636 §4.6',
    asks: 'What the specification asks',
    release: 'Release: September 2015',
    live: 'This page is live.',
    notLive: 'This page is not live.',
    reload: 'Reload',
    svg: 'The diagram as SVG',
    har: 'The messages as HAR',
    loose: 'Loose messages',
    toldBy: 'Told by',
    show: 'Show',
    none: 'There are no loose messages.',
  },
};

let demo;
let wire;
let browser;

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

/** Tells the observer something, as Mitz does. */
async function tell(where, ...items) {
  const key = fs.readFileSync(path.join(demo.state, 'sightings', 'mitz.1.key')).toString('base64url');
  const answer = await wire.fetch(demo.url('netwerk', where), {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(items.map((item) => ({ party: 'mitz', ...item }))),
  });
  assert.equal(answer.status, 200);
}

const seen = (trace_id, step, ok = true) => ({
  trace_id, step, ok, peer: 'pgo.localhost', note: 'told by a test', time: 1795305600,
});

/** A journey whose token request was refused. */
async function aRefusedJourney() {
  const trace = randomUUID();
  await tell('/sightings', seen(trace, 8), seen(trace, 9, false));
  await tell('/berichten', message(trace));
  await tell('/weigeringen', {
    trace_id: trace,
    requirement: 'RFC 7636 §4.6',
    reason: 'the code_verifier is another one',
    who: 'pgo.localhost',
    time: 1795305600,
  });
  return trace;
}

const message = (trace_id) => ({
  trace_id,
  richting: 'ontvangen',
  peer: 'pgo.localhost',
  method: 'POST',
  url: demo.url('mitz-back', '/token'),
  query: null,
  request: {
    headers: [['content-type', 'application/x-www-form-urlencoded']],
    media_type: 'application/x-www-form-urlencoded',
    bytes: 120,
    velden: { grant_type: 'authorization_code', code: '***', code_verifier: '***' },
    xml: null,
  },
  status: 400,
  response: {
    headers: [['content-type', 'application/json']],
    media_type: 'application/json',
    bytes: 30,
    velden: { error: 'invalid_grant', note: '<b>text</b>' },
    xml: null,
  },
  begonnen_ms: 1795305600123,
  duur_ms: 12,
});

walk('the_observer_draws_the_network_and_says_the_same_in_a_list', async function picture(visitor, words) {
  await wire.fetch(demo.url('netwerk', '/control/parties/dva2'), {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ trouble: 'down' }),
  });
  await visitor.open(demo.url('netwerk', '/'));
  await visitor.page.getByText(words.live, { exact: true }).waitFor();
  await visitor.reads(words.network, words.picture);
  const drawn = visitor.page.getByRole('img', { name: words.picture, exact: true });
  assert.equal(await drawn.locator('rect').count(), 9);
  assert.equal(await drawn.locator('rect.weg').count(), 1);
  await visitor.unfold(visitor.page.locator('main'), words.asList);
  await visitor.reads(words.network, words.speaks, words.outOfOrder);
});

walk('a_refused_journey_shows_its_messages_and_what_the_specification_asks', async function refused(visitor, words) {
  const trace = await aRefusedJourney();
  await visitor.open(demo.url('netwerk', `/reizen/${trace}`));
  await visitor.page.getByText(words.live, { exact: true }).waitFor();
  await visitor.reads(words.journey, words.refusals, 'the code_verifier is another one');
  assert.equal(await visitor.page.locator('svg.diagram a.mislukt').count(), 1);
  assert.equal(await visitor.page.locator('svg.diagram a').count(), 30);
  await visitor.unfold(visitor.page.locator('#stap-8'), '/token');
  await visitor.reads(words.journey, '"grant_type": "authorization_code"', '"note": "<b>text</b>"');
  await visitor.press('link', words.requirement);
  await visitor.reads(words.asks, 'RFC 7636 §4.6', words.release);
});

walk('a_page_that_is_open_follows_the_journey_and_keeps_what_is_open', async function live(visitor, words) {
  const trace = await aRefusedJourney();
  await visitor.open(demo.url('netwerk', `/reizen/${trace}`));
  await visitor.page.getByText(words.live, { exact: true }).waitFor();
  await visitor.unfold(visitor.page.locator('#stap-8'), '/token');
  await tell('/sightings', seen(trace, 10));
  await visitor.page.locator('#stap-10.gezien').waitFor();
  assert.equal(await visitor.page.locator('#stap-8 details[open]').count(), 1);
  const focused = () => visitor.page.evaluate(() => document.activeElement.tagName);
  if (visitor.device === 'phone') assert.equal(await focused(), 'SUMMARY');
  // The first page hears of it too.
  await visitor.open(demo.url('netwerk', '/'));
  await visitor.page.getByText(words.live, { exact: true }).waitFor();
  const other = await aRefusedJourney();
  await visitor.page.locator(`a[href="/reizen/${other}"]`).waitFor();
  await visitor.reads(words.network);
});

walk('messages_of_no_journey_stand_apart_by_party', async function loose(visitor, words) {
  const trace = randomUUID();
  await tell('/berichten', message(trace));
  await visitor.open(demo.url('netwerk', '/berichten'));
  await visitor.reads(words.loose, '/token');
  await visitor.page.getByLabel(words.toldBy, { exact: true }).selectOption('lokalisatie');
  await visitor.press('button', words.show);
  assert.match(visitor.page.url(), /\?partij=lokalisatie$/);
  await visitor.reads(words.loose);
  assert.equal(await visitor.page.locator('summary').filter({ hasText: '/token' }).count(), 0);
});

test('a_journey_is_taken_along_as_a_picture_and_as_an_archive', async () => {
  const trace = await aRefusedJourney();
  const visitor = await Visitor.arrive(browser, { lang: 'en', device: 'desktop', walk: 'download' });
  await visitor.open(demo.url('netwerk', `/reizen/${trace}`));
  for (const [link, name] of [[WORDS.en.svg, 'svg'], [WORDS.en.har, 'har']]) {
    const [download] = await Promise.all([
      visitor.page.waitForEvent('download'),
      visitor.page.getByRole('link', { name: link, exact: true }).click(),
    ]);
    assert.equal(download.suggestedFilename(), `reis-${trace}.${name}`);
    const text = fs.readFileSync(await download.path(), 'utf8');
    if (name === 'svg') assert.match(text, /^<svg xmlns=/);
    else assert.equal(JSON.parse(text).log.entries[0]._requirement[0], 'RFC 7636 §4.6');
  }
  await visitor.leave();
});

test('without_script_a_page_says_that_it_is_not_live_and_how_to_reload', async () => {
  const trace = await aRefusedJourney();
  const arrival = { lang: 'nl', device: 'desktop', walk: 'scriptless', javaScriptEnabled: false };
  const visitor = await Visitor.arrive(browser, arrival);
  await visitor.open(demo.url('netwerk', `/reizen/${trace}`));
  assert.ok(await visitor.page.getByText(WORDS.nl.notLive, { exact: true }).isVisible());
  await tell('/sightings', seen(trace, 10));
  await visitor.press('link', WORDS.nl.reload);
  assert.equal(await visitor.page.locator('#stap-10.gezien').count(), 1);
  await visitor.leave();
});
