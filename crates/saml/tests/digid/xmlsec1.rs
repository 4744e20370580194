//! A foreign opinion: xmlsec1 verifies what we sign, and we verify what it signs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use saml::authn_request::Sent;
use saml::keys::{Certificate, TrustedKey};
use saml::metadata::IdpMetadata;
use saml::reader;
use saml::signature::{self, SignatureFault};

use crate::common::{
    BSN, IDP_KEY, OTHER_KEY, RESOLVE, SP, SP_KEY, TestKey, VICTIM, assertion_of, good,
    idp_metadata, message, part, replaced, request, resolve, sp_metadata, without_signature,
};

const ABSENT: &str =
    "the test needs xmlsec1: run ./test, which installs it (Debian: apt-get install xmlsec1)";

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("xmlsec1")
        .join(name);
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<_> = base64
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

fn written(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("written");
    path
}

fn xmlsec1(mode: &str, key_option: &str, key: &Path, file: &Path) -> Output {
    let mut command = Command::new("xmlsec1");
    command.arg(mode).arg(key_option).arg(key);
    for element in [
        "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest",
        "urn:oasis:names:tc:SAML:2.0:protocol:ArtifactResolve",
        "urn:oasis:names:tc:SAML:2.0:protocol:ArtifactResponse",
        "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
        "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor",
    ] {
        command.args(["--id-attr:ID", element]);
    }
    command.arg(file).output().expect(ABSENT)
}

fn verifies(folder: &Path, xml: &str, key: &TestKey) -> bool {
    let certificate = pem("CERTIFICATE", key.certificate().der());
    let certificate = written(folder, "certificate.pem", &certificate);
    let file = written(folder, "signed.xml", xml);
    xmlsec1("--verify", "--pubkey-cert-pem", &certificate, &file)
        .status
        .success()
}

#[test]
fn xmlsec1_verifies_every_message_that_we_sign() {
    let folder = folder("verify");
    let post_only = IdpMetadata {
        sso_redirect: None,
        ..idp_metadata()
    };
    let sent = request()
        .send(&post_only, None, &SP_KEY.signing)
        .expect("sent");
    let Sent::Post(form) = sent else {
        unreachable!("the metadata offers POST only")
    };
    let posted = STANDARD.decode(form.saml_request).expect("base64");
    let posted = String::from_utf8(posted).expect("UTF-8");
    let resolve = resolve().to_soap(RESOLVE, &SP_KEY.signing).expect("signed");
    let answer = good();
    let idp = idp_metadata()
        .to_xml("_idp", &IDP_KEY.signing)
        .expect("signed");
    let sp = sp_metadata()
        .to_xml("_sp", &SP_KEY.signing)
        .expect("signed");
    for (what, xml, key) in [
        ("AuthnRequest", &*posted, &*SP_KEY),
        ("ArtifactResolve", &*resolve, &*SP_KEY),
        ("ArtifactResponse in its envelope", &*answer, &*IDP_KEY),
        ("ArtifactResponse alone", message(&answer), &*IDP_KEY),
        ("Assertion alone", assertion_of(&answer), &*IDP_KEY),
        ("metadata of the identity provider", &*idp, &*IDP_KEY),
        ("metadata of the service provider", &*sp, &*SP_KEY),
    ] {
        assert!(verifies(&folder, xml, key), "{what}");
        assert!(
            !verifies(&folder, xml, &OTHER_KEY),
            "{what}, with another key"
        );
        let altered = xml.replace("https://", "http://");
        assert!(!verifies(&folder, &altered, key), "{what}, altered");
    }
}

/// A message with an empty signature of these algorithms, to be filled in by xmlsec1.
fn template(method: &str, digest: &str) -> String {
    let answer = good();
    let signature = format!(
        "</saml:Issuer><ds:Signature><ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/>\
         <ds:SignatureMethod Algorithm='{method}'/><ds:Reference URI='#_answer'><ds:Transforms>\
         <ds:Transform Algorithm='http://www.w3.org/2000/09/xmldsig#enveloped-signature'/>\
         <ds:Transform Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'>\
         <InclusiveNamespaces xmlns='http://www.w3.org/2001/10/xml-exc-c14n#' PrefixList='soap unused #default'/>\
         </ds:Transform></ds:Transforms><ds:DigestMethod Algorithm='{digest}'/><ds:DigestValue/>\
         </ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>"
    );
    let unsigned = without_signature(message(&answer));
    // Things that a canonical form must get right.
    let rich = replaced(
        &unsigned,
        "<samlp:Status>",
        "<samlp:Status xmlns:unused='urn:unused' xmlns='urn:default'>\n\t&#13;&quot;'&gt;é<![CDATA[<&]]><x b='&#9;&#10;&lt;' a=\"'\"/>",
    );
    replaced(&rich, "</saml:Issuer>", &signature)
}

fn signed_by_xmlsec1(folder: &Path, pkcs8: &[u8], method: &str, digest: &str) -> String {
    let key = written(folder, "key.pem", &pem("PRIVATE KEY", pkcs8));
    let file = written(folder, "template.xml", &template(method, digest));
    let output = xmlsec1("--sign", "--privkey-pem", &key, &file);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn verdict(xml: &str, key: &TrustedKey) -> Result<(), SignatureFault> {
    let document = reader::parse(xml.as_bytes()).expect("readable");
    signature::verify(document.root(), std::slice::from_ref(key)).map(|_| ())
}

const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

#[test]
fn what_xmlsec1_signs_with_an_allowed_algorithm_counts() {
    let folder = folder("sign");
    let ec = |algorithm| {
        let pair = rcgen::KeyPair::generate_for(algorithm).expect("generated");
        let params = rcgen::CertificateParams::new(vec!["x.test".to_owned()]).expect("a name");
        let certificate = params.self_signed(&pair).expect("self-signed");
        let certificate = Certificate::from_der(certificate.der()).expect("usable");
        (pair.serialize_der(), certificate.key().clone())
    };
    let rsa = (IDP_KEY.pkcs8.clone(), IDP_KEY.trusted());
    let p256 = ec(&rcgen::PKCS_ECDSA_P256_SHA256);
    let p384 = ec(&rcgen::PKCS_ECDSA_P384_SHA384);
    let p521 = ec(&rcgen::PKCS_ECDSA_P521_SHA512);
    for (method, digest, (pkcs8, key)) in [
        ("rsa-sha256", SHA256, &rsa),
        (
            "rsa-sha384",
            "http://www.w3.org/2001/04/xmldsig-more#sha384",
            &rsa,
        ),
        (
            "rsa-sha512",
            "http://www.w3.org/2001/04/xmlenc#sha512",
            &rsa,
        ),
        ("ecdsa-sha256", SHA256, &p256),
        ("ecdsa-sha384", SHA256, &p384),
        ("ecdsa-sha512", SHA256, &p521),
    ] {
        let signed = signed_by_xmlsec1(&folder, pkcs8, &format!("{MORE}{method}"), digest);
        // RFC 9231 §2.3, and §2.3.6 for ECDSA.
        assert_eq!(verdict(&signed, key), Ok(()), "{method}");
        let value = Err(SignatureFault::Value);
        assert_eq!(
            verdict(&signed, &OTHER_KEY.trusted()),
            value,
            "{method}, another key"
        );
        let altered = replaced(&signed, "status:Success", "status:Failure");
        let digest = Err(SignatureFault::Digest);
        assert_eq!(verdict(&altered, key), digest, "{method}, altered");
    }
}

#[test]
fn digid_case_032_what_xmlsec1_signs_with_sha_1_does_not_count() {
    let folder = folder("sha1");
    let sign = |method: &str, digest: &str| {
        let signed = signed_by_xmlsec1(&folder, &IDP_KEY.pkcs8, method, digest);
        verdict(&signed, &IDP_KEY.trusted())
    };
    let sha1 = Err(SignatureFault::Sha1);
    assert_eq!(
        sign("http://www.w3.org/2000/09/xmldsig#rsa-sha1", SHA256),
        sha1
    );
    let digest = "http://www.w3.org/2000/09/xmldsig#sha1";
    assert_eq!(sign(&format!("{MORE}rsa-sha256"), digest), sha1);
    assert_eq!(
        sign(&format!("{MORE}rsa-sha256"), SHA256),
        Ok(()),
        "the same without SHA-1"
    );
}

#[test]
fn digid_case_043_xmlsec1_opens_what_we_encrypt() {
    let folder = folder("decrypt");
    let soap = crate::entrance::good();
    let data = part(&soap, "<xenc:EncryptedData ", "</xenc:EncryptedData>");
    let key = part(&soap, "<xenc:EncryptedKey ", "</xenc:EncryptedKey>");
    // xmlsec1 looks for the key where XML encryption puts it, inside the data.
    let retrieval = part(data, "<ds:RetrievalMethod ", "</ds:RetrievalMethod>");
    let file = written(&folder, "encrypted.xml", &replaced(data, retrieval, key));
    let pem = written(&folder, "key.pem", &pem("PRIVATE KEY", &SP_KEY.pkcs8));
    let output = xmlsec1("--decrypt", "--privkey-pem", &pem, &file);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    let opened = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(opened.contains(&format!(
        "NameQualifier=\"urn:nl-eid-gdi:1.0:id:legacy-BSN\">{BSN}</saml:NameID>"
    )));
}

#[test]
fn digid_case_043_we_open_what_xmlsec1_encrypts() {
    let folder = folder("encrypt");
    let name = SP_KEY.certificate().key_name();
    let template = written(
        &folder,
        "template.xml",
        &format!(
            "<xenc:EncryptedData xmlns:xenc='http://www.w3.org/2001/04/xmlenc#' \
             xmlns:ds='http://www.w3.org/2000/09/xmldsig#' \
             Type='http://www.w3.org/2001/04/xmlenc#Element'>\
             <xenc:EncryptionMethod Algorithm='http://www.w3.org/2001/04/xmlenc#aes256-cbc'/>\
             <ds:KeyInfo><xenc:EncryptedKey Recipient='{SP}'><xenc:EncryptionMethod \
             Algorithm='http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p'/>\
             <ds:KeyInfo><ds:KeyName>{name}</ds:KeyName></ds:KeyInfo><xenc:CipherData>\
             <xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>\
             <xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"
        ),
    );
    let person = written(
        &folder,
        "person.xml",
        &format!(
            "<saml:NameID xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion' \
             Format='urn:oasis:names:tc:SAML:2.0:nameid-format:persistent' \
             NameQualifier='urn:nl-eid-gdi:1.0:id:legacy-BSN'>{VICTIM}</saml:NameID>"
        ),
    );
    let certificate = pem("CERTIFICATE", SP_KEY.certificate().der());
    let certificate = written(&folder, "certificate.pem", &certificate);
    let mut command = Command::new("xmlsec1");
    command.args(["--encrypt", "--session-key", "aes-256"]);
    command
        .arg(format!("--pubkey-cert-pem:{name}"))
        .arg(certificate);
    command.arg("--xml-data").arg(person).arg(template);
    let output = command.output().expect(ABSENT);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    let encrypted = String::from_utf8(output.stdout).expect("UTF-8");
    let (_, encrypted) = encrypted.split_once("?>").expect("a declaration");
    let person = crate::entrance::judged_with_acting(encrypted.trim());
    assert_eq!(person.expect("accepted").bsn.reveal(), VICTIM);
}
