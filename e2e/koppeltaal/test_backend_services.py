"""Authlib asks for tokens as SMART backend services do."""

import base64
import json
import socket
import ssl
from urllib.parse import urlsplit

from application.case import EPD, MODULE, PORTAAL, DomainCase


class BackendServices(DomainCase):
    """Applications with keys of three kinds."""

    def test_koppeltaal_case_007_authlib_gets_a_token_with_a_key_of_each_kind(self):
        for client_id in (EPD, PORTAAL, MODULE):
            token = self.token(client_id)
            self.assertEqual(token["token_type"].lower(), "bearer")
            self.assertEqual(token["expires_in"], 300)
            claims = token["access_token"].split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
            self.assertEqual(claims["azp"], client_id)
            self.assertEqual(claims["scope"], token["scope"])
            self.assertEqual(claims["iss"], self.discovered()["issuer"])

    def test_koppeltaal_case_037_and_038_and_039_scopes_name_owners(self):
        scopes = {client_id: self.token(client_id)["scope"] for client_id in (EPD, PORTAAL, MODULE)}
        own = f"?resource-origin=Device/{EPD}"
        self.assertEqual(scopes[EPD], f"system/Patient.crus{own}")
        self.assertIn("system/Patient.rs ", scopes[PORTAAL] + " ")
        self.assertIn(f"system/Task.rs?resource-origin=Device/{PORTAAL}", scopes[MODULE].split())

    def test_koppeltaal_case_011_a_narrower_scope_is_given(self):
        self.assertEqual(self.token(PORTAAL, "system/Patient.r")["scope"], "system/Patient.r")

    def test_koppeltaal_case_111_tls_before_1_2_is_refused(self):
        for version, accepted in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)):
            context = ssl.create_default_context(cafile=self.demo.authority)
            # OpenSSL itself offers nothing so old above this level.
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = version
            at = urlsplit(self.base)
            with socket.create_connection((at.hostname, at.port)) as plain:
                try:
                    with context.wrap_socket(plain, server_hostname=at.hostname) as secure:
                        self.assertEqual(secure.version(), "TLSv1.2")
                    shaken = True
                except ssl.SSLError as refused:
                    self.assertIn("ALERT", str(refused).upper())
                    shaken = False
            self.assertEqual(shaken, accepted, version)
