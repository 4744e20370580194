"""A demo whose domain has a FHIR server of another make, and applications with keys of their own."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from fhirpy import SyncFHIRClient
from joserfc.jwk import ECKey, KeySet, RSAKey

from peer.demo import Demo

HERE = Path(__file__).resolve().parent.parent

EPD, PORTAAL, MODULE = (f"0a000000-0000-4000-8000-{number:012x}" for number in (1, 2, 3))
"""The applications of the domain."""

ALGORITHMS = {EPD: "RS384", PORTAAL: "ES384", MODULE: "ES256"}
"""What each signs with."""

ORIGIN = "http://koppeltaal.nl/fhir/StructureDefinition/resource-origin"

ROLES = {
    "EPD": {"Patient": {"create": "own", "read": "own", "update": "own"}},
    "Portaal": {
        "Patient": {"read": "all"},
        "Task": {"create": "own", "read": "own", "update": "own"},
    },
    "Module": {
        "Patient": {"read": "granted"},
        "Task": {"create": "own", "read": "granted", "update": "granted"},
    },
}


def resolve_localhost():
    """Names under localhost are this machine (RFC 6761 §6.3), which not every resolver knows."""
    system = socket.getaddrinfo

    def resolve(host, *rest, **named):
        name = host.decode() if isinstance(host, bytes) else host
        is_here = isinstance(name, str) and name.endswith(".localhost")
        return system("127.0.0.1" if is_here else host, *rest, **named)

    socket.getaddrinfo = resolve


resolve_localhost()


class Keys:
    """Shows the key set of each application, without TLS, on a port of this machine."""

    def __init__(self, keys):
        sets = {f"/{name}": KeySet([key]).as_dict(private=False) for name, key in keys.items()}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                shown = sets.get(self.path)
                body = json.dumps(shown).encode()
                self.send_response(200 if shown else 404)
                self.send_header("content-type", "application/json")
                self.send_header("cache-control", "max-age=60")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class Medplum:
    """A FHIR server of another make, empty at its start."""

    def __init__(self, *arguments):
        self._process = subprocess.Popen(
            ["node", "medplum.mjs", *arguments], cwd=HERE, stdout=subprocess.PIPE, text=True
        )
        self.base = f"http://127.0.0.1:{self._process.stdout.readline().strip()}/fhir"

    def stop(self):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()


class DomainCase(unittest.TestCase):
    """One domain for all tests of a class."""

    medplum_arguments: tuple[str, ...] = ()

    @classmethod
    def setUpClass(cls):
        cls.keys = {
            EPD: RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True),
            PORTAAL: ECKey.generate_key("P-384", {"use": "sig"}, auto_kid=True),
            MODULE: ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True),
        }
        cls.addClassCleanup(setattr, cls, "keys", None)
        cls.shown = Keys(cls.keys)
        cls.addClassCleanup(cls.shown.stop)
        cls.medplum = Medplum(*cls.medplum_arguments)
        cls.addClassCleanup(cls.medplum.stop)
        folder = Path(tempfile.mkdtemp(prefix="sluis-e2e-koppeltaal-"))
        cls.addClassCleanup(shutil.rmtree, folder)
        (folder / "koppeltaal.json").write_text(json.dumps(cls.declaration()))
        cls.demo = Demo(folder)
        cls.addClassCleanup(cls.demo.stop)
        os.environ["REQUESTS_CA_BUNDLE"] = str(cls.demo.authority)
        cls.base = cls.demo.url("koppeltaal", "/api/v1/d1")
        cls.fhir = cls.base + "/fhir/r4"

    @classmethod
    def declaration(cls):
        def application(client_id, name, role, **more):
            return {
                "client_id": client_id,
                "name": name,
                "status": "approved",
                "jwks_uri": f"http://127.0.0.1:{cls.shown.port}/{client_id}",
                "role": role,
                **more,
            }

        return {
            "schema_version": 1,
            "domain": "d1",
            "service": "0a000000-0000-4000-8000-0000000000ff",
            "fhir": {"upstream": cls.medplum.base},
            "applications": [
                application(EPD, "EPD", "EPD"),
                application(PORTAAL, "Portaal", "Portaal"),
                application(MODULE, "Module", "Module", granted=[PORTAAL]),
            ],
            "roles": ROLES,
        }

    def discovered(self):
        """What the domain says of itself."""
        session = OAuth2Session()
        answer = session.get(f"{self.fhir}/.well-known/smart-configuration", withhold_token=True)
        self.assertEqual(answer.status_code, 200)
        return answer.json()

    def token(self, client_id, scope=None):
        """A token, as Authlib asks for one."""
        key = self.keys[client_id]
        endpoint = self.discovered()["token_endpoint"]
        session = OAuth2Session(
            client_id, key, token_endpoint_auth_method="private_key_jwt", scope=scope
        )
        proof = PrivateKeyJWT(
            endpoint,
            # Authlib's own hour is longer than Koppeltaal's five minutes.
            claims={"exp": int(time.time()) + 300},
            headers={"kid": key.kid, "typ": "JWT"},
            alg=ALGORITHMS[client_id],
        )
        session.register_client_auth_method(proof)
        return session.fetch_token(endpoint, grant_type="client_credentials")

    def client(self, client_id):
        """fhirpy with such a token."""
        token = self.token(client_id)["access_token"]
        return SyncFHIRClient(self.fhir, authorization=f"Bearer {token}")
