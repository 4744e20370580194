"""The other side of SAML, played by pysaml2 and once by maykin-python3-saml, and what a test needs
around it.

`digid` is an identity provider, `service` a service provider and `maykin` the other one, `answer`
what the identity provider says and how a test changes it, `wrapping` signature wrapping, `xmlsec`
the xmlsec1 program, `demo` the program under test, `wire` HTTPS to names under localhost and a
person with a browser, `case` what the tests of logins share.
"""
