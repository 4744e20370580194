"""maykin-python3-saml as a service at our simulator of DigiD: it works with the real one (digid.md
§6.2)."""

from onelogin.saml2.errors import OneLogin_Saml2_ValidationError as Refused
from saml2 import samlp

from peer.answer import MIDDEN, SUBSTANTIEEL
from peer.case import RELAY_STATE, SimulatorCase
from peer.certificates import saml_signing
from peer.maykin import MaykinService
from peer.wire import Person

WITHOUT_CODE = 0
"""What the library says when it has no number for what is wrong."""


class MaykinAtTheSimulator(SimulatorCase):
    """Somebody logs in at the simulator, for maykin-python3-saml in its strict mode."""

    service_type = MaykinService

    def login(self, level: str = SUBSTANTIEEL, **chosen) -> tuple[str, str]:
        """The identifier of an AuthnRequest in a form, and the artifact that answers it."""
        request_id, url, fields = self.service.form(RELAY_STATE, level)
        person = Person(self.wire)
        page = person.post(url, fields, page=self.service.acs_url)
        return request_id, self.at_login_page(person, page, **chosen)

    def assert_logged_in(self, request_id: str, artifact: str, level: str = SUBSTANTIEEL):
        # It checks schema, status, issuers, audience, recipient, times and the signature of the
        # assertion, but not that of the message around it: `ServiceAtTheSimulator` does.
        response = self.service.resolved(artifact)
        # This it leaves to its user.
        self.assertEqual(response.get_in_response_to(), request_id)
        self.assertEqual(response.get_nameid(), f"s00000000:{self.joost}")
        self.assertIsNone(response.get_nameid_format())
        self.assertEqual(response.get_authn_contexts(), [level])
        self.assertEqual(response.get_attributes(), {})

    def assert_refused(self, artifact: str, code: int, told: str, **idp):
        with self.assertRaises(Refused) as refused:
            self.service.resolved(artifact, **idp)
        self.assertEqual(refused.exception.code, code)
        self.assertIn(told, str(refused.exception))

    def test_digid_case_058_maykin_python3_saml_logs_in_at_the_simulator(self):
        self.assert_logged_in(*self.login())

    def test_digid_case_058_maykin_python3_saml_logs_in_at_the_simulator_by_redirect(self):
        request_id, url = self.service.login_url(RELAY_STATE)
        person = Person(self.wire)
        self.assert_logged_in(request_id, self.at_login_page(person, person.open(url)))

    def test_digid_case_011_maykin_python3_saml_hears_of_midden_when_it_asked_for_midden(self):
        request_id, artifact = self.login(MIDDEN, niveau="midden")
        self.assert_logged_in(request_id, artifact, MIDDEN)

    def test_digid_case_012_maykin_python3_saml_hears_that_the_artifact_was_resolved_before(self):
        request_id, artifact = self.login()
        self.assert_logged_in(request_id, artifact)
        told = "The status code of the ArtifactResponse was not Success, was Requester -> "
        self.assert_refused(artifact, WITHOUT_CODE, told + samlp.STATUS_REQUEST_DENIED)

    def test_digid_case_017_maykin_python3_saml_hears_that_the_person_cancelled(self):
        _, artifact = self.login(keuze="annuleren")
        told = "The status code of the Response was not Success, was Responder"
        self.assert_refused(artifact, Refused.STATUS_CODE_AUTHNFAILED, told)

    def test_digid_case_018_maykin_python3_saml_hears_that_the_level_was_not_reached(self):
        _, artifact = self.login(niveau="midden")
        told = "The status code of the Response was not Success, was Responder"
        self.assert_refused(artifact, Refused.STATUS_CODE_IS_NOT_SUCCESS, told)

    def test_maykin_python3_saml_would_refuse_an_assertion_by_another_key(self):
        _, artifact = self.login()
        another = saml_signing(self.folder, "somebody-else").cert.read_text()
        told = "Signature validation failed. SAML Response rejected"
        self.assert_refused(artifact, Refused.INVALID_SIGNATURE, told, x509cert=another)
