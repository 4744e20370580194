// What stands in the tokens that a client holds.

import { decodeJwt, decodeProtectedHeader } from 'jose';

/** Header and claims of a token, unverified. */
export function open(token) {
  return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
}

/** Every token of Mitz that a client can decode, by name: those of `tokens` and of userinfo. */
export function decodable(tokens, userinfo) {
  const opened = { 'access token': open(tokens.access_token), 'ID token': open(tokens.id_token) };
  opened.userinfo = { claims: userinfo };
  for (const { value, id_token: token } of userinfo.locations) {
    opened[`location token of ${value}`] = open(token);
  }
  return opened;
}

/** The places in a value, as paths, where one of the texts stands. */
export function placesOf(texts, value, at = '') {
  if (value !== null && typeof value === 'object') {
    return Object.entries(value).flatMap(([name, inner]) => [
      ...(texts.some((text) => name.includes(text)) ? [`${at}.${name}`] : []),
      ...placesOf(texts, inner, `${at}.${name}`),
    ]);
  }
  return texts.some((text) => String(value).includes(text)) ? [at] : [];
}
