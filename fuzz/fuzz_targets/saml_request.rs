//! Requests to DigiD, to log in and to log out: in the query, as a form, and over SOAP.
#![no_main]
use saml::incoming::IdentityProvider;
use verdict::Moment;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let now = Moment::from_unix(1_795_000_000);
    let at = || IdentityProvider {
        url: "https://digid.localhost/saml/idp/request_authentication",
        service_providers: &[],
    };
    let _ = saml::reader::parse(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(saml::authn_request::receive_redirect(text, at(), now).is_err());
        assert!(saml::authn_request::receive_post(text, None, at(), now).is_err());
        assert!(saml::entrance::receive_post(text, None, at(), now).is_err());
        assert!(saml::entrance::receive_logout(text, at(), now).is_err());
        assert!(saml::logout::receive_redirect(text, at(), now).is_err());
        assert!(saml::logout::receive_post(text, None, at(), now).is_err());
        let _ = saml::artifact::Artifact::parse(text);
    }
    assert!(saml::artifact_resolve::receive(bytes, at(), now).is_err());
});
