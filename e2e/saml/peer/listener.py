"""A loopback address with TLS, on a port of its own."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .certificates import Files


class Listener:
    """Serves from `start` to `close`; the handler finds `owner` as its own."""

    def __init__(self, handler: type["Handler"], owner, files: Files, *, asks_certificate=False):
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(files.cert, files.key)
        if asks_certificate:
            self._tls.verify_mode = ssl.CERT_REQUIRED
        bound = type(handler.__name__, (handler,), {"owner": owner})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
        self._server.daemon_threads = True
        self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.port = self._server.server_address[1]

    def trust_clients(self, authority: Path):
        self._tls.load_verify_locations(str(authority))

    def start(self):
        self._thread.start()

    def close(self):
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    owner = None

    def log_message(self, *_):
        """Nothing: a query holds messages."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def reply(self, status: int, headers: dict[str, str], body: bytes = b""):
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
