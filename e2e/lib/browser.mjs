// A headless Chromium that trusts the demo, and a person in front of it with a mouse or with keys.
//
// Two things about the pages' strict policy (no script at all but the observer's own):
// - It stays in force. axe is evaluated through the DevTools protocol in an isolated world, which
//   shares the document with the page and nothing else; a policy does not bind the debugger.
// - Whatever the browser blocks because of it appears on the console, and fails the test.

import assert from 'node:assert/strict';
import { X509Certificate, createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import { results } from './demo.mjs';
import { toLoopback } from './wire.mjs';

/** One picture of every page that looks different. */
const SCREENSHOTS = path.join(results, 'screenshots');

/** WCAG 2.2 AA. */
const AXE_OPTIONS = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
  resultTypes: ['violations'],
};
/** Tab stops that are passed to reach something; the longest page has some thirty. */
const TABS_MAX = 100;

/**
 * Debian's Chromium. The demo's certificate authority vouches for every host to Node, which checks
 * chain and name; the public keys seen there are the only ones that the browser takes.
 */
export async function launch(demo, { keep = false } = {}) {
  if (!keep) fs.rmSync(SCREENSHOTS, { recursive: true, force: true });
  fs.mkdirSync(SCREENSHOTS, { recursive: true });
  const keys = await Promise.all(Object.values(demo.json.hosts).map((url) => publicKey(demo, url)));
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--host-resolver-rules=MAP *.localhost 127.0.0.1',
      `--ignore-certificate-errors-spki-list=${keys.join(',')}`,
    ],
  });
}

/** SHA-256 of the public key with which a host answers to whoever trusts the demo's authority. */
async function publicKey(demo, url) {
  const { hostname, port } = new URL(url);
  // Hosts that demand a certificate end the connection after they have shown their own.
  const socket = tls.connect({ host: hostname, port, servername: hostname, ca: demo.ca, lookup: toLoopback });
  await once(socket, 'secureConnect');
  socket.on('error', () => {});
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  const key = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

/** The width at which nothing may scroll sideways, in CSS pixels. */
const NARROW = 320;

/** What a run looks like: language, size of the window, mouse or keys, light or dark. */
export const DEVICES = {
  desktop: { viewport: { width: 1280, height: 800 }, colorScheme: 'light', hand: 'mouse' },
  phone: { viewport: { width: 360, height: 740 }, colorScheme: 'dark', hand: 'keys', isMobile: true },
};

/** Pages with which nothing was wrong, by what is on them; the same page is not examined twice. */
const examined = new Set();

/** A person in front of a browser that knows nothing yet. */
export class Visitor {
  static async arrive(browser, { lang, device, walk, ...more }) {
    const { hand, ...screen } = DEVICES[device];
    const locale = lang === 'nl' ? 'nl-NL' : 'en-GB';
    const context = await browser.newContext({ locale, ...screen, ...more });
    const visitor = new Visitor(context, await context.newPage(), { lang, device, walk });
    visitor.hand = hand === 'keys' ? new Keys(visitor) : new Mouse(visitor);
    visitor.cdp = await context.newCDPSession(visitor.page);
    return visitor;
  }

  constructor(context, page, run) {
    Object.assign(this, { context, page, ...run });
    /** What the browser complained about. */
    this.complaints = [];
    this.forgiven = [];
    this.pages = 0;
    page.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type())) return;
      const { url } = message.location();
      this.complaints.push(`${message.text()} ${url && new URL(url).pathname}`.trim());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('requestfailed', (request) => {
      const { pathname } = new URL(request.url());
      // Who leaves a page of the observer hangs up on what tells him news.
      if (!pathname.endsWith('/live')) this.complaints.push(`${pathname} failed`);
    });
  }

  open(url) {
    return this.page.goto(url);
  }

  /** Presses the button, or follows the link, of this name. */
  async press(role, name) {
    const arrived = this.page.waitForEvent('domcontentloaded');
    await this.hand.press(this.page.getByRole(role, { name, exact: true }));
    await arrived;
    await this.page.waitForLoadState('load');
  }

  /** Ticks, or chooses, what bears this label, in the group of this name if there are several. */
  choose(role, name, group) {
    const within = group ? this.page.getByRole('group', { name: group, exact: true }) : this.page;
    return this.hand.choose(within.getByRole(role, { name }));
  }

  /** Types into the field of this label, which was empty. */
  type(label, text) {
    return this.hand.type(this.page.getByLabel(label, { exact: true }), text);
  }

  /** Opens what is folded under this text. */
  async unfold(within, text) {
    await this.hand.press(within.locator('summary').filter({ hasText: text }));
  }

  /**
   * Reads the page: it has this heading and says these things, is in the right language, fits the
   * window, and neither axe nor the browser has anything to complain about.
   */
  async reads(heading, ...texts) {
    const { page } = this;
    assert.equal(await page.locator('h1').innerText(), heading);
    const shown = (await page.locator('body').innerText()).replace(/\s+/g, ' ');
    for (const text of texts) assert.ok(shown.includes(text), `“${heading}” does not say: ${text}`);
    assert.ok(shown.includes('TEST'));
    assert.equal(await page.locator('html').getAttribute('lang'), this.lang);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= page.viewportSize().width, `“${heading}” is ${width} pixels wide`);
    assert.deepEqual(this.unforgiven, []);
    const same = await this.#sameness();
    if (examined.has(same)) return;
    await this.#screenshot();
    if (this.hand instanceof Mouse) await this.#reflows(heading);
    await this.#examine(heading);
    assert.deepEqual(this.unforgiven, []);
    examined.add(same);
  }

  async #screenshot() {
    this.pages += 1;
    const { hostname } = new URL(this.page.url());
    const place = hostname.replace('.localhost', '');
    const name = `${this.walk}-${this.lang}-${this.device}-${String(this.pages).padStart(2, '0')}-${place}.png`;
    await this.page.screenshot({ path: path.join(SCREENSHOTS, name), fullPage: true });
  }

  /** WCAG 2.2 1.4.10: a desktop window at 400 % is 320 pixels wide, and nothing scrolls sideways. */
  async #reflows(heading) {
    const { page } = this;
    const usual = page.viewportSize();
    await page.setViewportSize({ width: NARROW, height: usual.height });
    const wide = await page.evaluate(whatIsWiderThanTheWindow);
    await page.setViewportSize(usual);
    assert.deepEqual(wide, [], `“${heading}” at ${NARROW} pixels`);
  }

  async #examine(heading) {
    const { frameTree } = await this.cdp.send('Page.getFrameTree');
    const { executionContextId: contextId } = await this.cdp.send('Page.createIsolatedWorld', {
      frameId: frameTree.frame.id,
      worldName: 'axe',
    });
    const evaluate = async (expression) => {
      const { result, exceptionDetails } = await this.cdp.send('Runtime.evaluate', {
        contextId,
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      assert.equal(exceptionDetails, undefined);
      return result.value;
    };
    await evaluate(`${axe.source}; undefined`);
    const { violations } = await evaluate(`axe.run(document, ${JSON.stringify(AXE_OPTIONS)})`);
    const found = violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`));
    assert.deepEqual(found, [], `axe on “${heading}”`);
  }

  /** What is on the page, without the numbers that differ at every visit. */
  async #sameness() {
    const html = (await this.page.content())
      .replace(/ (value|href)="[^"]*"/g, '')
      .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '')
      // The code that a device shows now.
      .replace(/>\d{6}</g, '><');
    return `${this.lang} ${this.device} ${html}`;
  }

  /** The browser calls a page that comes with an error a resource that failed: here it may. */
  forgives(status, path) {
    this.forgiven.push(`the server responded with a status of ${status} () ${path}`);
  }

  /** A browser drops the answer to the first of two clicks. */
  forgivesDropped(path) {
    this.forgiven.push(`${path} failed`);
  }

  /** What the browser complained about, and nobody forgives. */
  get unforgiven() {
    return this.complaints.filter((complaint) => !this.forgiven.some((known) => complaint.includes(known)));
  }

  leave() {
    return this.context.close();
  }
}

/** Somebody who points. */
class Mouse {
  press(target) {
    return target.click();
  }

  choose(target) {
    return target.check();
  }

  async type(target, text) {
    await target.click();
    await target.pressSequentially(text);
  }
}

/** Somebody who has Tab, Space, Enter and the arrows, and must see where he is. */
class Keys {
  constructor({ page }) {
    this.page = page;
  }

  async press(target) {
    await this.#reach(target);
    await this.page.keyboard.press('Enter');
  }

  async choose(target) {
    const kind = await target.getAttribute('type');
    if (kind === 'radio') return this.#chooseRadio(target);
    await this.#reach(target);
    return this.page.keyboard.press('Space');
  }

  async type(target, text) {
    await this.#reach(target);
    await this.page.keyboard.type(text);
  }

  /** A group of radio buttons is one stop of Tab; the arrows go on inside it and choose. */
  async #chooseRadio(target) {
    const name = await target.getAttribute('name');
    const group = this.page.locator(`input[type="radio"][name="${name}"]`);
    await this.#tabUntil(() => this.#focusIsIn(group));
    await this.page.keyboard.press('Space');
    for (let left = await group.count(); !(await target.isChecked()); left -= 1) {
      assert.ok(left > 0, 'the arrows do not reach the choice');
      await this.page.keyboard.press('ArrowDown');
    }
  }

  async #reach(target) {
    await target.waitFor();
    await this.#tabUntil(() => this.#focusIsIn(target));
  }

  async #tabUntil(isThere) {
    for (let tabs = 0; !(await isThere()); tabs += 1) {
      assert.ok(tabs < TABS_MAX, `Tab does not reach it on ${new URL(this.page.url()).pathname}`);
      await this.page.keyboard.press('Tab');
      const unseen = await this.page.evaluate(focusThatCannotBeSeen);
      assert.equal(unseen, null);
    }
  }

  #focusIsIn(locator) {
    return locator.evaluateAll((all) => all.includes(document.activeElement));
  }
}

/** In the page: what reaches beyond the right edge, when there is anything to scroll to. */
function whatIsWiderThanTheWindow() {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const beyond = [...document.querySelectorAll('body *')].filter(
    (element) => element.getBoundingClientRect().right > clientWidth,
  );
  return [`${scrollWidth} > ${clientWidth}`, ...beyond.map((element) => element.outerHTML.slice(0, 120))];
}

/** In the page: what has the focus without showing it, on itself or its label, inside the window. */
function focusThatCannotBeSeen() {
  const focused = document.activeElement;
  if (focused === document.body || focused === null) return null;
  const isOutlined = (element) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  };
  const box = focused.getBoundingClientRect();
  const isInside = box.bottom > 0 && box.top < window.innerHeight && box.right > 0 && box.left < window.innerWidth;
  const shows = [focused, ...(focused.labels ?? [])].some(isOutlined);
  return shows && isInside ? null : focused.outerHTML.slice(0, 200);
}
