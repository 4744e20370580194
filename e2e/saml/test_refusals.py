"""pysaml2 plays DigiD for our service provider: answers that log nobody in.

Each differs from a good answer in one thing. It is signed by DigiD after that, unless the signature
is what differs.
"""

import ssl
from copy import deepcopy

from lxml import etree
from saml2 import saml, samlp
from saml2.s_utils import sid
from saml2.xmldsig import DIGEST_SHA1, SIG_RSA_SHA1

from peer import xmlsec
from peer.answer import MIDDEN, Answer, Signature, moment
from peer.case import LoginCase
from peer.certificates import saml_signing
from peer.wire import Person

SOMEBODY_ELSE = "https://elsewhere.localhost/saml/metadata"

HMAC_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"

LEEWAY_S = 10
"""How far the clocks may differ: `LEEWAY_S` in crates/server/src/digid/resolve.rs."""


class AnswersThatDiffer(LoginCase):
    """What is wrong stands in the answer; DigiD signed it."""

    def refused(self, change, requirement: str):
        self.assert_refused(Answer(bsn=self.joost, change=change), requirement)

    def test_digid_case_018_a_success_at_a_lower_level_than_was_asked_for_is_refused(self):
        self.assert_refused(Answer(bsn=self.joost, level=MIDDEN), "digid case 18")

    def test_a_level_that_digid_does_not_know_is_refused(self):
        unknown = saml.NAMESPACE.replace("assertion", "ac:classes:unspecified")
        self.assert_refused(Answer(bsn=self.joost, level=unknown), "digid.md 2.5")

    def test_digid_case_022_a_login_from_before_the_request_is_refused(self):
        def change(parts):
            parts.assertion.authn_statement[0].authn_instant = moment(-300)

        self.refused(change, "digid case 22")

    def test_digid_case_023_a_number_of_another_sector_is_refused(self):
        def change(parts):
            parts.assertion.subject.name_id.text = f"s00000001:{self.joost}"

        self.refused(change, "digid case 23")

    def test_digid_case_024_a_number_that_fails_the_11_check_is_refused(self):
        self.assert_refused(Answer(bsn="123456789"), "digid case 24")

    def test_digid_case_025_an_assertion_for_another_service_is_refused(self):
        def change(parts):
            restriction = parts.assertion.conditions.audience_restriction[0]
            restriction.audience[0].text = SOMEBODY_ELSE

        self.refused(change, "digid case 25")

    def test_digid_case_025_an_assertion_without_audience_is_refused(self):
        def change(parts):
            parts.assertion.conditions.audience_restriction = []

        self.refused(change, "digid case 25")

    def test_digid_case_025_an_assertion_for_another_address_is_refused(self):
        def change(parts):
            confirmation(parts).recipient = "https://elsewhere.localhost/saml/acs"

        self.refused(change, "digid case 25")

    def test_digid_case_025_a_response_to_another_address_is_refused(self):
        def change(parts):
            parts.response.destination = "https://elsewhere.localhost/saml/acs"

        self.refused(change, "digid case 25")

    def test_digid_case_026_a_message_that_answers_another_question_is_refused(self):
        def change(parts):
            parts.message.in_response_to = sid()

        self.refused(change, "digid case 26")

    def test_digid_case_026_a_response_to_another_request_is_refused(self):
        def change(parts):
            parts.response.in_response_to = sid()

        self.refused(change, "digid case 26")

    def test_digid_case_026_an_assertion_for_another_request_is_refused(self):
        def change(parts):
            confirmation(parts).in_response_to = sid()

        self.refused(change, "digid case 26")

    def test_digid_case_027_an_assertion_is_refused_one_second_after_its_time_and_the_leeway(self):
        over = just_over()

        def change(parts):
            parts.assertion.conditions.not_on_or_after = over

        self.refused(change, "digid case 27")

    def test_digid_case_027_a_confirmation_whose_time_is_over_is_refused(self):
        over = just_over()

        def change(parts):
            confirmation(parts).not_on_or_after = over

        self.refused(change, "digid case 27")

    def test_digid_case_027_a_session_whose_time_is_over_is_refused(self):
        over = just_over()

        def change(parts):
            parts.assertion.authn_statement[0].session_not_on_or_after = over

        self.refused(change, "digid case 27")

    def test_digid_case_027_an_assertion_whose_time_has_not_come_is_refused(self):
        def change(parts):
            parts.assertion.conditions.not_before = moment(60)

        self.refused(change, "digid case 27")

    def test_digid_case_029_two_assertions_are_refused_although_digid_signed_both(self):
        def change(parts):
            second = deepcopy(parts.assertion)
            second.id = sid()
            second.subject.name_id.text = f"s00000000:{self.saskia}"
            parts.response.assertion.append(second)

        self.refused(change, "digid case 29")

    def test_an_answer_from_somebody_else_is_refused(self):
        for part in ("message", "response", "assertion"):
            with self.subTest(part):

                def change(parts, part=part):
                    getattr(parts, part).issuer = saml.Issuer(text=SOMEBODY_ELSE)

                self.refused(change, "SAML core 3.2.2")

    def test_a_message_without_issuer_is_refused_as_pysaml2_leaves_it_out(self):
        def change(parts):
            parts.message.issuer = None

        self.refused(change, "SAML core 3.2.2")

    def test_a_condition_that_is_not_known_here_is_refused(self):
        def change(parts):
            unknown = saml.Condition(extension_attributes={"Only": "on Sundays"})
            parts.assertion.conditions.condition = [unknown]

        self.refused(change, "SAML core 2.5.1")

    def test_a_confirmation_by_other_means_than_the_bearer_is_refused(self):
        def change(parts):
            parts.assertion.subject.subject_confirmation[0].method = saml.SCM_SENDER_VOUCHES

        self.refused(change, "SAML profiles 4.1.4.3")

    def test_a_success_without_assertion_is_refused(self):
        def change(parts):
            parts.response.assertion = []

        self.refused(change, "digid.md 2.5")


class Outcomes(LoginCase):
    """DigiD says that nobody logged in, or says nothing."""

    def outcome(self, first: str, second: str) -> Answer:
        return Answer(status=(first, second))

    def test_digid_case_017_a_person_who_cancels_is_told_so_and_it_is_no_error(self):
        answer = self.outcome(samlp.STATUS_RESPONDER, samlp.STATUS_AUTHN_FAILED)
        login = self.assert_refused(answer, "mitz case 8", page="/geannuleerd")
        self.assertNotIn(login.trace, self.demo.output())

    def test_digid_case_018_a_level_that_was_not_reached_logs_nobody_in(self):
        answer = self.outcome(samlp.STATUS_RESPONDER, samlp.STATUS_NO_AUTHN_CONTEXT)
        self.assert_refused(answer, "digid case 18")

    def test_a_request_that_digid_denies_logs_nobody_in(self):
        answer = self.outcome(samlp.STATUS_REQUESTER, samlp.STATUS_REQUEST_DENIED)
        self.assert_refused(answer, "digid case 6")

    def test_a_status_that_digid_does_not_define_logs_nobody_in(self):
        answer = self.outcome(samlp.STATUS_RESPONDER, samlp.STATUS_UNKNOWN_PRINCIPAL)
        self.assert_refused(answer, "SAML core 3.2.2.2")

    def test_digid_case_012_an_artifact_that_was_resolved_before_logs_nobody_in(self):
        self.assert_accepted(Answer(bsn=self.joost))
        used = self.digid.requested[-1].artifact
        self.assert_refused(Answer(bsn=self.joost, foreign_artifact=used), "digid case 12")

    def test_digid_case_014_an_artifact_that_is_too_old_logs_nobody_in(self):
        self.assert_refused(Answer(bsn=self.joost, holds_response=False), "digid case 14")

    def test_digid_case_015_a_question_that_digid_does_not_take_logs_nobody_in(self):
        self.assert_refused(Answer(bsn=self.joost, http_status=404), "digid case 15")

    def test_a_digid_in_trouble_is_told_as_such_and_logs_nobody_in(self):
        before = self.demo.rows("mitz")
        login = self.login(Answer(bsn=self.joost, http_status=503))
        self.assertEqual((login.page.status, login.page.path), (503, "/niet-ingelogd"))
        self.assertEqual(self.demo.refusals(login.trace), ["seed 000 step 4"])
        self.assert_only_the_answer_is_remembered(before)

    def test_digid_case_026_an_answer_is_taken_once_and_digid_asked_once(self):
        person = Person(self.wire)
        page = person.open(self.authorization_request("state"), until=self.digid.sso_url)
        self.digid.answer = Answer(bsn=self.joost)
        at_consumer = person.open(page.url, until=self.demo.url("mitz", "/saml/acs"))
        request = dict(person.cookies(at_consumer.url))
        first = person.open(at_consumer.url)
        self.assertEqual(first.path, "/toestemming")
        asked, before = len(self.digid.resolved), self.demo.rows("mitz")
        # Somebody who kept the cookie of the request brings the artifact again.
        person.cookies(at_consumer.url).update(request)
        again = person.open(at_consumer.url)
        self.assertEqual((again.status, again.path), (400, "/saml/acs"))
        self.assertEqual(len(self.digid.resolved), asked)
        self.assertEqual(self.demo.rows("mitz"), before)
        trace = self.digid.requested[-1].parameters["RelayState"]
        self.assertEqual(self.demo.refusals(trace), ["digid case 26"])

    def test_digid_case_026_an_answer_is_taken_only_from_the_browser_that_asked(self):
        person = Person(self.wire)
        self.digid.answer = Answer(bsn=self.joost)
        at_consumer = person.open(
            self.authorization_request("state"), until=self.demo.url("mitz", "/saml/acs")
        )
        asked, before = len(self.digid.resolved), self.demo.rows("mitz")
        other = Person(self.wire).open(at_consumer.url)
        self.assertEqual((other.status, other.path), (400, "/saml/acs"))
        self.assertEqual(len(self.digid.resolved), asked)
        self.assertEqual(self.demo.rows("mitz"), before)
        self.assertEqual(self.demo.refusals(other.headers["trace-id"]), ["digid case 26"])
        self.assertEqual(person.open(at_consumer.url).path, "/toestemming")


class Signatures(LoginCase):
    """A signature is missing, weak, or not DigiD's; or the bytes around it were changed."""

    def refused(self, requirement: str, **what):
        self.assert_refused(Answer(bsn=self.joost, **what), requirement)

    def test_digid_case_011_a_message_without_signature_is_refused_around_a_signed_assertion(self):
        self.refused("digid case 11", message_signature=None)

    def test_digid_case_028_an_assertion_without_signature_is_refused_in_a_signed_message(self):
        self.refused("digid case 28", assertion_signature=None)

    def test_digid_case_028_an_answer_without_any_signature_is_refused(self):
        self.refused("digid case 11", assertion_signature=None, message_signature=None)

    def test_digid_case_032_a_message_signed_with_rsa_sha1_is_refused(self):
        self.refused("digid case 32", message_signature=Signature(sign_alg=SIG_RSA_SHA1))

    def test_digid_case_032_a_message_with_a_sha1_digest_is_refused(self):
        self.refused("digid case 32", message_signature=Signature(digest_alg=DIGEST_SHA1))

    def test_digid_case_032_an_assertion_signed_with_rsa_sha1_is_refused(self):
        self.refused("digid case 32", assertion_signature=Signature(sign_alg=SIG_RSA_SHA1))

    def test_digid_case_032_an_assertion_with_a_sha1_digest_is_refused(self):
        self.refused("digid case 32", assertion_signature=Signature(digest_alg=DIGEST_SHA1))

    def test_attack_another_key_counts_for_nothing_though_its_certificate_is_in_the_signature(self):
        another = Signature(key=saml_signing(self.folder, "attacker"))
        self.refused("digid case 11", message_signature=another)
        self.refused("SAML core 5.4", assertion_signature=another)

    def test_attack_a_mac_under_the_public_key_counts_for_nothing(self):
        # What a program falls for that lets the message choose how its key is used.
        for name, secret in {"PEM": self.digid.signing.cert, "DER": self.der()}.items():
            mac = Signature(sign_alg=HMAC_SHA256, secret=secret)
            with self.subTest(name):
                self.refused("digid case 11", message_signature=mac)
                self.refused("SAML core 5.4", assertion_signature=mac)

    def der(self):
        file = self.folder / "saml-signing.der"
        pem = self.digid.signing.cert.read_text()
        file.write_bytes(ssl.PEM_cert_to_DER_cert(pem))
        return file

    def test_attack_a_person_who_was_changed_on_the_way_is_refused(self):
        def change(soap):
            return soap.replace(self.joost.encode(), self.saskia.encode())

        self.refused("digid case 11", change_bytes=change)
        self.assertFalse(xmlsec.verifies(self.digid.said, self.digid.signing.cert))

    def test_digid_case_030_a_comment_in_the_name_is_refused_although_the_signatures_hold(self):
        half = self.joost[:4].encode()

        def change(soap):
            return soap.replace(b":" + half, b":" + half + b"<!-- -->")

        self.refused("digid case 30", change_bytes=change)
        self.assert_signatures_hold(b"<!-- -->")

    def test_digid_case_031_a_document_type_is_refused_although_the_signatures_hold(self):
        self.refused("digid case 31", change_bytes=lambda soap: b"<!DOCTYPE Envelope>" + soap)
        self.assert_signatures_hold(b"<!DOCTYPE")

    def test_digid_case_031_an_entity_is_refused_although_the_signatures_hold(self):
        def change(soap):
            declared = f'<!DOCTYPE Envelope [<!ENTITY bsn "{self.joost}">]>'.encode()
            return declared + soap.replace(self.joost.encode(), b"&bsn;")

        self.refused("digid case 31", change_bytes=change)
        self.assertIn(b"&bsn;", self.digid.said)
        expanded = etree.fromstring(self.digid.said, etree.XMLParser(resolve_entities=True))
        self.assertTrue(xmlsec.verifies(etree.tostring(expanded), self.digid.signing.cert))

    def assert_signatures_hold(self, mark: bytes):
        """Another reader would have been led astray: the test tests what it says."""
        self.assertIn(mark, self.digid.said)
        self.assertTrue(xmlsec.verifies(self.digid.said, self.digid.signing.cert))

    def test_digid_case_059_no_log_holds_a_bsn_or_a_message_or_an_artifact(self):
        self.assert_accepted(Answer(bsn=self.joost))
        self.refused("digid case 11", message_signature=None)
        self.refused("digid case 31", change_bytes=lambda soap: b"<!DOCTYPE Envelope>" + soap)
        self.assert_refused(Answer(bsn="123456789"), "digid case 24")
        artifacts = [requested.artifact for requested in self.digid.requested]
        ids = [asked.message.id for asked in self.digid.requested]
        held = [self.joost, "123456789", "SAMLart", "Assertion", "<saml", *artifacts, *ids]
        for place, text in {"log.jsonl": self.demo.log(), "output": self.demo.output()}.items():
            with self.subTest(place):
                self.assertEqual([secret for secret in held if secret in text], [])


def just_over() -> str:
    """One second before what would still be taken if it were judged at once: on a slow machine it
    is judged later, and never sooner."""
    return moment(-LEEWAY_S - 1)


def confirmation(parts) -> saml.SubjectConfirmationData:
    return parts.assertion.subject.subject_confirmation[0].subject_confirmation_data
