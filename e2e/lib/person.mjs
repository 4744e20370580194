// A person with a browser, as far as a program needs one: cookies, redirects, forms.
// The pages of the demo are well-formed XML, so a few expressions read them.

/** Redirects that one click may lead through; a login passes seven. */
const REDIRECTS_MAX = 20;

/** A person at a browser. */
export class Person {
  /** `wire` shows no certificate; `language` is what the browser prefers. */
  constructor(wire, { language = 'en' } = {}) {
    this.wire = wire;
    this.language = language;
    /** Cookies by host. */
    this.jar = new Map();
  }

  /** Opens a page. Stops in front of a URL that begins with `until`, which need not be served. */
  open(url, { until } = {}) {
    return this.#go(new URL(url), undefined, until);
  }

  /** Sends a form of a page, with these fields besides those that the page fills. */
  send(form, fields = {}, { until } = {}) {
    const all = new URLSearchParams([...Object.entries({ ...form.fields, ...fields })]);
    return this.#go(form.action, all, until);
  }

  async #go(start, form, until) {
    let url = start;
    let body = form;
    for (let hop = 0; hop < REDIRECTS_MAX; hop += 1) {
      const answer = await this.wire.fetch(url, this.#request(url, body));
      body = undefined;
      this.#keepCookies(url, answer);
      const location = answer.headers.get('location');
      if (answer.status < 300 || answer.status >= 400 || !location) {
        return new Page(url, answer, await answer.text());
      }
      await answer.body?.cancel();
      url = new URL(location, url);
      if (until && url.href.startsWith(until)) return url;
    }
    throw new Error(`more than ${REDIRECTS_MAX} redirects, the last to ${url.origin}`);
  }

  #request(url, body) {
    const headers = { 'accept-language': this.language };
    const cookies = [...(this.jar.get(url.host) ?? [])].map(([name, value]) => `${name}=${value}`);
    if (cookies.length > 0) headers.cookie = cookies.join('; ');
    if (body) headers.origin = url.origin;
    return { method: body ? 'POST' : 'GET', body, headers };
  }

  #keepCookies(url, answer) {
    const jar = this.jar.get(url.host) ?? new Map();
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(';');
      const cut = pair.indexOf('=');
      const [name, value] = [pair.slice(0, cut), pair.slice(cut + 1)];
      if (value === '') jar.delete(name);
      else jar.set(name, value);
    }
    this.jar.set(url.host, jar);
  }
}

/** A page that a person sees. */
export class Page {
  constructor(url, answer, html) {
    this.url = url;
    this.status = answer.status;
    this.headers = answer.headers;
    this.html = html;
  }

  /** Its heading. */
  get heading() {
    return text(/<h1>(.*?)<\/h1>/s.exec(this.html)?.[1] ?? '');
  }

  /** Everything that can be read on it. */
  get text() {
    return text(this.html);
  }

  /** The paths to which its forms lead. */
  get forms() {
    return [...this.html.matchAll(/<form [^>]*>/g)].map(([tag]) => attribute(tag, 'action'));
  }

  /** The form that leads to this path; of several, the first whose fields include `fields`. */
  form(path, fields = {}) {
    const all = [...this.html.matchAll(/(<form [^>]*>)(.*?)<\/form>/gs)]
      .filter(([, tag]) => attribute(tag, 'action') === path)
      .map(([, , inner]) => new Form(new URL(path, this.url), inner));
    const fits = (form) => Object.entries(fields).every(([name, value]) => form.fields[name] === value);
    const found = all.find(fits);
    if (!found) throw new Error(`no form for ${path} on “${this.heading}” (HTTP ${this.status})`);
    return found;
  }
}

/** A form, with what its fields hold as the page stands. */
class Form {
  constructor(action, html) {
    this.action = action;
    this.fields = {};
    /** Values that each group of radio buttons offers. */
    this.choices = {};
    this.lists = [];
    for (const [tag] of html.matchAll(/<input [^>]*>/g)) this.#take(tag);
    for (const [, tag, inner] of html.matchAll(/(<select [^>]*>)(.*?)<\/select>/gs)) {
      const selected = /<option [^>]*selected="selected"[^>]*>/.exec(inner);
      this.lists.push(attribute(tag, 'name'));
      this.fields[attribute(tag, 'name')] = selected ? attribute(selected[0], 'value') : '';
    }
  }

  #take(tag) {
    const [name, value] = [attribute(tag, 'name'), attribute(tag, 'value')];
    const type = attribute(tag, 'type');
    if (type === 'radio') (this.choices[name] ??= []).push(value);
    const counts = !['radio', 'checkbox'].includes(type) || tag.includes(' checked="checked"');
    if (counts) this.fields[name] = value;
  }

  /** Every group of radio buttons answered with `value`. */
  every(value) {
    const names = Object.keys(this.choices).filter((name) => this.choices[name].includes(value));
    return Object.fromEntries(names.map((name) => [name, value]));
  }

  /** Every drop-down list without a choice. */
  cleared() {
    return Object.fromEntries(this.lists.map((name) => [name, '']));
  }
}

function attribute(tag, name) {
  return unescape(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '');
}

function text(html) {
  return unescape(html.replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ').trim();
}

function unescape(text) {
  const named = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };
  const numbered = text.replace(/&#(\d+);/g, (_, digits) => String.fromCodePoint(Number(digits)));
  return numbered.replace(/&(lt|gt|quot|amp|#39);/g, (entity) => named[entity]);
}
