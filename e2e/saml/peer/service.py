"""Another service than ours: a service provider that pysaml2 plays, at the address where the
simulator of DigiD looks for the metadata of Mitz. `Site` is that address, for whoever stands there.
"""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from lxml import etree
from saml2 import BINDING_HTTP_ARTIFACT, BINDING_HTTP_REDIRECT
from saml2.authn_context import requested_authn_context
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.metadata import entity_descriptor
from saml2.pack import make_soap_enveloped_saml_thingy
from saml2.response import AuthnResponse
from saml2.s_utils import sid
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

from . import xmlsec
from .answer import SUBSTANTIEEL
from .certificates import Authority, saml_signing
from .listener import Handler, Listener
from .wire import Answer, Wire

HOST = "mitz.localhost"


class Site:
    """The address, with its keys. Serves the metadata of whoever stands there."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.authority = Authority(folder)
        self.signing = saml_signing(folder, "service-signing")
        self.tls = self.authority.issue(HOST)
        self._listener = Listener(_Metadata, self, self.tls)
        self.port = self._listener.port
        self.entity_id = f"https://{HOST}:{self.port}/saml/metadata"
        self.acs_url = f"https://{HOST}:{self.port}/saml/acs"
        self.metadata = b""

    def serve(self, metadata: bytes):
        self.metadata = metadata
        self._listener.start()

    def input_folder(self) -> Path:
        """An `--input` folder that trusts its authority."""
        folder = self.folder / "input"
        (folder / "trust").mkdir(parents=True)
        (folder / "trust" / "service.pem").write_bytes(self.authority.file.read_bytes())
        return folder

    def meet(self, idp_metadata: bytes, idp_authority: Path):
        """Learns where DigiD is."""
        raise NotImplementedError

    def close(self):
        self._listener.close()


class Service(Site):
    """The service provider."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.serve(entity_descriptor(self._config()).to_string())

    def meet(self, idp_metadata: bytes, idp_authority: Path):
        self._client = Saml2Client(self._config(metadata={"inline": [idp_metadata.decode()]}))
        [self.idp] = self._client.metadata.with_descriptor("idpsso")
        self.back = Wire([idp_authority], client=self.tls)

    def _config(self, **more) -> SPConfig:
        service = {
            "authn_requests_signed": True,
            # Its own choice would be SHA-1.
            "signing_algorithm": SIG_RSA_SHA256,
            "digest_algorithm": DIGEST_SHA256,
            "want_assertions_signed": True,
            "want_response_signed": False,
            "endpoints": {"assertion_consumer_service": [(self.acs_url, BINDING_HTTP_ARTIFACT, 0)]},
        }
        return SPConfig().load(
            {
                "entityid": self.entity_id,
                "key_file": str(self.signing.key),
                "cert_file": str(self.signing.cert),
                "xmlsec_binary": xmlsec.PROGRAM,
                "metadata_key_usage": "signing",
                "service": {"sp": service},
                **more,
            }
        )

    def login_url(
        self, relay_state: str, level: str = SUBSTANTIEEL, sign_alg: str = SIG_RSA_SHA256
    ) -> tuple[str, str]:
        """The identifier of a new AuthnRequest, and where the browser takes it."""
        [where] = self._client.metadata.single_sign_on_service(self.idp, BINDING_HTTP_REDIRECT)
        wanted = requested_authn_context(level, comparison="minimum")
        request_id, request = self._client.create_authn_request(
            where["location"],
            binding=None,
            assertion_consumer_service_index="0",
            requested_authn_context=wanted,
            sign=False,
        )
        sent = self._client.apply_binding(
            BINDING_HTTP_REDIRECT,
            str(request),
            where["location"],
            relay_state,
            sign=True,
            sigalg=sign_alg,
        )
        return request_id, dict(sent["headers"])["Location"]

    def resolve(self, artifact: str, *, sign: bool = True, wire: Wire | None = None) -> Answer:
        """Asks for the answer behind an artifact, over mutual TLS."""
        where = self._client.artifact2destination(artifact, "idpsso")
        _, question = self._client.create_artifact_resolve(artifact, where, sid(), sign=sign)
        soap = make_soap_enveloped_saml_thingy(str(question))
        headers = {"content-type": "text/xml"}
        return (wire or self.back).send("POST", where, soap.encode(), headers)

    def judged(self, answer: Answer, request_id: str) -> AuthnResponse:
        """What pysaml2 makes of an answer; it raises what it holds against it."""
        response = next(etree.fromstring(answer.body).iter(f"{{{xmlsec.PROTOCOL}}}Response"))
        text = etree.tostring(response).decode()
        return self._client.parse_authn_request_response(text, None, {request_id: "/"})


def artifact_in(url: str) -> tuple[str, str]:
    """The artifact in a redirect to the assertion consumer, and RelayState."""
    told = parse_qs(urlsplit(url).query)
    return told["SAMLart"][0], told["RelayState"][0]


class _Metadata(Handler):
    """Where the simulator fetches the metadata."""

    def do_GET(self):
        self.reply(200, {"content-type": "application/samlmetadata+xml"}, self.owner.metadata)
