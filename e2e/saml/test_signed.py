"""xmlsec1 verifies what we sign: metadata of both sides, AuthnRequest, ArtifactResolve.

DigiD offers POST only here, so that the AuthnRequest bears a signature of its own, and Midden is
configured as enough (amendment to digid case 1).
"""

import base64
from pathlib import Path

from lxml import etree
from saml2 import BINDING_HTTP_POST
from saml2.response import IncorrectlySigned
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256, TRANSFORM_C14N, TRANSFORM_ENVELOPED

from peer import xmlsec
from peer.answer import MIDDEN, Answer
from peer.case import LoginCase
from peer.certificates import saml_signing
from peer.wire import Person
from peer.xmlsec import ASSERTION, DSIG, METADATA, PROTOCOL


class WhatWeSign(LoginCase):
    """Every signature by the certificate in the metadata of whoever signs, and by no other."""

    binding = BINDING_HTTP_POST
    settings = '{"mitz": {"min_level": "midden"}}'

    def certificate(self, metadata: bytes) -> Path:
        return xmlsec.signing_certificate(metadata, self.folder / "of-metadata.pem")

    def assert_signed(self, document: bytes, certificate: Path, change: tuple[str, str]):
        """xmlsec1 agrees with the signature, but not after a change, nor with another key."""
        self.assertTrue(xmlsec.verifies(document, certificate))
        before, after = (text.encode() for text in change)
        self.assertIn(before, document)
        self.assertFalse(xmlsec.verifies(document.replace(before, after), certificate))
        other = saml_signing(self.folder, "somebody-else").cert
        self.assertFalse(xmlsec.verifies(document, other))

    def assert_profile(self, element: etree._Element):
        """The one kind of signature that SAML and DigiD allow (digid.md §2.2, SAML core §5.4)."""

        def algorithms(name):
            return [found.get("Algorithm") for found in element.iter(f"{{{DSIG}}}{name}")]

        self.assertEqual(algorithms("SignatureMethod"), [SIG_RSA_SHA256])
        self.assertEqual(algorithms("DigestMethod"), [DIGEST_SHA256])
        self.assertEqual(algorithms("CanonicalizationMethod"), [TRANSFORM_C14N])
        self.assertEqual(algorithms("Transform"), [TRANSFORM_ENVELOPED, TRANSFORM_C14N])
        references = [found.get("URI") for found in element.iter(f"{{{DSIG}}}Reference")]
        self.assertEqual(references, [f"#{element.get('ID')}"])

    def test_xmlsec1_verifies_the_metadata_of_the_service_provider(self):
        change = ('index="0"', 'index="1"')
        self.assert_signed(self.sp_metadata, self.certificate(self.sp_metadata), change)
        metadata = etree.fromstring(self.sp_metadata)
        self.assert_profile(metadata)
        descriptor = metadata.find(f"{{{METADATA}}}SPSSODescriptor")
        self.assertEqual(descriptor.get("AuthnRequestsSigned"), "true")
        self.assertEqual(descriptor.get("WantAssertionsSigned"), "true")

    def test_xmlsec1_verifies_the_metadata_of_the_simulator(self):
        metadata = self.wire.get(self.demo.told["saml"]["idp_metadata_url"]).body
        change = ("request_authentication", "request_elsewhere")
        self.assert_signed(metadata, self.certificate(metadata), change)
        self.assert_profile(etree.fromstring(metadata))

    def test_digid_case_001_the_authn_request_is_a_form_that_xmlsec1_verifies(self):
        self.login_by_form()
        requested = self.digid.requested[-1]
        sent = base64.b64decode(requested.parameters["SAMLRequest"])
        self.assert_signed(sent, self.certificate(self.sp_metadata), (MIDDEN, MIDDEN + "x"))
        request = etree.fromstring(sent)
        self.assert_profile(request)
        self.assertEqual(request.get("Destination"), self.digid.sso_url)
        issuer = request.findtext(f"{{{ASSERTION}}}Issuer")
        self.assertEqual(issuer, self.demo.told["saml"]["sp_metadata_url"])
        level = request.find(f"{{{PROTOCOL}}}RequestedAuthnContext")
        self.assertEqual(level.get("Comparison"), "minimum")
        self.assertEqual(level.findtext(f"{{{ASSERTION}}}AuthnContextClassRef"), MIDDEN)
        altered = base64.b64encode(sent.replace(b'ForceAuthn="true"', b"")).decode()
        with self.assertRaises(IncorrectlySigned):
            self.digid.verified({**requested.parameters, "SAMLRequest": altered})

    def test_xmlsec1_verifies_the_question_behind_an_artifact(self):
        self.login_by_form()
        asked = self.digid.resolved[-1]
        certificate = self.certificate(self.sp_metadata)
        artifact = asked.message.artifact.text
        self.assert_signed(asked.body, certificate, (artifact, artifact[::-1]))
        message = next(etree.fromstring(asked.body).iter(f"{{{PROTOCOL}}}ArtifactResolve"))
        self.assert_profile(message)

    def login_by_form(self):
        """A person logs in at Midden, and sends the form that leads to DigiD by hand."""
        self.digid.answer = Answer(bsn=self.joost, level=MIDDEN)
        person = Person(self.wire)
        on_its_way = person.open(self.authorization_request("state"))
        self.assertEqual(on_its_way.status, 200)
        form = on_its_way.page.forms[0]
        self.assertEqual((form.method, form.action), ("POST", self.digid.sso_url))
        page = person.submit(form)
        self.assertEqual((page.status, page.path), (200, "/toestemming"))
