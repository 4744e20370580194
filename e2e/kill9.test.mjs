// kill -9 in the middle of refreshes, twice, and a start on what was left: what was answered holds,
// and nothing that can be used once is good twice.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Demo, freePorts, inputFolder, temporaryFolder } from './lib/demo.mjs';
import { overview } from './lib/login.mjs';
import { Client } from './lib/openid.mjs';
import { Wire } from './lib/wire.mjs';

const CLIENT_IDS = ['openidclient.localhost', 'tweede.localhost'];
/** Refreshes that every family has behind it when the demo is killed. */
const REFRESHES_MIN = 5;
/** Longest wait for that. */
const BUSY_MS_MAX = 60_000;

const input = inputFolder({ clients: CLIENT_IDS });
const state = temporaryFolder('kill9');
let port;
let demo;
let front;
let clients;
let families;

before(async () => {
  [port] = await freePorts(1);
  await start();
  families = [];
  for (const [at, client] of clients.entries()) {
    for (const { bsn } of demo.json.people) {
      families.push(new Family(at, bsn, await client.tokens(front, bsn)));
    }
  }
});

after(async () => {
  await hangUp();
  await demo?.stop();
});

async function start() {
  demo = await Demo.start({ port, state, input });
  front = new Wire({ ca: demo.ca });
  clients = await Promise.all(CLIENT_IDS.map((id) => Client.discover(demo, id)));
}

async function hangUp() {
  await Promise.all([front, ...(clients ?? [])].map((open) => open?.close()));
}

/** The refresh tokens of one grant, and what became of each. */
class Family {
  constructor(at, bsn, tokens) {
    /** Which of the clients: they connect anew at every start. */
    this.at = at;
    this.bsn = bsn;
    /** Offered, and answered with others: each must be dead from that answer on. */
    this.spent = [];
    /** Offered, and not answered. */
    this.inDoubt = undefined;
    this.take(tokens);
  }

  get client() {
    return clients[this.at];
  }

  take(tokens) {
    this.last = tokens.refresh_token;
    this.accessToken = tokens.access_token;
  }

  /** Offers the last token that was answered; takes what comes for it. */
  async refresh() {
    const offered = this.last;
    this.inDoubt = offered;
    const tokens = await this.client.refresh(offered);
    this.inDoubt = undefined;
    this.spent.push(offered);
    this.take(tokens);
  }

  /** Refreshes until an answer stays away. */
  async refreshUntilCutOff() {
    for (;;) {
      try {
        await this.refresh();
      } catch (error) {
        assert.ok(isCutOff(error), error);
        return;
      }
    }
  }

  /** Refreshes until it is told to rest; then its last token was answered and never offered. */
  async refreshUntil(rest) {
    while (!rest.now) await this.refresh();
  }

  async assertDead(token) {
    await assert.rejects(this.client.refresh(token), { error: 'invalid_grant', status: 400 });
  }

  userinfo() {
    return this.client.userinfo({ access_token: this.accessToken });
  }
}

/** The connection ended before an answer came: no status, no OAuth error. */
function isCutOff(error) {
  return error.status === undefined && error.error === undefined;
}

/**
 * Kills the demo while all families refresh. Those of `resting` have just had an answer, and offered
 * nothing since; the others are cut off with an offer on its way.
 */
async function killWhileRefreshing(resting, cutOff) {
  const rest = { now: false };
  const resters = Promise.all(resting.map((family) => family.refreshUntil(rest)));
  const others = Promise.all(cutOff.map((family) => family.refreshUntilCutOff()));
  const all = [...resting, ...cutOff];
  const until = Date.now() + BUSY_MS_MAX;
  while (all.some(({ spent }) => spent.length < REFRESHES_MIN)) {
    assert.ok(Date.now() < until, 'the refreshes take too long');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  rest.now = true;
  await resters;
  // The last answer to a resting family arrived this moment, and the others go on.
  assert.ok(cutOff.some(({ inDoubt }) => inDoubt), 'nothing was under way');
  await demo.kill();
  await others;
  await hangUp();
  for (const { spent, inDoubt } of resting) assert.ok(spent.length >= REFRESHES_MIN && !inDoubt);
  for (const { inDoubt } of cutOff) assert.ok(inDoubt);
}

/** Every second one. */
const everySecond = (all, first) => all.filter((_, index) => index % 2 === first);

/**
 * What must hold after a start on the same state. Spends half of the resting families and all that
 * were cut off; gives those that go on.
 */
async function assertHolds(resting, cutOff) {
  const [goOn, spentAgain] = [everySecond(resting, 0), everySecond(resting, 1)];
  for (const family of goOn) {
    // Access token, grant and consent: the register is asked for the locations.
    const { locations } = await family.userinfo();
    assert.deepEqual(locations.length, family.locations);
    await family.refresh();
  }
  for (const family of spentAgain) {
    // The newest spent token first: it would be good again if the last rotation had been lost.
    await family.assertDead(family.spent.at(-1));
    for (const token of [...family.spent, family.last]) await family.assertDead(token);
  }
  for (const family of cutOff) {
    // Nobody knows whether the offer came before the end; it is good once at most.
    await family.refresh().catch((error) => assert.equal(error.error, 'invalid_grant'));
    for (const token of [...family.spent].reverse()) await family.assertDead(token);
    await family.assertDead(family.last);
  }
  return goOn;
}

/** The consents that a person sees at the register. */
async function assertConsents(families) {
  const seen = new Map();
  for (const { bsn, at } of families) {
    seen.set(bsn, [...(seen.get(bsn) ?? []), `PGO ${CLIENT_IDS[at].split('.')[0]}`]);
  }
  for (const [bsn, organisations] of seen) {
    const { page } = await overview(demo, front, bsn);
    for (const organisation of organisations) assert.ok(page.text.includes(organisation));
  }
}

test('after_kill_9_in_the_middle_of_refreshes_grants_and_consents_hold_and_no_token_is_good_twice', async () => {
  for (const family of families) family.locations = (await family.userinfo()).locations.length;
  const everybody = [...families];

  let [resting, cutOff] = [everySecond(families, 0), everySecond(families, 1)];
  await killWhileRefreshing(resting, cutOff);
  await start();
  const left = await assertHolds(resting, cutOff);
  await assertConsents(everybody);

  for (const family of left) family.spent = [];
  [resting, cutOff] = [left.slice(1), left.slice(0, 1)];
  await killWhileRefreshing(resting, cutOff);
  await start();
  assert.ok((await assertHolds(resting, cutOff)).length > 0);
  await assertConsents(everybody);

  // A grant of before both kills ends as any other: at once, with its tokens.
  const [survivor] = resting;
  await survivor.refresh();
  await survivor.assertDead(survivor.spent.at(-1));
  await survivor.assertDead(survivor.last);
});

test('after_kill_9_a_code_that_was_redeemed_is_spent_and_one_that_was_not_is_good_once', async () => {
  const [client] = clients;
  const redeemed = await client.authorized(front, demo.bsn('Saskia'));
  const kept = await client.authorized(front, demo.bsn('Joost'));
  const tokens = await client.redeem(redeemed);
  await demo.kill();
  await hangUp();
  await start();
  const again = clients[0];
  await assert.rejects(again.redeem(redeemed), { error: 'invalid_grant' });
  await assert.rejects(again.refresh(tokens.refresh_token), { error: 'invalid_grant' });
  assert.ok(await again.redeem(kept));
  await assert.rejects(again.redeem(kept), { error: 'invalid_grant' });
});
