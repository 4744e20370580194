"""pysaml2 takes the place of DigiD by `parties.json`: its metadata is fetched, and only its own
authority vouches for it."""

import json

from peer.answer import Answer
from peer.case import LoginCase
from peer.digid import HOST, Digid


class DigidOfPartiesJson(LoginCase):
    """The simulator is not started; Mitz goes where `parties.json` says."""

    @classmethod
    def another_digid(cls) -> Digid:
        return Digid(cls.folder, cls.binding, back_host=HOST)

    @classmethod
    def input_folder(cls):
        folder = cls.folder / "input"
        folder.mkdir()
        (folder / "digid.pem").write_bytes(cls.digid.authority.file.read_bytes())
        (folder / "parties.json").write_text(json.dumps({"digid": cls.digid.party("digid.pem")}))
        (folder / "consents.json").write_text("[]")
        return folder

    def test_somebody_logs_in_at_the_digid_of_parties_json(self):
        self.assert_accepted(Answer(bsn=self.joost))
        self.assertEqual(self.digid.resolved[-1].client, "mitz-back.localhost")

    def test_the_simulator_is_not_started_and_demo_json_tells_who_plays_digid(self):
        self.assertFalse((self.demo.state / "digid").exists())
        self.assertEqual(self.demo.told["saml"]["idp_metadata_url"], self.digid.entity_id)
        told = {party["party"]: party for party in self.demo.told["parties"]}
        self.assertEqual(told["digid"]["node"], HOST)
        self.assertNotIn("key_file", told["digid"], "it has an authority of its own")

    def test_what_it_may_not_say_is_refused_as_at_any_digid(self):
        self.assert_refused(Answer(bsn="123456789"), "digid case 24")
