//! Metadata of both sides, and the keys in it.

use aws_lc_rs::digest;
use aws_lc_rs::rsa::KeySize;
use saml::keys::{BadCertificate, BadKey, Certificate, KeyInfo, SigningKey};
use saml::metadata::{ArtifactResolutionService, BadMetadata, IdpMetadata, SpMetadata};
use saml::reader::Unreadable;
use saml::signature::{self, CannotSign, SignatureFault};
use verdict::Moment;

use crate::common::{
    ACS, ACS_2, IDP_KEY, NOW, OTHER_KEY, RESOLVE, SP_KEY, SP_SLO, SSO, certificate_for,
    idp_metadata, part, replaced, rsa_pkcs8, sp_metadata, without, without_signature,
};

fn idp_xml() -> String {
    idp_metadata()
        .to_xml("_idp", &IDP_KEY.signing)
        .expect("signed")
}

fn sp_xml() -> String {
    sp_metadata()
        .to_xml("_sp", &SP_KEY.signing)
        .expect("signed")
}

fn idp_refusal(xml: &str) -> BadMetadata {
    IdpMetadata::parse(xml.as_bytes()).expect_err("refused")
}

fn sp_refusal(xml: &str) -> BadMetadata {
    SpMetadata::parse(xml.as_bytes()).expect_err("refused")
}

#[test]
fn metadata_of_both_sides_is_read_back() {
    assert_eq!(IdpMetadata::parse(idp_xml().as_bytes()), Ok(idp_metadata()));
    let trusted = [IDP_KEY.trusted()];
    assert_eq!(
        IdpMetadata::parse_signed(idp_xml().as_bytes(), &trusted),
        Ok(idp_metadata())
    );
    // SAML metadata §2.4
    assert_eq!(SpMetadata::parse(sp_xml().as_bytes()), Ok(sp_metadata()));
    let trusted = [SP_KEY.trusted()];
    assert_eq!(
        SpMetadata::parse_signed(sp_xml().as_bytes(), &trusted),
        Ok(sp_metadata())
    );
    assert_eq!(idp_metadata().keys().len(), 1);
    assert_eq!(sp_metadata().keys().len(), 1);
}

/// SAML metadata 2.2.2: the answer to a logout may have an address of its own.
#[test]
fn the_answer_to_a_logout_goes_where_the_metadata_says() {
    let slo = |attributes: &str| {
        let endpoint = format!("Location=\"{SP_SLO}\"");
        let xml = replaced(&sp_xml(), &endpoint, attributes);
        SpMetadata::parse(xml.as_bytes()).map(|sp| sp.slo_redirect)
    };
    let own = slo(&format!(
        "Location=\"{SP_SLO}\" ResponseLocation=\"https://mitz.test/answers\""
    ));
    assert_eq!(own, Ok(Some("https://mitz.test/answers".to_owned())));
    let no_url = slo(&format!(
        "Location=\"{SP_SLO}\" ResponseLocation=\"/answers\""
    ));
    assert_eq!(no_url, Err(BadMetadata::BadEndpoint));
}

#[test]
fn metadata_says_what_digid_wants() {
    // digid.md §2.1
    for part in [
        "AuthnRequestsSigned=\"true\"",
        "WantAssertionsSigned=\"true\"",
        "bindings:HTTP-Artifact\"",
    ] {
        assert!(sp_xml().contains(part), "{part}");
    }
    let idp = idp_xml();
    assert!(idp.contains("WantAuthnRequestsSigned=\"true\""));
    let signature = part(&idp, "<ds:Signature ", "</ds:Signature>");
    assert!(signature.contains("<ds:KeyName>") && !signature.contains("X509Certificate"));
}

#[test]
fn a_signature_that_was_asked_for_must_count() {
    let refusal = |xml: &str, trusted: &[_]| {
        IdpMetadata::parse_signed(xml.as_bytes(), trusted).expect_err("refused")
    };
    let trusted = [IDP_KEY.trusted()];
    let fault = BadMetadata::Signature;
    assert_eq!(
        refusal(&without_signature(&idp_xml()), &trusted),
        fault(SignatureFault::Missing)
    );
    let altered = idp_xml().replace("https://digid.test", "https://evil.test");
    assert_eq!(refusal(&altered, &trusted), fault(SignatureFault::Digest));
    assert_eq!(
        refusal(&idp_xml(), &[OTHER_KEY.trusted()]),
        fault(SignatureFault::Value)
    );
    assert!(
        IdpMetadata::parse(altered.as_bytes()).is_ok(),
        "unless it came by a trusted way"
    );
}

#[test]
fn artifacts_are_resolved_at_the_address_of_their_index() {
    let mut metadata = idp_metadata();
    metadata
        .artifact_resolution
        .push(ArtifactResolutionService {
            index: 7,
            url: "https://other.test/resolve".to_owned(),
        });
    assert_eq!(metadata.artifact_resolution_at(0), Some(RESOLVE));
    assert_eq!(
        metadata.artifact_resolution_at(7),
        Some("https://other.test/resolve")
    );
    assert_eq!(metadata.artifact_resolution_at(1), None);
}

#[test]
fn consumer_services_are_found_by_index_url_or_default() {
    let metadata = sp_metadata();
    assert_eq!(metadata.consumer_at(0), Some(ACS));
    assert_eq!(metadata.consumer_at(1), Some(ACS_2));
    assert_eq!(metadata.consumer_at(2), None);
    assert_eq!(metadata.consumer_of_url(ACS_2), Some(ACS_2));
    assert_eq!(metadata.consumer_of_url("https://mitz.test"), None);
    assert_eq!(metadata.default_consumer(), Some(ACS));
    let mut no_default = sp_metadata();
    no_default.consumers.pop();
    assert_eq!(no_default.default_consumer(), Some(ACS_2));
}

/// The shape in which pysaml2 writes an identity provider: other prefixes, a default namespace,
/// keys without or with use, line breaks in certificates, parts that we do not know.
#[test]
fn metadata_of_other_programs_is_read() {
    let broken_lines = |certificate: &Certificate| {
        let base64 = certificate.to_base64();
        let (start, end) = base64.split_at(64);
        format!("\n{start}\n{end}\n")
    };
    let key = |used: &str, certificate: &Certificate| {
        format!(
            "<KeyDescriptor{used}><d:KeyInfo><d:X509Data><d:X509Certificate>{}</d:X509Certificate></d:X509Data></d:KeyInfo></KeyDescriptor>",
            broken_lines(certificate)
        )
    };
    let (one, two, three) = (
        SP_KEY.certificate(),
        OTHER_KEY.certificate(),
        IDP_KEY.certificate(),
    );
    let xml = format!(
        "<?xml version='1.0' encoding='UTF-8'?>
        <!-- made by hand -->
        <EntityDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata' xmlns:d='http://www.w3.org/2000/09/xmldsig#' entityID='https://idp.test'>
        <Extensions><x xmlns='urn:other'/></Extensions>
        <IDPSSODescriptor protocolSupportEnumeration='urn:other urn:oasis:names:tc:SAML:2.0:protocol'>
        {}{}{}
        <ArtifactResolutionService Binding='urn:oasis:names:tc:SAML:2.0:bindings:SOAP' Location='https://idp.test/ars' index='1'/>
        <SingleLogoutService Binding='urn:oasis:names:tc:SAML:2.0:bindings:SOAP' Location='https://idp.test/slo'/>
        <NameIDFormat>urn:x</NameIDFormat>
        <SingleSignOnService Binding='urn:other' Location='urn:other'/>
        <SingleSignOnService Binding='urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST' Location='https://idp.test/sso'/>
        </IDPSSODescriptor>
        <Organization><OrganizationName xml:lang='nl'>x</OrganizationName></Organization>
        </EntityDescriptor>",
        key(" use='signing'", &one), key("", &two), key(" use='encryption'", &three)
    );
    let metadata = IdpMetadata::parse(xml.as_bytes()).expect("read");
    assert_eq!(metadata.entity_id, "https://idp.test");
    assert_eq!(metadata.sso_redirect, None);
    assert_eq!(metadata.sso_post.as_deref(), Some("https://idp.test/sso"));
    assert_eq!(
        metadata.artifact_resolution_at(1),
        Some("https://idp.test/ars")
    );
    // SAML metadata §2.4.1.1
    assert_eq!(metadata.signing, [one, two]);
}

#[test]
fn what_is_no_metadata_is_refused() {
    let (idp, sp) = (idp_xml(), sp_xml());
    assert_eq!(
        idp_refusal(""),
        BadMetadata::Unreadable(Unreadable::Malformed)
    );
    assert_eq!(
        idp_refusal("<!DOCTYPE a><a/>"),
        BadMetadata::Unreadable(Unreadable::Doctype)
    );
    for not_it in [
        "<a/>".to_owned(),
        sp.clone(),
        idp.replace("entityID=", "name="),
        replaced(
            &idp,
            &format!("entityID=\"{}\"", idp_metadata().entity_id),
            "entityID=\"\"",
        ),
        idp.replace(":SAML:2.0:protocol\"", ":SAML:1.1:protocol\""),
        idp.replace("md:EntityDescriptor", "md:EntitiesDescriptor"),
        idp.replace("md:IDPSSODescriptor", "md:AttributeAuthorityDescriptor"),
        replaced(
            &idp,
            "<md:IDPSSODescriptor ",
            "<md:IDPSSODescriptor/><md:IDPSSODescriptor ",
        ),
    ] {
        assert_eq!(idp_refusal(&not_it), BadMetadata::NotMetadata);
    }
    assert_eq!(sp_refusal(&idp), BadMetadata::NotMetadata);
}

#[test]
fn metadata_without_what_a_login_needs_is_refused() {
    let (idp, sp) = (idp_xml(), sp_xml());
    assert_eq!(
        idp_refusal(&idp.replace("bindings:SOAP", "bindings:PAOS")),
        BadMetadata::NoEndpoint
    );
    assert_eq!(
        idp_refusal(&idp.replace("bindings:HTTP-", "bindings:Other-")),
        BadMetadata::NoEndpoint
    );
    let redirect_only = idp.replace("bindings:HTTP-POST", "bindings:Other");
    assert!(IdpMetadata::parse(redirect_only.as_bytes()).is_ok());
    assert_eq!(
        sp_refusal(&sp.replace("HTTP-Artifact", "HTTP-POST")),
        BadMetadata::NoEndpoint
    );
    for xml in [&idp, &sp] {
        let no_key = without(xml, "<md:KeyDescriptor", "</md:KeyDescriptor>");
        let refusal = IdpMetadata::parse(no_key.as_bytes())
            .err()
            .filter(|why| *why != BadMetadata::NotMetadata);
        let refusal = refusal.or(SpMetadata::parse(no_key.as_bytes()).err());
        assert_eq!(refusal, Some(BadMetadata::NoCertificate));
    }
    let certificate = part(&idp, "<ds:X509Certificate>", "</ds:X509Certificate>");
    let bad = replaced(
        &idp,
        certificate,
        "<ds:X509Certificate>AAAA</ds:X509Certificate>",
    );
    assert_eq!(
        idp_refusal(&bad),
        BadMetadata::Certificate(BadCertificate::Unreadable)
    );
}

#[test]
fn endpoints_have_https_urls_and_numeric_indexes() {
    let (idp, sp) = (idp_xml(), sp_xml());
    let location = |url: &str| format!("Location=\"{url}\"");
    for url in [
        "http://digid.test/sso",
        "javascript:alert(1)",
        "https://",
        "",
        "https://a b",
    ] {
        for old in [SSO, RESOLVE] {
            let xml = replaced(&idp, &location(old), &location(url));
            assert_eq!(idp_refusal(&xml), BadMetadata::BadEndpoint, "{url}");
        }
        let xml = replaced(&sp, &location(ACS), &location(url));
        assert_eq!(sp_refusal(&xml), BadMetadata::BadEndpoint, "{url}");
    }
    for index in [
        "",
        "index=\"\"",
        "index=\"x\"",
        "index=\"65536\"",
        "index=\"-1\"",
    ] {
        assert_eq!(
            idp_refusal(&replaced(&idp, "index=\"0\"", index)),
            BadMetadata::BadEndpoint
        );
        assert_eq!(
            sp_refusal(&replaced(&sp, "index=\"0\"", index)),
            BadMetadata::BadEndpoint
        );
    }
}

#[test]
fn a_certificate_is_its_key_and_its_dates() {
    let certificate = IDP_KEY.certificate();
    assert_eq!(
        Certificate::from_base64(&certificate.to_base64()),
        Ok(certificate.clone())
    );
    let sha256 = digest::digest(&digest::SHA256, certificate.der());
    let hex = sha256
        .as_ref()
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    // digid.md §3.1
    assert_eq!(certificate.key_name(), hex);
    assert_ne!(certificate, OTHER_KEY.certificate());
    assert!(certificate.is_valid_at(NOW));
    // RFC 5280 §4.1.2.5: from the first second of 1975 to the first of 4096, both included.
    let (from, until) = (157_766_400, 67_090_118_400);
    let is_valid_at = |seconds| certificate.is_valid_at(Moment::from_unix(seconds));
    assert_eq!([from - 1, from].map(is_valid_at), [false, true]);
    assert_eq!([until, until + 1].map(is_valid_at), [true, false]);
    let with_more = [certificate.der(), &[0]].concat();
    assert_eq!(
        Certificate::from_der(&with_more),
        Err(BadCertificate::Unreadable)
    );
    assert_eq!(Certificate::from_der(b""), Err(BadCertificate::Unreadable));
}

/// A certificate for RSA of 1024 bits, made with openssl for this test.
const SHORT: &str = "
    MIICBjCCAW+gAwIBAgIUTZF/HoKT3DF/8YJOTwU6RAoNjEMwDQYJKoZIhvcNAQELBQAwFTETMBEG
    A1UEAwwKc2hvcnQudGVzdDAeFw0yNjExMjIxMTAwMDhaFw0zNjExMTkxMTAwMDhaMBUxEzARBgNV
    BAMMCnNob3J0LnRlc3QwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBAMThX6o4bg6CZArVap3D
    cUSgXvwyQyehdegxd6/wPdr13JHHhaZHJmbcEQz+Bd5KTlw8tN8eYU3Pj1JvfFr2wei6jWDy1mxK
    VKmOdMMbcg9I5fYTR8dC6i0hvHNHOVgJmxLOZ05Ju6ji81WvJ+Rbk3n6Zt3fWYevxsnbF8KxJ3Yf
    AgMBAAGjUzBRMB0GA1UdDgQWBBTH+fAvyg/Bli5Dhmws/YKLMQYwyTAfBgNVHSMEGDAWgBTH+fAv
    yg/Bli5Dhmws/YKLMQYwyTAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4GBADHvZR0k
    75GHtFk8NTEGoMEsYcnsjvebEPgUNQKPm36SWHPiqvS9XAn0qnW/eIczM7H+dhTwKIV8P6ywrb8q
    2KckiHMEiJoDL1N33FezWNjIIRZU+7KpypYCGd8C2nqaU/muHRomIThqSbHO/TkHv3f6COXZhzez
    n76QYB9e9/ee";

#[test]
fn a_certificate_for_a_short_key_is_refused() {
    assert_eq!(Certificate::from_base64(SHORT), Err(BadCertificate::Key));
}

#[test]
fn only_keys_that_can_count_are_taken() {
    let ed25519 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("generated");
    let params = rcgen::CertificateParams::new(vec!["x.test".to_owned()]).expect("a name");
    let ed25519 = params.self_signed(&ed25519).expect("self-signed");
    assert_eq!(
        Certificate::from_der(ed25519.der()),
        Err(BadCertificate::Key)
    );

    let pkcs8 = rsa_pkcs8(KeySize::Rsa2048);
    let certificate = certificate_for(&pkcs8);
    let key =
        |pkcs8: &[u8], certificate| SigningKey::from_pkcs8(pkcs8, certificate, KeyInfo::KeyName);
    assert!(key(&pkcs8, certificate.clone()).is_ok());
    assert_eq!(key(b"", certificate).err(), Some(BadKey::Unreadable));
    assert_eq!(
        key(&pkcs8, OTHER_KEY.certificate()).err(),
        Some(BadKey::OtherCertificate)
    );
}

#[test]
fn keys_print_no_secret() {
    let printed = format!("{:?} {:?}", IDP_KEY.signing, IDP_KEY.trusted());
    assert!(printed.contains(&IDP_KEY.certificate().key_name()));
    assert!(printed.len() < 300, "{printed}");
}

#[test]
fn only_a_message_with_identifier_and_content_is_signed() {
    for message in [
        "",
        "<a/>",
        "<a ID=''><b/></a>",
        "<a ID='x'/>",
        "<a><b/></a>",
        "<a ID='x'><b/>",
    ] {
        let refusal = signature::sign(message, &IDP_KEY.signing);
        assert_eq!(refusal, Err(CannotSign::NotAMessage), "{message}");
    }
    let signed = signature::sign("<a ID='x'><b/></a>", &IDP_KEY.signing).expect("signed");
    assert!(
        signed.starts_with("<a ID='x'><ds:Signature "),
        "before all else"
    );
    assert!(signed.ends_with("</ds:Signature><b/></a>"));
}
