// Starts the demo, waits until it is ready, and ends it in whichever way a test asks for.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? path.join(repository, 'target');

/** The program under test: `SLUIS`, or what `cargo build` left. */
export const sluis = process.env.SLUIS ?? path.join(target, 'debug', 'sluis');

/** Where results are left: screenshots, for one. */
export const results = path.join(repository, 'target', 'e2e');

/** Longest start that is waited for: a busy machine with a debug build needs some seconds. */
const START_MS_MAX = 30_000;
/** Longest stop: running requests may finish. */
const STOP_MS_MAX = 15_000;

/** What must be gone when the tests of a file are over. */
const leftovers = { children: new Set(), folders: new Set() };
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
process.on('exit', () => {
  for (const child of leftovers.children) child.kill('SIGKILL');
  for (const folder of leftovers.folders) fs.rmSync(folder, { recursive: true, force: true });
});

/** A new folder that goes when the process does. */
export function temporaryFolder(name) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `sluis-e2e-${name}-`));
  leftovers.folders.add(folder);
  return folder;
}

/**
 * An `--input` folder: the sample, with more clients of the PGO's kind, and whatever `change` does
 * to a file. `change` maps a file's name to a function from what it says to what it shall say.
 */
export function inputFolder({ clients = [], change = {} } = {}) {
  const folder = temporaryFolder('input');
  fs.cpSync(path.join(repository, 'sample'), folder, { recursive: true });
  const added = clients.map((client_id) => ({
    client_id,
    organisation: `PGO ${client_id.split('.')[0]}`,
    auth: 'tls_client_auth',
    redirect_uris: [`https://${client_id}:{port}/callback`],
  }));
  const changes = { 'clients.json': (known) => [...known, ...added], ...change };
  for (const [name, changed] of Object.entries(changes)) {
    const file = path.join(folder, name);
    fs.writeFileSync(file, JSON.stringify(changed(JSON.parse(fs.readFileSync(file, 'utf8')))));
  }
  return folder;
}

/** Ports that nobody listens on now. */
export async function freePorts(number) {
  const servers = Array.from({ length: number }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** A demo that serves. */
export class Demo {
  /**
   * Starts one and waits for its `demo.json`.
   * `port` 0 takes a free one; `args` are further arguments of `sluis demo`.
   */
  static async start({ port = 0, state = temporaryFolder('state'), input, args = [] } = {}) {
    const all = ['demo', '--port', String(port), '--state', state, ...args];
    if (input) all.push('--input', input);
    const child = spawn(sluis, all, { stdio: ['ignore', 'pipe', 'pipe'] });
    const demo = new Demo(child, state);
    await demo.#ready();
    return demo;
  }

  constructor(child, state) {
    this.child = child;
    this.state = state;
    /** Everything that it printed. */
    this.output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.output += text));
    }
    leftovers.children.add(child);
    this.ended = once(child, 'exit').then(([code, signal]) => {
      leftovers.children.delete(child);
      return { code, signal };
    });
    this.ended.catch(() => {});
  }

  async #ready() {
    const until = Date.now() + START_MS_MAX;
    while (Date.now() < until) {
      const told = this.#told();
      if (told) {
        this.json = told;
        this.ca = fs.readFileSync(told.ca_file, 'utf8');
        return;
      }
      if (this.child.exitCode !== null) break;
      await sleep(20);
    }
    this.child.kill('SIGKILL');
    throw new Error(`the demo did not start:\n${this.output}`);
  }

  /**
   * What this process wrote of itself: `demo.json`, or a file of its own (`demo-mitz.json`) when
   * another part of the network wrote that. One that was killed leaves its file behind.
   */
  #told() {
    const names = fs.existsSync(this.state) ? fs.readdirSync(this.state) : [];
    const files = names.filter((name) => /^demo(-[\w-]+)?\.json$/.test(name));
    const read = (name) => JSON.parse(fs.readFileSync(path.join(this.state, name), 'utf8'));
    return files.map(read).find((told) => told.ready && told.pid === this.child.pid);
  }

  /** The base URL of a host: `url('mitz')`, or of a path there. */
  url(host, rest = '') {
    return this.json.hosts[host] + rest;
  }

  /** The BSN of somebody of the sample, by given name. */
  bsn(name) {
    const found = this.json.people.find((person) => person.name.split(' ')[0] === name);
    if (!found) throw new Error(`nobody of the sample is called ${name}`);
    return found.bsn;
  }

  /** What is known of a client, with its certificate and key. */
  client(clientId) {
    const client = this.json.clients.find((known) => known.client_id === clientId);
    return {
      ...client,
      cert: fs.readFileSync(client.cert_file, 'utf8'),
      key: fs.readFileSync(client.key_file, 'utf8'),
    };
  }

  /** Certificate and key of a party as a client of others: `party('dva', 'dva-back')`. */
  party(party, host) {
    const read = (kind) =>
      fs.readFileSync(path.join(this.state, party, `client-${host}.localhost.${kind}`), 'utf8');
    return { cert: read('pem'), key: read('key') };
  }

  /** Asks it to stop; running requests finish. */
  async stop() {
    this.child.kill('SIGTERM');
    const late = sleep(STOP_MS_MAX, 'late', { ref: false });
    if ((await Promise.race([this.ended, late])) === 'late') this.child.kill('SIGKILL');
    return this.ended;
  }

  /** kill -9. */
  async kill() {
    this.child.kill('SIGKILL');
    return this.ended;
  }
}
