"""What the other DigiD says, and how a test changes it.

An answer is made in this order, and a test may put its hand in at every stage: the parts as
pysaml2 builds them, the assertion's signature, the message's signature, the SOAP envelope, the
bytes.
"""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree
from saml2 import (
    BINDING_HTTP_ARTIFACT,
    BINDING_SOAP,
    ExtensionElement,
    class_name,
    element_to_extension_element,
    saml,
    samlp,
)
from saml2.pack import make_soap_enveloped_saml_thingy
from saml2.server import Server
from saml2.sigver import make_temp, pre_signature_part
from saml2.time_util import instant
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256, TRANSFORM_C14N

from .certificates import Files
from .xmlsec import ASSERTION, DSIG, PROGRAM, PROTOCOL, SIGNED_ELEMENTS

MIDDEN = saml.NAMESPACE.replace("assertion", "ac:classes:MobileTwoFactorContract")
SUBSTANTIEEL = saml.NAMESPACE.replace("assertion", "ac:classes:Smartcard")
HOOG = saml.NAMESPACE.replace("assertion", "ac:classes:SmartcardPKI")

SECTOR_BSN = "s00000000"

PREFIXES = {"saml": ASSERTION, "samlp": PROTOCOL, "ds": DSIG}
"""As DigiD writes them."""


def moment(seconds_from_now: float) -> str:
    """A moment as SAML writes it."""
    return instant(time_stamp=time.time() + seconds_from_now)


@dataclass(frozen=True)
class Signature:
    """How something is signed: by default as DigiD does."""

    sign_alg: str = SIG_RSA_SHA256
    digest_alg: str = DIGEST_SHA256
    key: Files | None = None
    """Another key than the one in the metadata; its certificate stands in the signature."""
    secret: Path | None = None
    """The secret of a MAC instead of a key."""
    listed: str = ""
    """Prefixes for `InclusiveNamespaces`."""


@dataclass
class Parts:
    """An answer before anything of it is signed, as pysaml2's objects."""

    message: samlp.ArtifactResponse
    response: samlp.Response

    @property
    def assertion(self) -> saml.Assertion:
        return self.response.assertion[0]


def _unchanged(_):
    pass


@dataclass
class Answer:
    """What is said about one login: right in everything that a test does not change."""

    bsn: str = ""
    level: str = SUBSTANTIEEL
    status: tuple[str, str | None] = (samlp.STATUS_SUCCESS, None)
    """Of the Response; with anything but Success there is no assertion."""
    holds_response: bool = True
    change: Callable[[Parts], None] = _unchanged
    assertion_signature: Signature | None = field(default_factory=Signature)
    change_signed_assertion: Callable[[etree._Element], None] = _unchanged
    """Takes the ArtifactResponse when only the assertion in it is signed."""
    message_signature: Signature | None = field(default_factory=Signature)
    change_signed_message: Callable[[etree._Element], None] = _unchanged
    """Takes the SOAP envelope."""
    change_bytes: Callable[[bytes], bytes] = lambda soap: soap
    http_status: int = 200
    """Of the back channel; with anything but 200 there is no message."""
    foreign_artifact: str | None = None
    """The browser is given this one."""


def status(first: str, second: str | None = None) -> samlp.Status:
    """A status of one or two levels."""
    below = samlp.StatusCode(value=second) if second else None
    return samlp.Status(status_code=samlp.StatusCode(value=first, status_code=below))


def response_to(server: Server, request: samlp.AuthnRequest, answer: Answer) -> samlp.Response:
    """The Response to a request (digid.md §2.5), by pysaml2."""
    named = server.response_args(request, bindings=[BINDING_HTTP_ARTIFACT])
    to = {"in_response_to": request.id, "destination": named["destination"]}
    if answer.status[0] != samlp.STATUS_SUCCESS:
        arguments = server.message_args()
        return samlp.Response(**arguments, **to, status=status(*answer.status))
    response = server.create_authn_response(
        identity={},
        sp_entity_id=request.issuer.text,
        name_id=saml.NameID(text=f"{SECTOR_BSN}:{answer.bsn}"),
        authn={"class_ref": answer.level},
        sign_assertion=False,
        sign_response=False,
        **to,
    )
    response.assertion = [response.assertion]
    return response


def soap(server: Server, asked: samlp.ArtifactResolve, artifact: str, answer: Answer) -> bytes:
    """The SOAP message that gives the Response behind an artifact."""
    message = server.create_artifact_response(asked, artifact, [BINDING_SOAP], sign=False)
    # SAML profiles §5.4.2 wants the issuer, pysaml2 leaves it out.
    message.issuer, message.destination = server.message_args()["issuer"], None
    parts = Parts(message, server.artifact[artifact])
    answer.change(parts)
    xml = _with_assertions_signed(server, parts, answer)
    if answer.message_signature:
        xml = _signed(server, xml, parts.message, answer.message_signature)
    envelope = etree.fromstring(make_soap_enveloped_saml_thingy(xml.decode()).encode())
    answer.change_signed_message(envelope)
    return answer.change_bytes(etree.tostring(envelope))


def refusal(server: Server, asked: samlp.ArtifactResolve) -> bytes:
    """For an artifact that is unknown or was used: no Response (digid.md §2.6)."""
    message = samlp.ArtifactResponse(
        **server.message_args(),
        in_response_to=asked.id,
        status=status(samlp.STATUS_REQUESTER, samlp.STATUS_REQUEST_DENIED),
    )
    message.signature = _template(server, message, Signature(), 1)
    xml = _signed(server, _xml(message), message, Signature())
    return make_soap_enveloped_saml_thingy(xml.decode()).encode()


def _with_assertions_signed(server: Server, parts: Parts, answer: Answer) -> bytes:
    """The ArtifactResponse, in which the assertions are signed and the message is about to be."""
    message, assertions = parts.message, parts.response.assertion
    if answer.assertion_signature:
        for number, assertion in enumerate(assertions, start=2):
            assertion.signature = _template(server, assertion, answer.assertion_signature, number)
    if answer.message_signature:
        message.signature = _template(server, message, answer.message_signature, 1)
    held = [element_to_extension_element(parts.response)] if answer.holds_response else []
    message.extension_elements = held
    xml = _xml(message)
    if answer.assertion_signature and answer.holds_response:
        for assertion in assertions:
            xml = _signed(server, xml, assertion, answer.assertion_signature)
    tree = etree.fromstring(xml)
    answer.change_signed_assertion(tree)
    return etree.tostring(tree)


def _xml(message) -> bytes:
    return etree.tostring(etree.fromstring(message.to_string(PREFIXES)))


def _template(server: Server, element, signature: Signature, number: int):
    """pysaml2's empty signature, which xmlsec1 fills."""
    certificate = server.sec.my_cert
    if signature.key:
        certificate = "".join(signature.key.cert.read_text().strip().splitlines()[1:-1])
    template = pre_signature_part(
        element.id,
        certificate,
        number,
        sign_alg=signature.sign_alg,
        digest_alg=signature.digest_alg,
    )
    if signature.listed:
        listed = ExtensionElement(
            "InclusiveNamespaces", TRANSFORM_C14N, attributes={"PrefixList": signature.listed}
        )
        template.signed_info.reference.transforms.transform[1].extension_elements = [listed]
    return template


def _signed(server: Server, xml: bytes, element, signature: Signature) -> bytes:
    text = xml.decode()
    if signature.secret:
        return _authenticated(text, element, signature.secret)
    key = str(signature.key.key) if signature.key else None
    signed = server.sec.sign_statement(text, class_name(element), key_file=key, node_id=element.id)
    return etree.tostring(etree.fromstring(signed.encode()))


def _authenticated(text: str, element, secret: Path) -> bytes:
    """A MAC, which pysaml2 does not make; the program that it calls does."""
    command = [PROGRAM, "--sign", "--hmackey", str(secret)]
    for name in SIGNED_ELEMENTS:
        command += ["--id-attr:ID", name]
    with make_temp(text, suffix=".xml", decode=False) as file:
        made = subprocess.run(
            [*command, "--node-id", element.id, file.name], capture_output=True, check=True
        )
    return etree.tostring(etree.fromstring(made.stdout))
