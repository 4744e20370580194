//! One conversation that goes well; each test changes one thing in it.

use std::ops::Range;
use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa;
use identity::{Bsn, Loa};
use saml::NameId;
use saml::artifact::Artifact;
use saml::artifact_resolve::ArtifactResolve;
use saml::artifact_response::{
    ArtifactResponse, Assertion, Content, Outcome, Response, Subject, VALIDITY_S,
};
use saml::authn_request::{AuthnRequest, Consumer, RequestedLevel};
use saml::digid::{self, Asked, Authenticated, Refusal, Version};
use saml::incoming::IdentityProvider;
use saml::keys::{Certificate, KeyInfo, SigningKey, TrustedKey};
use saml::metadata::{
    ArtifactResolutionService, AssertionConsumerService, IdpMetadata, SpMetadata,
};
use saml::signature;
use verdict::Moment;

pub(crate) const NOW: Moment = Moment::from_unix(1_795_341_600);
pub(crate) const LEEWAY_S: u32 = 10;
pub(crate) const BSN: &str = "900029365";
/// Somebody else, who also passes the 11-check.
pub(crate) const VICTIM: &str = "900186021";

pub(crate) const SP: &str = "https://mitz.test/saml/metadata";
pub(crate) const ACS: &str = "https://mitz.test/saml/acs";
pub(crate) const ACS_2: &str = "https://mitz.test/saml/acs2";
pub(crate) const IDP: &str = "https://was.digid.test/saml/idp/metadata";
pub(crate) const SSO: &str = "https://digid.test/saml/idp/request_authentication";
pub(crate) const SLO: &str = "https://digid.test/saml/idp/request_logout";
pub(crate) const SP_SLO: &str = "https://mitz.test/saml/slo";
pub(crate) const SP_SLO_SOAP: &str = "https://mitz-back.test/saml/slo";
pub(crate) const RESOLVE: &str = "https://was.digid.test/saml/idp/resolve_artifact";
pub(crate) const REQUEST_ID: &str = "_request";
pub(crate) const RESOLVE_ID: &str = "_resolve";

pub(crate) static IDP_KEY: LazyLock<TestKey> = LazyLock::new(|| TestKey::new(KeyInfo::KeyName));
pub(crate) static SP_KEY: LazyLock<TestKey> = LazyLock::new(|| TestKey::new(KeyInfo::Certificate));
pub(crate) static OTHER_KEY: LazyLock<TestKey> =
    LazyLock::new(|| TestKey::new(KeyInfo::Certificate));

/// An RSA key of 2048 bits with a certificate.
pub(crate) struct TestKey {
    pub(crate) pkcs8: Vec<u8>,
    pub(crate) signing: SigningKey,
}

impl TestKey {
    pub(crate) fn new(key_info: KeyInfo) -> Self {
        let pkcs8 = rsa_pkcs8(rsa::KeySize::Rsa2048);
        let certificate = certificate_for(&pkcs8);
        let signing = SigningKey::from_pkcs8(&pkcs8, certificate, key_info).expect("usable key");
        Self { pkcs8, signing }
    }

    pub(crate) fn certificate(&self) -> Certificate {
        self.signing.certificate().clone()
    }

    pub(crate) fn trusted(&self) -> TrustedKey {
        self.signing.certificate().key().clone()
    }
}

pub(crate) fn rsa_pkcs8(size: rsa::KeySize) -> Vec<u8> {
    let pair = rsa::KeyPair::generate(size).expect("generated");
    pair.as_der().expect("encoded").as_ref().to_vec()
}

/// A self-signed certificate for a key in PKCS#8.
pub(crate) fn certificate_for(pkcs8: &[u8]) -> Certificate {
    let pair = rcgen::KeyPair::try_from(pkcs8).expect("a key that rcgen reads");
    let params = rcgen::CertificateParams::new(vec!["digid.test".to_owned()]).expect("a name");
    let certificate = params.self_signed(&pair).expect("self-signed");
    Certificate::from_der(certificate.der()).expect("usable certificate")
}

pub(crate) fn idp_metadata() -> IdpMetadata {
    IdpMetadata {
        entity_id: IDP.to_owned(),
        sso_redirect: Some(SSO.to_owned()),
        sso_post: Some(SSO.to_owned()),
        slo_redirect: Some(SLO.to_owned()),
        slo_post: Some(SLO.to_owned()),
        artifact_resolution: vec![ArtifactResolutionService {
            index: 0,
            url: RESOLVE.to_owned(),
        }],
        signing: vec![IDP_KEY.certificate()],
    }
}

pub(crate) fn sp_metadata() -> SpMetadata {
    let consumer = |index, url: &str, is_default| AssertionConsumerService {
        index,
        url: url.to_owned(),
        is_default,
    };
    SpMetadata {
        entity_id: SP.to_owned(),
        consumers: vec![consumer(1, ACS_2, false), consumer(0, ACS, true)],
        slo_redirect: Some(SP_SLO.to_owned()),
        slo_post: None,
        slo_soap: Some(SP_SLO_SOAP.to_owned()),
        signing: vec![SP_KEY.certificate()],
        encryption: Vec::new(),
        services: Vec::new(),
    }
}

pub(crate) fn request() -> AuthnRequest {
    AuthnRequest {
        id: REQUEST_ID.to_owned(),
        issue_instant: NOW,
        issuer: SP.to_owned(),
        consumer: Consumer::Index(0),
        level: RequestedLevel::minimum(Loa::Midden),
        force_authn: true,
        provider_name: Some("Mitz & co".to_owned()),
    }
}

/// Calls `with` with an identity provider at `url` that knows only our service provider.
pub(crate) fn at<T>(url: &str, with: impl FnOnce(IdentityProvider<'_>) -> T) -> T {
    let service_providers = [sp_metadata()];
    with(IdentityProvider {
        url,
        service_providers: &service_providers,
    })
}

pub(crate) fn artifact() -> Artifact {
    Artifact::new(IDP, 0, [7; 20])
}

pub(crate) fn resolve() -> ArtifactResolve {
    ArtifactResolve {
        id: RESOLVE_ID.to_owned(),
        issue_instant: NOW,
        issuer: SP.to_owned(),
        artifact: artifact(),
    }
}

pub(crate) fn assertion() -> Assertion {
    Assertion {
        id: "_assertion".to_owned(),
        issue_instant: NOW,
        subject: Subject::NameId(NameId::bsn(&Bsn::parse(BSN).expect("valid"))),
        audience: SP.to_owned(),
        recipient: ACS.to_owned(),
        in_response_to: REQUEST_ID.to_owned(),
        not_before: NOW.minus_s(VALIDITY_S),
        not_on_or_after: NOW.plus_s(VALIDITY_S),
        authn_instant: NOW,
        session_index: "session".to_owned(),
        subject_address: "192.0.2.1".to_owned(),
        loa: Loa::Midden,
    }
}

pub(crate) fn response(outcome: Outcome) -> Response {
    Response {
        id: "_response".to_owned(),
        issue_instant: NOW,
        in_response_to: REQUEST_ID.to_owned(),
        destination: ACS.to_owned(),
        outcome,
    }
}

pub(crate) fn answer(content: Content) -> ArtifactResponse {
    ArtifactResponse {
        id: "_answer".to_owned(),
        issue_instant: NOW,
        issuer: IDP.to_owned(),
        in_response_to: RESOLVE_ID.to_owned(),
        content,
    }
}

pub(crate) fn outcome(outcome: Outcome) -> ArtifactResponse {
    answer(Content::Response(Box::new(response(outcome))))
}

pub(crate) fn success(assertion: Assertion) -> ArtifactResponse {
    outcome(Outcome::Success(Box::new(assertion)))
}

/// As DigiD would send it.
pub(crate) fn soap(answer: &ArtifactResponse) -> String {
    answer.to_soap(&IDP_KEY.signing).expect("signed")
}

/// A good answer, signed by DigiD, ready to be tampered with.
pub(crate) fn good() -> String {
    soap(&success(assertion()))
}

/// What our service provider asked, of whoever holds one of these keys.
pub(crate) fn asked(idp_keys: &[TrustedKey]) -> Asked<'_> {
    Asked {
        authn_request_id: REQUEST_ID,
        requested_at: NOW,
        artifact_resolve_id: RESOLVE_ID,
        sp_entity_id: SP,
        acs_url: ACS,
        min_loa: Loa::Midden,
        idp_entity_id: IDP,
        idp_keys,
        version: Version::V3,
    }
}

/// What our service provider makes of an answer.
pub(crate) fn judge(soap: &str) -> Result<Authenticated, Refusal> {
    judge_bytes(soap.as_bytes())
}

pub(crate) fn judge_bytes(soap: &[u8]) -> Result<Authenticated, Refusal> {
    digid::accept(soap, &asked(&[IDP_KEY.trusted()]), NOW, LEEWAY_S)
}

/// The same for somebody who asked for this level.
pub(crate) fn judge_at(min_loa: Loa, soap: &str) -> Result<Authenticated, Refusal> {
    let keys = [IDP_KEY.trusted()];
    let asked = Asked {
        min_loa,
        ..asked(&keys)
    };
    digid::accept(soap.as_bytes(), &asked, NOW, LEEWAY_S)
}

/// The first place from `start` to the end of the next `end`.
pub(crate) fn span(xml: &str, start: &str, end: &str) -> Range<usize> {
    let from = xml.find(start).expect("start");
    let to = from + xml[from..].find(end).expect("end") + end.len();
    from..to
}

/// The text of that place.
pub(crate) fn part<'x>(xml: &'x str, start: &str, end: &str) -> &'x str {
    &xml[span(xml, start, end)]
}

/// The text without the first such place.
pub(crate) fn without(xml: &str, start: &str, end: &str) -> String {
    let place = span(xml, start, end);
    [&xml[..place.start], &xml[place.end..]].concat()
}

/// The text with the first `old` replaced, which must be there.
pub(crate) fn replaced(xml: &str, old: &str, new: &str) -> String {
    assert!(xml.contains(old), "nothing to replace: {old}");
    xml.replacen(old, new, 1)
}

pub(crate) fn without_signature(xml: &str) -> String {
    without(xml, "<ds:Signature ", "</ds:Signature>")
}

/// The text of the ArtifactResponse in an envelope.
pub(crate) fn message(soap: &str) -> &str {
    part(
        soap,
        "<samlp:ArtifactResponse ",
        "</samlp:ArtifactResponse>",
    )
}

/// The text of the first assertion.
pub(crate) fn assertion_of(soap: &str) -> &str {
    part(soap, "<saml:Assertion ", "</saml:Assertion>")
}

/// The same envelope with another message in it.
pub(crate) fn in_envelope(soap: &str, new: &str) -> String {
    replaced(soap, message(soap), new)
}

/// The envelope after the message in it was signed anew by DigiD's own key: as if DigiD had sent
/// it like this. It shows that a check inside holds without the one around it.
pub(crate) fn signed_anew(soap: &str) -> String {
    let unsigned = without_signature(message(soap));
    let signed = signature::sign(&unsigned, &IDP_KEY.signing).expect("signed");
    in_envelope(soap, &signed)
}
