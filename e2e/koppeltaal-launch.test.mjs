// People with a browser: they open tasks at the portal, log in at the IdP, and do them in the module,
// in both languages, with a mouse at a desktop and with keys alone at 360 pixels.

import { after, before, test } from 'node:test';
import { DEVICES, Visitor, launch } from './lib/browser.mjs';
import { Demo } from './lib/demo.mjs';

/** What the pages say. */
const WORDS = {
  nl: {
    tasks: 'Taken',
    open: 'Openen',
    ready: 'De taak staat klaar',
    toModule: 'Naar de module',
    logIn: 'Inloggen',
    notReal: 'Deze mensen bestaan niet.',
    cancel: 'Annuleren',
    task: 'Uw taak',
    loggedInAs: 'U bent ingelogd als Anna Voorbeeld, Patient/',
    finish: 'Taak afronden',
    done: 'Deze taak is klaar.',
    toPortal: 'Naar het portaal',
    completed: 'Afgerond',
    notLoggedIn: 'U bent niet ingelogd',
    refused: 'U kunt deze taak niet openen',
    ofAnother: 'U bent ingelogd, maar deze taak is van iemand anders.',
    begin: 'Open uw taak in het portaal',
  },
  en: {
    tasks: 'Tasks',
    open: 'Open',
    ready: 'The task is ready',
    toModule: 'To the module',
    logIn: 'Log in',
    notReal: 'These people do not exist.',
    cancel: 'Cancel',
    task: 'Your task',
    loggedInAs: 'You are logged in as Anna Voorbeeld, Patient/',
    finish: 'Complete the task',
    done: 'This task is done.',
    toPortal: 'To the portal',
    completed: 'Completed',
    notLoggedIn: 'You are not logged in',
    refused: 'You cannot open this task',
    ofAnother: 'You are logged in, but this task belongs to somebody else.',
    begin: 'Open your task in the portal',
  },
};

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

/** The portal's page, once the sample is there: its applications make it after the start. */
async function toPortal(visitor, task) {
  const url = demo.url('portaal', '/');
  for (let tries = 0; tries < 60; tries += 1) {
    const answer = await visitor.open(url);
    if (answer.ok() && (await visitor.page.getByText(task).count()) > 0) return;
    visitor.forgives(answer.status(), '/');
    await visitor.page.waitForTimeout(500);
  }
  throw new Error(`no task ${task} at the portal`);
}

/** Opens a task, and goes on to the page of the IdP. */
async function toIdp(visitor, words, task) {
  await toPortal(visitor, task);
  await visitor.reads(words.tasks);
  await visitor.press('button', `${words.open} ${task}`);
  await visitor.reads(words.ready);
  await visitor.press('button', words.toModule);
  await visitor.reads(words.logIn, words.notReal);
}

walk('koppeltaal_case_106_a_patient_opens_a_task_and_finishes_it', async function finishes(visitor, words) {
  await toIdp(visitor, words, 'Rustig ademen (Anna Voorbeeld)');
  await visitor.choose('radio', 'Anna Voorbeeld');
  await visitor.press('button', words.logIn);
  await visitor.reads(words.task, 'Rustig ademen', words.loggedInAs);
  // Whoever came here before in another walk has finished it.
  if ((await visitor.page.getByRole('button', { name: words.finish }).count()) > 0) {
    await visitor.press('button', words.finish);
  }
  await visitor.reads(words.task, words.done);
  await visitor.press('link', words.toPortal);
  await visitor.reads(words.tasks, words.completed);
});

walk('koppeltaal_case_102_who_is_somebody_else_opens_nothing', async function refused(visitor, words) {
  await toIdp(visitor, words, 'Beter slapen (Bas Proefman)');
  await visitor.choose('radio', 'Anna Voorbeeld');
  visitor.forgives(403, '/api/v1/d1/oauth2/idp/callback');
  await visitor.press('button', words.logIn);
  await visitor.reads(words.refused, words.ofAnother);
});

walk('koppeltaal_md_4_5_who_cancels_is_told_so', async function cancels(visitor, words) {
  await toIdp(visitor, words, 'Beter slapen (Dirk Voorbeeld)');
  await visitor.press('button', words.cancel);
  await visitor.reads(words.notLoggedIn);
});

walk('the_module_without_a_launch_leads_to_the_portal', async function begins(visitor, words) {
  await visitor.open(demo.url('module', '/'));
  await visitor.reads(words.begin);
});
