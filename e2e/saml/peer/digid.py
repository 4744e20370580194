"""Another DigiD than the simulator: an identity provider that pysaml2 plays over HTTPS.

Like DigiD it has two addresses: browsers bring requests to the front one, services resolve
artifacts at the back one, over mutual TLS. Everybody logs in at once, as the test says.
"""

import base64
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from saml2 import BINDING_HTTP_REDIRECT, BINDING_SOAP, samlp
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.server import Server

from . import answer as answers
from . import xmlsec
from .answer import Answer
from .certificates import Authority, saml_signing
from .listener import Handler, Listener

HOST = "digid-peer.localhost"

METADATA = "/saml/idp/metadata"
REQUEST_AUTHENTICATION = "/saml/idp/request_authentication"
RESOLVE_ARTIFACT = "/saml/idp/resolve_artifact"

ASSERTION_S = 120
"""How long an assertion holds (digid.md §2.5)."""


@dataclass
class Requested:
    """A login that was asked for."""

    message: samlp.AuthnRequest
    """Its signature was verified by pysaml2."""
    query: str
    """As it came, or the form."""
    parameters: dict[str, str]
    """What stands in it: RelayState, SigAlg and so on."""
    artifact: str


@dataclass
class Resolved:
    """A question for the answer behind an artifact."""

    body: bytes
    headers: dict[str, str]
    client: str
    """The name in the client certificate."""
    message: samlp.ArtifactResolve


class Digid:
    """The identity provider. `answer` is what it says about the next logins."""

    def __init__(
        self, folder: Path, binding: str = BINDING_HTTP_REDIRECT, back_host: str = "127.0.0.1"
    ):
        self.folder = folder
        self.answer = Answer()
        self.requested: list[Requested] = []
        self.resolved: list[Resolved] = []
        self.said = b""
        """The last answer behind an artifact."""
        self.faults: list[str] = []
        """What was wrong with requests that got a 404."""
        self.authority = Authority(folder)
        self.signing = saml_signing(folder, "saml-signing")
        files = self.authority.issue(HOST)
        self._front = Listener(_Front, self, files)
        self._back = Listener(_Back, self, files, asks_certificate=True)
        self.entity_id = f"https://{HOST}:{self._front.port}{METADATA}"
        self.sso_url = f"https://{HOST}:{self._front.port}{REQUEST_AUTHENTICATION}"
        self.resolve_url = f"https://{back_host}:{self._back.port}{RESOLVE_ARTIFACT}"
        self._binding = binding
        self._server: Server | None = None
        self._waiting: dict[str, Answer] = {}

    def input_folder(self, settings: str | None = None) -> Path:
        """An `--input` folder that names this DigiD and trusts its authority."""
        folder = self.folder / "input"
        (folder / "trust").mkdir(parents=True)
        (folder / "trust" / "idp.pem").write_bytes(self.authority.file.read_bytes())
        (folder / "digid-metadata.xml").write_bytes(self.metadata())
        # Nobody decided anything before, so that nothing is stored but by the tests.
        (folder / "consents.json").write_text("[]")
        if settings:
            (folder / "settings.json").write_text(settings)
        return folder

    def metadata(self) -> bytes:
        """What services must know of it."""
        return entity_descriptor(self._config()).to_string()

    def party(self, ca: str) -> dict:
        """What `parties.json` says of it; `ca` is its authority's file in the folder."""
        back = urlsplit(self.resolve_url)
        return {
            "hosts": {
                "digid": f"https://{HOST}:{self._front.port}",
                "digid-back": f"https://{back.netloc}",
            },
            "ca": ca,
            "endpoints": {"metadata_url": self.entity_id},
        }

    def meet(self, sp_metadata: bytes, client_authority: Path):
        """Registers the service provider and begins to serve."""
        self._server = Server(config=self._config(metadata={"inline": [sp_metadata.decode()]}))
        of_sp = self.folder / "service-provider.pem"
        self._sp_certificate = xmlsec.signing_certificate(sp_metadata, of_sp)
        self._back.trust_clients(client_authority)
        for listener in (self._front, self._back):
            listener.start()

    def close(self):
        for listener in (self._front, self._back):
            listener.close()

    def _config(self, **more) -> IdPConfig:
        service = {
            "want_authn_requests_signed": True,
            "policy": {"default": {"lifetime": {"seconds": ASSERTION_S}}},
            "endpoints": {
                "single_sign_on_service": [(self.sso_url, self._binding)],
                "artifact_resolution_service": [(self.resolve_url, BINDING_SOAP, 0)],
            },
        }
        return IdPConfig().load(
            {
                "entityid": self.entity_id,
                "key_file": str(self.signing.key),
                "cert_file": str(self.signing.cert),
                "xmlsec_binary": xmlsec.PROGRAM,
                "metadata_key_usage": "signing",
                "service": {"idp": service},
                **more,
            }
        )

    def requested_at_front(self, query: str) -> str:
        """A browser brought an AuthnRequest; gives where it goes with the artifact."""
        parameters = dict(parse_qsl(query, strict_parsing=True))
        request, answer = self.verified(parameters), self.answer
        response = answers.response_to(self._server, request, answer)
        artifact = answer.foreign_artifact or self._artifact(response)
        if not answer.foreign_artifact:
            self._waiting[artifact] = answer
        self.requested.append(Requested(request, query, parameters, artifact))
        query = {"SAMLart": artifact, "RelayState": parameters["RelayState"]}
        return f"{response.destination}?{urlencode(query)}"

    def verified(self, parameters: dict[str, str]) -> samlp.AuthnRequest:
        """The AuthnRequest in a query or form, when the service provider signed it."""
        read = self._server.parse_authn_request(
            parameters["SAMLRequest"],
            self._binding,
            relay_state=parameters.get("RelayState"),
            sigalg=parameters.get("SigAlg"),
            signature=parameters.get("Signature"),
        )
        return read.message

    def _artifact(self, response: samlp.Response) -> str:
        """pysaml2's artifact with the endpoint index in binary, as SAML bindings §3.6.4 has it:
        pysaml2 writes its digits."""
        digits = self._server.use_artifact(response)
        raw = base64.b64decode(digits)
        artifact = base64.b64encode(raw[:2] + b"\0\0" + raw[4:]).decode()
        self._server.artifact[artifact] = self._server.artifact.pop(digits)
        return artifact

    def resolved_at_back(self, body: bytes, headers: dict[str, str], client: str):
        """A service asks for the answer behind an artifact; gives HTTP status and body."""
        message = self._server.parse_artifact_resolve(body)
        if not xmlsec.verifies(body, self._sp_certificate):
            raise ValueError("the ArtifactResolve has no good signature")
        self.resolved.append(Resolved(body, headers, client, message))
        artifact = message.artifact.text
        answer = self._waiting.pop(artifact, None)
        if answer is None:
            return 200, answers.refusal(self._server, message)
        if answer.http_status != 200:
            return answer.http_status, b""
        self.said = answers.soap(self._server, message, artifact, answer)
        return 200, self.said


class _Handler(Handler):
    owner: Digid

    def not_found(self, why: Exception):
        """What DigiD 3.x says to every message that it does not take (digid.md §2.6)."""
        self.owner.faults.append(f"{type(why).__name__}: {why}")
        self.reply(404, {})


class _Front(_Handler):
    """Where browsers bring requests."""

    def do_GET(self):
        if self.path == METADATA:
            self.reply(200, {"content-type": "application/samlmetadata+xml"}, self.owner.metadata())
        else:
            self._requested(urlsplit(self.path).query)

    def do_POST(self):
        self._requested(self.body().decode())

    def _requested(self, query: str):
        try:
            if urlsplit(self.path).path != REQUEST_AUTHENTICATION:
                raise ValueError("another path")
            where = self.owner.requested_at_front(query)
        except Exception as why:  # pylint: disable=broad-except
            self.not_found(why)
        else:
            self.reply(302, {"location": where})


class _Back(_Handler):
    """Where services resolve artifacts."""

    def do_POST(self):
        names = dict(self.connection.getpeercert().get("subjectAltName", ()))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            if self.path != RESOLVE_ARTIFACT:
                raise ValueError("another path")
            status, body = self.owner.resolved_at_back(self.body(), headers, names.get("DNS", ""))
        except Exception as why:  # pylint: disable=broad-except
            self.not_found(why)
        else:
            self.reply(status, {"content-type": "text/xml; charset=utf-8"}, body)
