"""The xmlsec1 program: the second opinion on every signature."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from lxml import etree

from .certificates import pem_file

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

PROGRAM = shutil.which("xmlsec1") or "xmlsec1"

SIGNED_ELEMENTS = (
    f"{METADATA}:EntityDescriptor",
    f"{PROTOCOL}:AuthnRequest",
    f"{PROTOCOL}:ArtifactResolve",
    f"{PROTOCOL}:ArtifactResponse",
    f"{ASSERTION}:Assertion",
)
"""The elements whose `ID` a signature may name."""


def signing_certificate(metadata: bytes, file: Path) -> Path:
    """The certificate with which the metadata's owner says that it signs, as PEM in `file`."""
    tree = etree.fromstring(metadata)
    [descriptor] = tree.iterfind(f"*/{{{METADATA}}}KeyDescriptor[@use='signing']")
    return pem_file(file, descriptor.findtext(f".//{{{DSIG}}}X509Certificate"))


def verifies(document: bytes, certificate: Path, signed_id: str | None = None) -> bool:
    """Whether a signature in `document` was made with the certificate's key.

    The first signature counts, or the one that names `signed_id`. What was signed need not stand
    where a reader looks for it: that is what signature wrapping lives on.
    """
    command = [PROGRAM, "--verify", "--enabled-reference-uris", "same-doc"]
    command += ["--pubkey-cert-pem", str(certificate)]
    for element in SIGNED_ELEMENTS:
        command += ["--id-attr:ID", element]
    if signed_id:
        reference = f"*[local-name()='SignedInfo']/*[local-name()='Reference'][@URI='#{signed_id}']"
        command += ["--node-xpath", f"//*[local-name()='Signature'][{reference}]"]
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        file.write(document)
        file.flush()
        ended = subprocess.run([*command, file.name], capture_output=True, check=False)
    return ended.returncode == 0
