"""What tests of a login share: one demo for each class, logins, and what they leave behind."""

import base64
import hashlib
import secrets
import shutil
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from saml2 import BINDING_HTTP_REDIRECT

from . import wire
from .answer import Answer
from .demo import Demo
from .digid import Digid
from .service import Site, artifact_in
from .wire import Person, Wire

CLIENT_ID = "pgo.localhost"

LOGGED_IN = [("seed 000 step 4", "granted"), ("seed 000 step 5", "granted")]
"""What Mitz' audit says of a login, and of the consent page after it."""


RELAY_STATE = "relay & state"
"""What a service gives along with a request, in need of escapes."""


@dataclass
class Login:
    """A login, from the authorization request to the page where it ended."""

    person: Person
    page: wire.Answer
    trace: str
    """The number under which the log tells of it."""
    state: str


class LoginCase(unittest.TestCase):
    """Tests of logins at another DigiD: one demo for each class."""

    binding = BINDING_HTTP_REDIRECT
    settings: str | None = None

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="sluis-e2e-saml-digid-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.digid = cls.another_digid()
        cls.addClassCleanup(cls.digid.close)
        cls.demo = Demo(cls.input_folder())
        cls.addClassCleanup(cls.demo.stop)
        cls.wire = Wire([cls.demo.authority, cls.digid.authority.file])
        cls.sp_metadata = cls.wire.get(cls.demo.told["saml"]["sp_metadata_url"]).body
        cls.digid.meet(cls.sp_metadata, cls.demo.authority)
        cls.joost, cls.saskia = cls.demo.bsn("Joost"), cls.demo.bsn("Saskia")

    @classmethod
    def another_digid(cls) -> Digid:
        return Digid(cls.folder, cls.binding)

    @classmethod
    def input_folder(cls) -> Path:
        return cls.digid.input_folder(cls.settings)

    def login(self, answer: Answer, person: Person | None = None) -> Login:
        """A person asks for data at a client and logs in at DigiD, which says `answer`."""
        person = person or Person(self.wire)
        self.digid.answer = answer
        self.digid.faults.clear()
        asked_before = len(self.digid.requested)
        state = secrets.token_urlsafe()
        page = person.open(self.authorization_request(state))
        self.assertEqual(self.digid.faults, [], "the other DigiD could not read what came")
        self.assertEqual(len(self.digid.requested), asked_before + 1)
        trace = self.digid.requested[-1].parameters["RelayState"]
        return Login(person, page, trace, state)

    def authorization_request(self, state: str) -> str:
        """A whole one, for a client of the sample (mitz case 1)."""
        challenge = hashlib.sha256(secrets.token_bytes()).digest()
        parameters = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": self.redirect_uri,
            "scope": "openid offline_access",
            "state": state,
            "nonce": secrets.token_urlsafe(),
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return self.demo.url("mitz", f"/authorize?{urlencode(parameters)}")

    @property
    def redirect_uri(self) -> str:
        return next(
            client["redirect_uris"][0]
            for client in self.demo.told["clients"]
            if client["client_id"] == CLIENT_ID
        )

    def assert_logged_in(self, login: Login):
        """The person stands before the consent page."""
        self.assertEqual(login.page.url, self.demo.url("toestemmingen", "/toestemming"))
        self.assertEqual(login.page.status, 200)
        self.assertEqual(self.demo.refusals(login.trace), [])
        told = [(requirement, outcome) for requirement, outcome, _ in self.demo.audit("mitz")[-2:]]
        self.assertEqual(told, LOGGED_IN)

    def assert_accepted(self, answer: Answer):
        login = self.login(answer)
        self.assert_logged_in(login)
        return login

    def assert_refused(self, answer: Answer, requirement: str, page: str = "/niet-ingelogd"):
        """Nobody is logged in, the person and the operator are told, and nothing is stored but
        that this AuthnRequest was answered."""
        before, audited = self.demo.rows("mitz"), len(self.demo.audit("mitz"))
        login = self.login(answer)
        self.assertEqual((login.page.status, login.page.path), (200, page))
        self.assertEqual(parse_qs(urlsplit(login.page.url).query), {"aanvraag": [login.trace]})
        self.assertEqual(self.demo.refusals(login.trace), [requirement])
        self.assert_only_the_answer_is_remembered(before)
        told = self.demo.audit("mitz")[audited:]
        self.assertEqual(told, [(requirement, "refused", None)])
        # The cookie that leads back to a login is not there; that of the request still is.
        cookies = "".join(login.person.cookies(self.demo.url("mitz")))
        self.assertNotIn("aanmelding", cookies)
        self.assertIn("aanvraag", cookies)
        return login

    def assert_only_the_answer_is_remembered(self, before: dict[str, set]):
        after = self.demo.rows("mitz")
        new = {table: after[table] - before[table] for table in after}
        spaces = [space for _day, space, *_ in new.pop("once")]
        self.assertEqual(spaces, ["mitz.authnrequest"])
        self.assertEqual(new, {table: set() for table in new})
        for table, rows in before.items():
            self.assertLessEqual(rows, after[table])


class SimulatorCase(unittest.TestCase):
    """Tests of a service at our simulator of DigiD: one demo for each class.

    The simulator runs alone, and the service stands where it looks for Mitz (`--only`,
    `--elsewhere`).
    """

    service_type: type[Site]

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="sluis-e2e-saml-service-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.service = cls.service_type(cls.folder)
        cls.addClassCleanup(cls.service.close)
        elsewhere = f"mitz={cls.service.port}"
        arguments = ["--only", "digid", "--elsewhere", elsewhere]
        cls.demo = Demo(cls.service.input_folder(), *arguments)
        cls.addClassCleanup(cls.demo.stop)
        cls.wire = Wire([cls.demo.authority])
        cls.idp_metadata = cls.wire.get(cls.demo.told["saml"]["idp_metadata_url"]).body
        cls.service.meet(cls.idp_metadata, cls.demo.authority)
        cls.joost = cls.demo.bsn("Joost")

    def at_login_page(self, person: Person, page: wire.Answer, **chosen) -> str:
        """The artifact that somebody brings back from the login page, and with it the RelayState
        that the service gave."""
        self.assertEqual(page.status, 200, page.heading)
        choice = {"keuze": "inloggen", "bsn": self.joost, **chosen}
        back = person.submit(page.page.forms[0], choice, until=self.service.acs_url)
        artifact, relay_state = artifact_in(back.url)
        # digid case 9
        self.assertEqual(relay_state, RELAY_STATE)
        return artifact
