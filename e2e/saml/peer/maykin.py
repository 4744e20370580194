"""A second service: a service provider that maykin-python3-saml plays, which services use at DigiD.

It is set up as django-digid-eherkenning sets it up for DigiD.
"""

from pathlib import Path
from urllib.parse import urlsplit

from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from saml2 import BINDING_HTTP_ARTIFACT

from .answer import SUBSTANTIEEL
from .service import Site
from .wire import for_requests


class MaykinService(Site):
    """The service provider."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        alone = OneLogin_Saml2_Settings(self._settings(), sp_validation_only=True)
        self.serve(alone.get_sp_metadata())

    def meet(self, idp_metadata: bytes, idp_authority: Path):
        self._idp = OneLogin_Saml2_IdPMetadataParser.parse(idp_metadata)["idp"]
        self._idp_authority = idp_authority

    def form(self, relay_state: str, level: str = SUBSTANTIEEL) -> tuple[str, str, dict[str, str]]:
        """The identifier of a new AuthnRequest, and the form for the browser: where to and what."""
        auth = self._auth(level=level)
        url, fields = auth.login_post(relay_state, set_nameid_policy=False)
        return auth.get_last_request_id(), url, fields

    def login_url(self, relay_state: str, level: str = SUBSTANTIEEL) -> tuple[str, str]:
        """The identifier of a new AuthnRequest, and where the browser takes it."""
        auth = self._auth(level=level)
        url = auth.login(relay_state, set_nameid_policy=False)
        return auth.get_last_request_id(), url

    def resolved(self, artifact: str, **idp) -> OneLogin_Saml2_Response:
        """The Response behind an artifact, which the library fetched and judged; it raises what it
        holds against it. `idp` changes what it knows of DigiD."""
        with for_requests(self._idp_authority):
            return self._auth(**idp).artifact_resolve(artifact)

    def _auth(self, level: str = SUBSTANTIEEL, **idp) -> OneLogin_Saml2_Auth:
        consumer = urlsplit(self.acs_url)
        # The request that the library serves, as far as it looks at it.
        at = {"https": "on", "http_host": consumer.netloc, "script_name": consumer.path}
        return OneLogin_Saml2_Auth(at, self._settings(level, idp={**self._idp, **idp}))

    def _settings(self, level: str = SUBSTANTIEEL, **more) -> dict:
        sp = {
            "entityId": self.entity_id,
            "assertionConsumerService": {"url": self.acs_url, "binding": BINDING_HTTP_ARTIFACT},
            "attributeConsumingService": {
                "serviceName": "Another service",
                "serviceDescription": "It logs in at the simulator",
                "requestedAttributes": [{"name": "bsn", "isRequired": True}],
            },
            "x509cert": self.signing.cert.read_text(),
            "privateKey": self.signing.key.read_text(),
        }
        security = {
            "signMetadata": True,
            "authnRequestsSigned": True,
            "wantAssertionsSigned": True,
            "rejectDeprecatedAlgorithm": True,
            # DigiD says nothing but who it is (digid.md §2.5).
            "wantAttributeStatement": False,
            # Metadata for DigiD does not expire (digid.md §2.1).
            "metadataValidUntil": "",
            "metadataCacheDuration": "",
            "requestedAuthnContextComparison": "minimum",
            "requestedAuthnContext": [level],
            "soapClientCert": str(self.tls.cert),
            "soapClientKey": str(self.tls.key),
        }
        return {"strict": True, "sp": sp, "security": security, **more}
