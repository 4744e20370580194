//! The lists: under which names a value may be shown, and which words.
//!
//! A name belongs here when its value is the same for everybody, or tells of a program and not of a
//! person. To add one, ask what the worst sender could put there.

use http::Method;

use crate::door::TraceId;

/// Members of JSON, claims of tokens and parameters of requests whose values are shown.
const HARMLESS: &[&str] = &[
    // OAuth 2.0 and its extensions (RFC 6749, 7636, 7662, 8693)
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "grant_type",
    "code_challenge",
    "code_challenge_method",
    "token_type",
    "token_type_hint",
    "expires_in",
    "error",
    "error_description",
    "error_uri",
    "subject_token_type",
    "actor_token_type",
    "requested_token_type",
    "issued_token_type",
    "audience",
    "active",
    // OpenID Connect
    "prompt",
    "ui_locales",
    "taal",
    "acr",
    "acr_values",
    "auth_time",
    "azp",
    // Claims and headers of tokens (RFC 7519, 7515, 7516, 8705)
    "iss",
    "aud",
    "iat",
    "exp",
    "nbf",
    "typ",
    "cty",
    "alg",
    "enc",
    "kid",
    "x5t#S256",
    // Public keys (RFC 7517)
    "kty",
    "crv",
    "key_ops",
    "e",
    // Metadata (RFC 8414, OpenID Connect Discovery)
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "introspection_endpoint",
    "resource_endpoint",
    "jwks_uri",
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "acr_values_supported",
    "subject_types_supported",
    "ui_locales_supported",
    "code_challenge_methods_supported",
    "id_token_signing_alg_values_supported",
    "userinfo_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported",
    "tls_client_certificate_bound_access_tokens",
    // Mitz
    "ura",
    "zorgaanbiedernaam",
    "function",
    "services",
    "presenter_x5t",
    "systeemrolcode",
    // The lists (MedMij)
    "api",
    // FHIR R4: what kind of thing, and how many
    "resourceType",
    "total",
    "_summary",
    "_count",
    "_format",
    // SAML bindings 3.4
    "SigAlg",
];

/// Values that are shown under names which hold other things elsewhere.
const WORDS: &[(&str, &[&str])] = &[
    ("decision", &["Permit", "Deny"]),
    ("use", &["sig", "enc"]),
    ("type", &["searchset", "collection", "transaction", "batch"]),
    ("severity", &["fatal", "error", "warning", "information"]),
    (
        "system",
        &[
            mitz::locatietoken::URA_SYSTEM,
            mitz::locatietoken::BSN_SYSTEM,
        ],
    ),
];

/// Names whose value is shown when it is a SHA-256: of keys, certificates and PKCE's verifier.
const HASHES: &[&str] = &["kid", "code_challenge", "x5t#S256", "presenter_x5t"];

/// Names whose values are never opened, even when they look like a token.
const SECRET: &[&str] = &["code", "state", "nonce", "jti", "sub", "sid"];

/// Elements of XML whose text is shown: SAML 2.0, and the lists, which everybody may read.
const XML_TEXTS: &[&str] = &[
    "Issuer",
    "Audience",
    "AuthnContextClassRef",
    "Volgnummer",
    "Tijdstempel",
    "Zorgaanbiedernaam",
    "URA",
    "Aanbiedertype",
    "Weergavenaam",
    "InterfaceversieId",
    "OAuthclientOrganisatienaam",
    "Interfaceversienaam",
    "GegevensdienstId",
    "Systeemrolcode",
    "AuthorizationEndpointuri",
    "TokenEndpointuri",
    "DiscoveryEndpointuri",
    "ResourceEndpointuri",
    "Hostname",
    "MedMijNode",
    "NameIDFormat",
];

/// Attributes of XML whose values are shown.
const XML_ATTRIBUTES: &[&str] = &[
    "Destination",
    "AssertionConsumerServiceURL",
    "AssertionConsumerServiceIndex",
    "ProtocolBinding",
    "IssueInstant",
    "NotBefore",
    "NotOnOrAfter",
    "AuthnInstant",
    "Version",
    "Algorithm",
    "Binding",
    "Method",
    "Location",
    "ResponseLocation",
    "Recipient",
    "entityID",
    "use",
    "index",
    "isDefault",
    "Format",
    "Comparison",
    "ForceAuthn",
    "protocolSupportEnumeration",
    "WantAssertionsSigned",
    "AuthnRequestsSigned",
    "validUntil",
];

/// How a namespace begins that may be shown.
const NAMESPACES: &[&str] = &[
    "urn:oasis:names:tc:",
    "http://www.w3.org/",
    "http://schemas.xmlsoap.org/",
    "xmlns://afsprakenstelsel.medmij.nl/",
];

/// Headers whose values are shown.
const HEADERS: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "allow",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "etag",
    "host",
    "if-modified-since",
    "if-none-match",
    "last-modified",
    "origin",
    "pragma",
    "referrer-policy",
    "retry-after",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "soapaction",
    "strict-transport-security",
    "user-agent",
    "vary",
    "www-authenticate",
    "x-content-type-options",
];

/// Headers and parameters that hold a UUID, and are shown when they do.
const UUID_HEADERS: &[&str] = &["x-correlation-id", "medmij-request-id", "trace-id"];

/// Segments of paths that are long and yet no secret.
const SEGMENTS: &[&str] = &[
    "openid-configuration",
    "oauth-authorization-server",
    "request_authentication",
    "resolve_artifact",
    "MedMij_Zorgaanbiederslijst.xml",
    "MedMij_Zorgaanbiederskoppellijst.xml",
    "MedMij_OAuthclientlist.xml",
    "MedMij_Gegevensdienstnamenlijst.xml",
    "MedMij_Whitelist.xml",
    "MedicationAdministration",
    "DiagnosticReport",
    "ImmunizationRecommendation",
    "QuestionnaireResponse",
];

/// Methods of HTTP.
const METHODS: &[&str] = &[
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE",
];

/// Characters of a name.
const NAME_CHARS_MAX: usize = 64;
/// A name from this length on that mixes letters and digits is a value in the wrong place.
const OPAQUE_CHARS_MIN: usize = 20;
/// So many digits in a row are no part of a name.
const DIGITS_MIN: usize = 9;

/// Whether the value under this name is shown.
pub(super) fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name)
}

/// Whether yes or no is told under this name: a record system's could be about somebody's health.
pub(super) fn is_flag(name: &str) -> bool {
    is_harmless(name) || name.ends_with("_supported")
}

/// Whether this value is shown under this name.
pub(super) fn is_word(name: &str, value: &str) -> bool {
    let of_name = |(named, _): &&(&str, &[&str])| *named == name;
    let known = WORDS.iter().find(of_name);
    known.is_some_and(|(_, words)| words.contains(&value))
        || (is_number_of_request(name) && TraceId::parse(value).is_some())
}

/// See [`HASHES`].
pub(super) fn is_hash(name: &str) -> bool {
    HASHES.contains(&name)
}

/// Whether nothing but the length of the value under this name is ever told.
pub(super) fn is_secret(name: &str) -> bool {
    SECRET.contains(&name)
}

/// Whether a text is a name that somebody gave to a member, and no value.
pub(super) fn is_name(text: &str) -> bool {
    let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-:#".contains(&byte);
    let is_bounded = (1..=NAME_CHARS_MAX).contains(&text.len());
    let mut runs = text.split(|c: char| !c.is_ascii_digit());
    let is_number = runs.any(|run| run.len() >= DIGITS_MIN);
    let has = |of: fn(&u8) -> bool| text.as_bytes().iter().any(of);
    let is_opaque = text.len() >= OPAQUE_CHARS_MIN
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && !is_harmless(text);
    is_bounded && text.bytes().all(in_alphabet) && !is_number && !is_opaque
}

/// Whether the text of this element is shown.
pub(super) fn is_xml_text(element: &str) -> bool {
    XML_TEXTS.contains(&element)
}

/// Whether the value of this attribute of this element is shown.
pub(super) fn is_xml_attribute(element: &str, attribute: &str) -> bool {
    XML_ATTRIBUTES.contains(&attribute) || (element == "StatusCode" && attribute == "Value")
}

/// Whether a namespace is one of a standard.
pub(super) fn is_namespace(uri: &str) -> bool {
    NAMESPACES.iter().any(|known| uri.starts_with(known))
}

/// Whether the value of this header is shown.
pub(super) fn is_header(name: &str) -> bool {
    HEADERS.contains(&name)
}

/// Whether this header or parameter holds a number by which a request is found again.
pub(super) fn is_number_of_request(name: &str) -> bool {
    UUID_HEADERS
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a segment of a path is known, however long.
pub(super) fn is_segment(segment: &str) -> bool {
    SEGMENTS.contains(&segment)
}

/// The method, if it is one of HTTP's own.
pub(super) fn method(method: &Method) -> &'static str {
    let known = METHODS.iter().find(|known| **known == method.as_str());
    known.copied().unwrap_or(super::text::HIDDEN)
}
