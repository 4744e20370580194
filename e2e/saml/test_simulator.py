"""pysaml2 as a service at our simulator of DigiD."""

import base64
import hashlib
import ssl
from urllib.parse import parse_qsl, urlencode

from lxml import etree
from saml2.response import (
    StatusAuthnFailed,
    StatusNoAuthnContext,
    StatusRequestDenied,
    UnsolicitedResponse,
)
from saml2.xmldsig import SIG_RSA_SHA1

from peer import xmlsec
from peer.answer import MIDDEN, SUBSTANTIEEL
from peer.case import RELAY_STATE, SimulatorCase
from peer.service import Service
from peer.wire import Answer, Person
from peer.xmlsec import ASSERTION, PROTOCOL, SOAP


class ServiceAtTheSimulator(SimulatorCase):
    """Somebody logs in at the simulator, for pysaml2."""

    service_type = Service

    def login(self, level: str = SUBSTANTIEEL, **chosen) -> tuple[str, str]:
        """The identifier of an AuthnRequest, and the artifact that answers it."""
        request_id, url = self.service.login_url(RELAY_STATE, level)
        person = Person(self.wire)
        return request_id, self.at_login_page(person, person.open(url), **chosen)

    def assert_signed(self, answer: Answer):
        """The message by DigiD's key, and the assertion in it, if there is one."""
        certificate = xmlsec.signing_certificate(self.idp_metadata, self.folder / "digid.pem")
        [message] = etree.fromstring(answer.body).find(f"{{{SOAP}}}Body")
        for signed in [message, *message.iter(f"{{{ASSERTION}}}Assertion")]:
            verified = xmlsec.verifies(answer.body, certificate, signed_id=signed.get("ID"))
            self.assertTrue(verified, signed.tag)

    def test_digid_case_058_somebody_logs_in_at_the_simulator_for_pysaml2(self):
        request_id, artifact = self.login()
        answer = self.service.resolve(artifact)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["content-type"], "text/xml; charset=utf-8")
        self.assert_signed(answer)
        # pysaml2 checks signature, issuer, audience, recipient, InResponseTo and times.
        judged = self.service.judged(answer, request_id)
        self.assertEqual(judged.name_id.text, f"s00000000:{self.joost}")
        self.assertIsNone(judged.name_id.format)
        [(level, _, _)] = judged.authn_info()
        self.assertEqual(level, SUBSTANTIEEL)
        with self.assertRaises(UnsolicitedResponse):
            self.service.judged(answer, "_another_request")

    def test_digid_case_010_the_artifact_is_of_type_0004(self):
        _, artifact = self.login()
        raw = base64.b64decode(artifact)
        self.assertEqual(len(raw), 44)
        self.assertEqual(raw[:4], b"\0\x04\0\0")
        self.assertEqual(raw[4:24], hashlib.sha1(self.service.idp.encode()).digest())

    def test_digid_case_012_an_artifact_is_resolved_once(self):
        _, artifact = self.login()
        self.service.resolve(artifact)
        again = self.service.resolve(artifact)
        self.assertEqual(again.status, 200)
        self.assert_signed(again)
        tree = etree.fromstring(again.body)
        self.assertEqual(list(tree.iter(f"{{{PROTOCOL}}}Response")), [])
        codes = [code.get("Value") for code in tree.iter(f"{{{PROTOCOL}}}StatusCode")]
        prefix = "urn:oasis:names:tc:SAML:2.0:status:"
        self.assertEqual(codes, [f"{prefix}Requester", f"{prefix}RequestDenied"])

    def test_digid_case_004_a_request_whose_signature_was_altered_is_not_found(self):
        _, url = self.service.login_url("state")
        where, _, query = url.partition("?")
        sent = dict(parse_qsl(query))
        altered = urlencode({**sent, "RelayState": "another"})
        self.assertEqual(self.wire.get(f"{where}?{altered}").status, 404)
        del sent["Signature"]
        self.assertEqual(self.wire.get(f"{where}?{urlencode(sent)}").status, 404)

    def test_digid_case_004_a_request_signed_with_rsa_sha1_is_not_found(self):
        _, url = self.service.login_url("state", sign_alg=SIG_RSA_SHA1)
        answer = self.wire.get(url)
        self.assertEqual(answer.status, 404)
        self.assertEqual(self.demo.refusals(answer.headers["trace-id"]), ["digid case 4"])

    def test_digid_case_015_a_question_without_signature_is_not_found(self):
        request_id, artifact = self.login()
        self.assertEqual(self.service.resolve(artifact, sign=False).status, 404)
        # Nobody can use up what was given to somebody else.
        self.service.judged(self.service.resolve(artifact), request_id)

    def test_digid_case_016_without_a_client_certificate_there_is_no_connection(self):
        _, artifact = self.login()
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.service.resolve(artifact, wire=self.wire)

    def test_digid_case_017_pysaml2_hears_that_the_person_cancelled(self):
        request_id, artifact = self.login(keuze="annuleren")
        with self.assertRaises(StatusAuthnFailed):
            self.service.judged(self.service.resolve(artifact), request_id)

    def test_digid_case_018_pysaml2_hears_that_the_level_was_not_reached(self):
        request_id, artifact = self.login(niveau="midden")
        with self.assertRaises(StatusNoAuthnContext):
            self.service.judged(self.service.resolve(artifact), request_id)

    def test_digid_case_011_a_service_that_asks_for_midden_hears_of_midden(self):
        request_id, artifact = self.login(MIDDEN, niveau="midden")
        judged = self.service.judged(self.service.resolve(artifact), request_id)
        self.assertEqual([level for level, _, _ in judged.authn_info()], [MIDDEN])

    def test_a_login_that_fails_is_denied(self):
        request_id, artifact = self.login(keuze="mislukken")
        with self.assertRaises(StatusRequestDenied):
            self.service.judged(self.service.resolve(artifact), request_id)
