//! Headers, paths, and XML.

use super::*;

#[test]
fn a_header_is_shown_when_a_list_names_it() {
    let trace = "c0e7b545-9606-4eef-bea7-75d8addaa54b";
    let token = jws(&json!({}));
    for (name, value, expected) in [
        ("host", "mitz.localhost:8443", "mitz.localhost:8443"),
        (
            "www-authenticate",
            "Bearer error=\"invalid_token\"",
            "Bearer error=\"invalid_token\"",
        ),
        ("x-correlation-id", trace, trace),
        ("x-correlation-id", "geheim", "•••"),
        ("x-api-key", "geheim", "•••"),
        ("authorization", "bearer een-sleutel", "Bearer ••• (11)"),
        ("authorization", "geheim", "••• ••• (6)"),
        (
            "authorization",
            &format!("Bearer {token}"),
            "Bearer ••• (JWT)",
        ),
        (
            "cookie",
            "__Host-taal=nl; sessie=geheim; x",
            "__Host-taal=•••; sessie=•••; •••",
        ),
        (
            "set-cookie",
            "sessie=geheim; Path=/; Max-Age=900; Secure; HttpOnly; SameSite=Lax; Eigen=geheim",
            "sessie=•••; Path=/; Max-Age=900; Secure; HttpOnly; SameSite=Lax; •••",
        ),
        ("set-cookie", "sessie=; Path=/geheim", "sessie=; •••"),
        (
            "location",
            "https://pgo.localhost/callback?code=geheim&iss=https%3A%2F%2Fmitz.localhost#geheim",
            "https://pgo.localhost/callback?code=••• (6)&iss=https://mitz.localhost",
        ),
        (
            "location",
            "/melding?soort=geheim#geheim",
            "/melding?soort=••• (6)",
        ),
    ] {
        assert_eq!(header(name, value), expected, "{name}: {value}");
    }
}

#[test]
fn a_path_shows_words_and_uras_and_no_handle() {
    for (path, expected) in [
        (
            "/00000659/fhir/Observation/_search",
            "/00000659/fhir/Observation/_search",
        ),
        (
            "/.well-known/oauth-authorization-server",
            "/.well-known/oauth-authorization-server",
        ),
        ("/persoon/900186021", "/persoon/•••"),
        ("/persoon/123456789012", "/persoon/•••"),
        ("/p/p900186021x", "/p/•••"),
        ("/p/%39%30%30%31%38%36%30%32%31", "/p/•••"),
        (
            "/reizen/c0e7b545-9606-4eef-bea7-75d8addaa54b",
            "/reizen/•••",
        ),
        ("/", "/"),
    ] {
        let url = format!("https://xis.localhost:8443{path}");
        let told = exchange(&url, None, &[]).redacted("xis");
        assert_eq!(told.url, format!("https://xis.localhost:8443{expected}"));
    }
}

const RESPONSE: &str = r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:x="urn:geheim" ID="_1" Version="2.0" Destination="https://mitz.localhost/saml/acs"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://digid.localhost</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><Subject><NameID>s00000000:900186021</NameID></Subject><Attribute Name="BSN"><AttributeValue>geheim</AttributeValue></Attribute></samlp:Response>"#;

const RESPONSE_SHOWN: &str = r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:x="•••" ID="•••" Version="2.0" Destination="https://mitz.localhost/saml/acs">
  <saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://digid.localhost</saml:Issuer>
  <samlp:Status>
    <samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>
  </samlp:Status>
  <Subject>
    <NameID>•••</NameID>
  </Subject>
  <Attribute Name="•••">
    <AttributeValue>•••</AttributeValue>
  </Attribute>
</samlp:Response>
"#;

#[test]
fn saml_is_shown_as_xml_however_it_came() {
    assert_eq!(xml(RESPONSE), RESPONSE_SHOWN);
    let form = encoded(&[
        ("SAMLResponse", &STANDARD.encode(RESPONSE)),
        ("RelayState", "x"),
    ]);
    let (velden, posted) = body(FORM, form.as_bytes());
    assert_eq!(posted.as_deref(), Some(RESPONSE_SHOWN));
    assert_eq!(velden.expect("a form")["RelayState"], "••• (1)");
    let query = encoded(&[("SAMLRequest", &deflated(RESPONSE)), ("SigAlg", "rsa")]);
    let told = exchange("https://digid.localhost/", Some(&query), &[]).redacted("digid");
    assert_eq!(told.request.xml.as_deref(), Some(RESPONSE_SHOWN));
    assert_eq!(told.query.expect("a query")["SigAlg"], "rsa");
}

#[test]
fn an_algorithm_is_shown_by_its_whole_name() {
    let rsa = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let method = format!("<SignatureMethod Algorithm=\"{rsa}\"/>");
    assert_eq!(xml(&method).trim(), method);
    let query = encoded(&[("SigAlg", rsa)]);
    let told = exchange("https://digid.localhost/", Some(&query), &[]).redacted("digid");
    assert_eq!(told.query.expect("a query")["SigAlg"], rsa);
}

#[test]
fn xml_that_the_strict_reader_refuses_is_not_shown() {
    for bad in ["<a", "<!DOCTYPE a><a/>", "<a/><?php geheim ?>", ""] {
        assert_eq!(body("text/xml", bad.as_bytes()), (None, None), "{bad}");
    }
}
