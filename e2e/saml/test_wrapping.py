"""Signature wrapping against our service provider (digid case 29).

The assertion is wrapped before the message is signed: DigiD itself vouches for the whole, so that
nothing but the rules about the assertion stands between the attacker and a login. Wrapped after
that, every variant already fails on the message's signature, which has a test of its own.
"""

from peer import wrapping, xmlsec
from peer.answer import Answer
from peer.case import LoginCase


class SignatureWrapping(LoginCase):
    """Joost logs in, and the attacker wants to be Saskia."""

    def wrapped_assertion(self, wrap, requirement: str):
        def change(message):
            self.genuine = wrapping.find(message, xmlsec.ASSERTION, "Assertion").get("ID")
            wrap(message, wrapping.another_person(self.saskia))

        self.assert_refused(Answer(bsn=self.joost, change_signed_assertion=change), requirement)
        self.assertIn(self.saskia.encode(), self.digid.said)

    def wrapped_message(self, wrap, requirement: str):
        def change(envelope):
            self.genuine = wrapping.find(envelope, xmlsec.PROTOCOL, "ArtifactResponse").get("ID")
            wrap(envelope, wrapping.another_person(self.saskia))

        self.assert_refused(Answer(bsn=self.joost, change_signed_message=change), requirement)
        self.assertIn(self.saskia.encode(), self.digid.said)

    def assert_another_reader_is_fooled(self):
        """The signature holds: the attack is one."""
        said, certificate = self.digid.said, self.digid.signing.cert
        self.assertTrue(xmlsec.verifies(said, certificate, signed_id=self.genuine))

    def test_attack_xsw1_a_message_whose_signature_holds_the_genuine_one_is_refused(self):
        self.wrapped_message(wrapping.xsw1, "digid case 11")

    def test_attack_xsw2_a_message_beside_whose_signature_stands_the_genuine_one_is_refused(self):
        self.wrapped_message(wrapping.xsw2, "digid case 29")
        self.assert_another_reader_is_fooled()

    def test_attack_xsw3_a_forged_assertion_before_the_genuine_one_is_refused(self):
        self.wrapped_assertion(wrapping.xsw3, "digid case 29")
        self.assert_another_reader_is_fooled()

    def test_attack_xsw4_a_forged_assertion_around_the_genuine_one_is_refused(self):
        self.wrapped_assertion(wrapping.xsw4, "digid case 28")
        self.assert_another_reader_is_fooled()

    def test_attack_xsw5_a_forged_assertion_with_the_signature_of_the_genuine_one_is_refused(self):
        self.wrapped_assertion(wrapping.xsw5, "digid case 29")
        self.assert_another_reader_is_fooled()

    def test_attack_xsw6_a_forged_assertion_whose_signature_holds_the_genuine_one_is_refused(self):
        self.wrapped_assertion(wrapping.xsw6, "SAML core 5.4")

    def test_attack_xsw7_a_forged_assertion_in_extensions_under_the_same_id_is_refused(self):
        def wrap(message, forge):
            wrapping.xsw7(message, forge, same_id=True)

        self.wrapped_assertion(wrap, "digid case 29")

    def test_attack_xsw7_a_forged_assertion_in_extensions_under_its_own_id_is_never_read(self):
        def change(message):
            forge = wrapping.another_person(self.saskia)
            wrapping.xsw7(message, forge, same_id=False)

        # DigiD signed the message with this in it, and one genuine assertion: that one counts.
        self.assert_accepted(Answer(bsn=self.joost, change_signed_assertion=change))
        self.assertIn(self.saskia.encode(), self.digid.said)
        logged_in = self.whose()
        self.assert_accepted(Answer(bsn=self.joost))
        self.assertEqual(logged_in, self.whose())
        self.assert_accepted(Answer(bsn=self.saskia))
        self.assertNotEqual(logged_in, self.whose())

    def whose(self) -> bytes:
        """Whom the audit names last, as a tag."""
        return self.demo.audit("mitz")[-1][2]

    def test_attack_xsw8_a_forged_assertion_with_the_genuine_one_in_an_object_is_refused(self):
        self.wrapped_assertion(wrapping.xsw8, "SAML core 5.4")

    def test_attack_every_assertion_that_is_wrapped_after_signing_breaks_the_message(self):
        variants = [wrapping.xsw3, wrapping.xsw4, wrapping.xsw5, wrapping.xsw6, wrapping.xsw8]
        for wrap in variants:
            with self.subTest(wrap.__name__):
                self.wrapped_message(wrap, "digid case 11")

    def test_attack_a_genuine_message_in_the_soap_header_is_refused(self):
        self.wrapped_message(wrapping.soap_header, "digid case 29")
        self.assert_another_reader_is_fooled()

    def test_attack_a_second_message_in_the_soap_body_is_refused(self):
        self.wrapped_message(wrapping.soap_body, "SAML bindings 3.2")
        self.assert_another_reader_is_fooled()
