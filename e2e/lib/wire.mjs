// HTTPS to the hosts of the demo: names under `localhost` lead to loopback and no others lead
// anywhere, the demo's certificate authority is the only one trusted, redirects are not followed.

import { X509Certificate, createHash } from 'node:crypto';
import { Agent, fetch } from 'undici';

/** What a resolver would say: RFC 6761 §6.3. */
export function toLoopback(hostname, options, callback) {
  if (hostname !== 'localhost' && !hostname.endsWith('.localhost')) {
    callback(new Error(`${hostname} is no host of the demo`));
  } else if (options.all) {
    callback(null, [{ address: '127.0.0.1', family: 4 }]);
  } else {
    callback(null, '127.0.0.1', 4);
  }
}

/** Connections that trust `ca`, and show a certificate to whoever asks for one. */
export class Wire {
  constructor({ ca, cert, key }) {
    this.agent = new Agent({ connect: { ca, cert, key, lookup: toLoopback } });
    this.cert = cert;
    this.fetch = this.fetch.bind(this);
  }

  /** `fetch` over these connections; also for openid-client's `customFetch`. */
  fetch(url, options = {}) {
    return fetch(url, { redirect: 'manual', ...options, dispatcher: this.agent });
  }

  /** POST of a form. */
  post(url, form, headers = {}) {
    return this.fetch(url, { method: 'POST', body: new URLSearchParams(form), headers });
  }

  /** `x5t#S256` of the certificate (RFC 8705 §3.1). */
  get thumbprint() {
    const { raw } = new X509Certificate(this.cert);
    return createHash('sha256').update(raw).digest('base64url');
  }

  close() {
    return this.agent.destroy();
  }
}
