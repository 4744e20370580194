"""The schema of `parties.json`: documents that fit, and documents that do not."""

import unittest

from inputs import validator

URL = "https://mitz.localhost:9443"

GOOD = [
    {},
    {"mitz": {"base_url": URL}},
    {"mitz": {"base_url": "https://mitz.sub.localhost/a/b"}},
    {"mitz": {"hosts": {"mitz": URL, "mitz-back": URL, "toestemmingen": URL}}},
    {"mitz": {"base_url": URL, "hosts": {"mitz-back": URL}, "ca": "keys/ca.pem"}},
    {"mitz": {"base_url": URL, "certificate": "mitz.pem", "endpoints": {"issuer": URL}}},
    {"digid": {"hosts": {"digid": URL, "digid-back": URL}, "endpoints": {"metadata_url": URL}}},
    {"dva": {"hosts": {"dva": URL, "dva-back": URL, "discovery": URL}}},
    {"dva2": {"hosts": {"dva2": URL, "dva2-back": URL, "discovery2": URL}}},
    {"dva": {"base_url": URL, "endpoints": {"token_endpoint": f"{URL}/token"}}},
    {"pgo": {"base_url": URL, "redirect_uris": ["https://pgo.localhost:{port}/terug"]}},
    {name: {"hosts": {name: URL}} for name in ("pgo", "lokalisatie", "xis", "xis2", "stelselnode")},
]

BAD = [
    [],
    {"netwerk": {"base_url": URL}},
    {"mitz": URL},
    {"mitz": {}},
    {"mitz": {"ca": "keys/ca.pem"}},
    {"mitz": {"base_url": URL, "port": 9443}},
    {"mitz": {"hosts": {"pgo": URL}}},
    {"mitz": {"base_url": URL, "ca": "../ca.pem"}},
    {"mitz": {"base_url": URL, "certificate": "/etc/mitz.pem"}},
    {"mitz": {"base_url": URL, "endpoints": {"token_endpoint": URL}}},
    {"mitz": {"base_url": URL, "redirect_uris": ["https://pgo.localhost/terug"]}},
    {"xis": {"base_url": URL, "endpoints": {}}},
    {"pgo": {"base_url": URL, "redirect_uris": "https://pgo.localhost/terug"}},
    {"pgo": {"base_url": URL, "redirect_uris": ["http://pgo.localhost/terug"]}},
    *(
        {"mitz": {"base_url": url}}
        for url in (
            "http://mitz.localhost",
            "https://mitz.example",
            "https://mitz.localhost.example",
            "https://localhost",
            "https://127.0.0.1",
            "https://mitz.localhost/",
            "https://mitz.localhost/a/",
            "https://mitz.localhost//a",
            "https://mitz.localhost?a",
            "https://mitz.localhost#a",
            "https://me@mitz.localhost",
            "https://mitz.localhost:",
            "https://mitz.localhost:0",
            "https://mitz.localhost:65536",
            "https://MITZ.localhost",
            "",
            None,
        )
    ),
]


class Parties(unittest.TestCase):
    def test_parties_that_others_play_fit(self):
        for document in GOOD:
            with self.subTest(document):
                validator("parties").validate(document)

    def test_other_parties_members_and_places_do_not(self):
        for document in BAD:
            with self.subTest(document):
                self.assertFalse(validator("parties").is_valid(document))
