"""pysaml2 plays DigiD for our service provider: logins that succeed, and what we send for them."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree
from saml2.response import IncorrectlySigned
from saml2.xmldsig import SIG_RSA_SHA256

from peer import xmlsec
from peer.answer import HOOG, SUBSTANTIEEL, Answer, Signature, moment
from peer.case import LoginCase
from peer.xmlsec import ASSERTION, DSIG, PROTOCOL, SOAP


class LoginAtAnotherDigid(LoginCase):
    """A DigiD of another make, to which browsers are redirected."""

    def test_digid_case_058_somebody_logs_in_at_pysaml2_and_consents(self):
        login = self.login(Answer(bsn=self.joost))
        self.assert_logged_in(login)
        self.assertEqual(login.page.heading, "Give consent")
        form = login.page.page.forms[0]
        everything = {radio.get("name"): "ja" for radio in form.iterfind(".//input[@type='radio']")}
        at_client = login.person.submit(form, {**everything, "keuze": "geven"}, self.redirect_uri)
        told = parse_qs(urlsplit(at_client.url).query)
        self.assertEqual(told["state"], [login.state])
        self.assertIn("code", told)

    def test_digid_case_011_the_artifact_is_resolved_over_mutual_tls_by_a_signed_question(self):
        self.assert_accepted(Answer(bsn=self.joost))
        requested, resolved = self.digid.requested[-1], self.digid.resolved[-1]
        self.assertEqual(resolved.client, "mitz-back.localhost")
        self.assertEqual(resolved.headers["content-type"], "text/xml; charset=utf-8")
        asked = resolved.message
        self.assertEqual(asked.artifact.text, requested.artifact)
        self.assertEqual(asked.destination, self.digid.resolve_url)
        self.assertEqual(asked.issuer.text, self.demo.told["saml"]["sp_metadata_url"])
        self.assertEqual(asked.version, "2.0")
        body = etree.fromstring(resolved.body)
        self.assertEqual(body.tag, f"{{{SOAP}}}Envelope")
        self.assertIsNotNone(
            body.find(f"{{{SOAP}}}Body/{{{PROTOCOL}}}ArtifactResolve/{{{DSIG}}}Signature")
        )

    def test_digid_case_010_pysaml2_s_own_artifact_names_an_endpoint_that_is_in_no_metadata(self):
        # It writes the endpoint index in digits: 0x3030 for 0.
        source = hashlib.sha1(self.digid.entity_id.encode()).digest()
        artifact = base64.b64encode(b"\0\x04" + b"00" + source + bytes(20)).decode()
        asked_before = len(self.digid.resolved)
        self.assert_refused(Answer(bsn=self.joost, foreign_artifact=artifact), "digid case 10")
        self.assertEqual(len(self.digid.resolved), asked_before)

    def test_digid_case_019_hoog_will_do_where_substantieel_was_asked(self):
        self.assert_accepted(Answer(bsn=self.joost, level=HOOG))

    def test_digid_case_023_the_sector_code_is_taken_in_upper_case(self):
        def change(parts):
            parts.assertion.subject.name_id.text = f"S00000000:{self.joost}"

        self.assert_accepted(Answer(bsn=self.joost, change=change))

    def test_digid_case_027_a_clock_that_is_some_seconds_off_logs_in(self):
        # Over for three seconds by our clock; ten are allowed.
        over = moment(-3)

        def change(parts):
            parts.assertion.conditions.not_on_or_after = over

        self.assert_accepted(Answer(bsn=self.joost, change=change))

    def test_prefixes_may_be_declared_on_the_envelope(self):
        def change(envelope):
            every = {"saml": ASSERTION, "samlp": PROTOCOL, "ds": DSIG}
            etree.cleanup_namespaces(envelope, top_nsmap=every)
            self.assertEqual(envelope.nsmap, {**envelope.nsmap, **every})
            self.assertNotIn(b"<samlp:ArtifactResponse xmlns", etree.tostring(envelope))

        self.assert_accepted(Answer(bsn=self.joost, change_signed_message=change))

    def test_a_signature_may_list_the_prefixes_that_are_declared_around_it(self):
        listing = Signature(listed="ds saml samlp xs")
        answer = Answer(bsn=self.joost, assertion_signature=listing, message_signature=listing)
        self.assert_accepted(answer)
        self.assertEqual(self.digid.said.count(b'PrefixList="ds saml samlp xs"'), 2)

    def test_the_authn_request_asks_for_a_fresh_login_at_substantieel(self):
        self.assert_accepted(Answer(bsn=self.joost))
        asked = self.digid.requested[-1].message
        self.assertEqual(asked.force_authn, "true")
        self.assertEqual(asked.destination, self.digid.sso_url)
        self.assertEqual(asked.assertion_consumer_service_index, "0")
        self.assertIsNone(asked.assertion_consumer_service_url)
        self.assertIsNone(asked.protocol_binding)
        self.assertIsNone(asked.name_id_policy)
        self.assertIsNone(asked.subject)
        level = asked.requested_authn_context
        self.assertEqual(level.comparison, "minimum")
        self.assertEqual([ref.text for ref in level.authn_context_class_ref], [SUBSTANTIEEL])

    def test_the_signature_of_the_redirect_is_over_the_query_as_it_was_sent(self):
        self.assert_accepted(Answer(bsn=self.joost))
        requested = self.digid.requested[-1]
        self.assertEqual(requested.parameters["SigAlg"], SIG_RSA_SHA256)
        self.assertLessEqual(len(requested.parameters["RelayState"]), 80)
        # SAML bindings §3.4.4.1, without pysaml2: the octets before `&Signature=`.
        octets, _, _ = requested.query.partition("&Signature=")
        value = base64.b64decode(requested.parameters["Signature"])
        file = xmlsec.signing_certificate(self.sp_metadata, self.folder / "of-metadata.pem")
        key = x509.load_pem_x509_certificate(file.read_bytes()).public_key()
        key.verify(value, octets.encode(), padding.PKCS1v15(), hashes.SHA256())

    def test_pysaml2_refuses_the_redirect_when_anything_in_it_was_changed(self):
        self.assert_accepted(Answer(bsn=self.joost))
        sent = self.digid.requested[-1].parameters
        self.digid.verified(sent)
        altered = {"RelayState": "another", "Signature": sent["Signature"][::-1]}
        for name, value in altered.items():
            with self.subTest(name), self.assertRaises(IncorrectlySigned):
                self.digid.verified({**sent, name: value})
