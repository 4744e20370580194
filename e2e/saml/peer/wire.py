"""HTTPS to names under localhost, and a person with a browser.

Those names lead to loopback and no others lead anywhere; nothing is trusted but what a test gives.
"""

import http.client
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock
from urllib.parse import urlencode, urljoin, urlsplit

from lxml import html

from .certificates import Files

REDIRECTS_MAX = 20
"""Redirects that one click may lead through; a login passes seven."""

TIMEOUT_S = 20
"""Longest wait for an answer: a refusal of a debug build comes within one second."""


@dataclass
class Answer:
    """What came back."""

    url: str
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def page(self) -> html.HtmlElement:
        """The page, to be searched."""
        return html.document_fromstring(self.body, base_url=self.url)

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def heading(self) -> str:
        return self.page.findtext(".//h1", default="").strip()


class _Loopback(http.client.HTTPSConnection):
    """A connection to loopback under a name of the demo (RFC 6761 §6.3)."""

    def connect(self):
        if self.host != "127.0.0.1" and not self.host.endswith(".localhost"):
            raise OSError(f"{self.host} is no host of the demo")
        plain = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)


class Wire:
    """Connections that trust some authorities, and show a certificate to whoever asks for one."""

    def __init__(self, trusted: list[Path], client: Files | None = None):
        self.context = ssl.create_default_context(cafile=str(trusted[0]))
        for authority in trusted[1:]:
            self.context.load_verify_locations(str(authority))
        if client:
            self.context.load_cert_chain(client.cert, client.key)

    def send(self, method: str, url: str, body: bytes | None = None, headers=None) -> Answer:
        """One request; redirects are not followed."""
        parts = urlsplit(url)
        connection = _Loopback(parts.hostname, parts.port, timeout=TIMEOUT_S, context=self.context)
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target or "/", body, headers or {})
            answer = connection.getresponse()
            return Answer(url, answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, url: str) -> Answer:
        return self.send("GET", url)


class Person:
    """A person at a browser: cookies, redirects, forms."""

    def __init__(self, wire: Wire):
        self.wire = wire
        self.jar: dict[str, dict[str, str]] = {}
        """Cookies by host."""

    def open(self, url: str, until: str | None = None) -> Answer:
        """Opens a page. Stops in front of a URL that begins with `until`; it need not be served."""
        return self._go(url, None, until)

    def submit(self, form: html.FormElement, fields=None, until: str | None = None) -> Answer:
        """Sends a form of a page, with these fields beside or instead of those that it fills."""
        filled = {**dict(form.form_values()), **(fields or {})}
        return self.post(urljoin(form.base_url, form.action), filled, form.base_url, until)

    def post(self, url: str, fields: dict[str, str], page: str, until=None) -> Answer:
        """Sends fields to `url`, as a form on `page` does."""
        parts = urlsplit(page)
        form = _Form(urlencode(fields).encode(), f"{parts.scheme}://{parts.netloc}")
        return self._go(url, form, until)

    def cookies(self, url: str) -> dict[str, str]:
        """The cookies that this URL would get."""
        return self.jar.setdefault(urlsplit(url).netloc, {})

    def _go(self, url: str, form: "_Form | None", until: str | None) -> Answer:
        for _ in range(REDIRECTS_MAX):
            answer = self._send(url, form)
            location = answer.headers["location"]
            if answer.status not in range(300, 400) or not location:
                return answer
            url, form = urljoin(url, location), None
            if until and url.startswith(until):
                return Answer(url, answer.status, answer.headers, b"")
        raise AssertionError(f"more than {REDIRECTS_MAX} redirects")

    def _send(self, url: str, form: "_Form | None") -> Answer:
        headers = {"accept-language": "en"}
        jar = self.cookies(url)
        if jar:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        if form:
            headers["origin"] = form.origin
            headers["content-type"] = "application/x-www-form-urlencoded"
        body = form.body if form else None
        answer = self.wire.send("POST" if form else "GET", url, body, headers)
        for line in answer.headers.get_all("set-cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            if value:
                jar[name] = value
            else:
                jar.pop(name, None)
        return answer


@contextmanager
def for_requests(authority: Path) -> Iterator[None]:
    """What `requests` needs where a library makes its own connections: names under localhost lead
    to loopback and no others anywhere, and one authority is trusted."""
    look_up = socket.getaddrinfo

    def loopback(host, *arguments, **named):
        if not str(host).endswith(".localhost"):
            raise OSError(f"{host} is no host of the demo")
        return look_up("127.0.0.1", *arguments, **named)

    settings = {"REQUESTS_CA_BUNDLE": str(authority), "no_proxy": ".localhost"}
    with mock.patch.dict(os.environ, settings), mock.patch("socket.getaddrinfo", loopback):
        yield


@dataclass
class _Form:
    """A form on its way."""

    body: bytes
    origin: str
    """Of the page on which it stood."""
