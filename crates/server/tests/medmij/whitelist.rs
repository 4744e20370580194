//! The Whitelist, before the token interface and the resources.

use std::fs;
use std::path::Path;

use rcgen::{CertificateParams, DistinguishedName, DnType, Issuer, KeyPair};
use rustls_pki_types::PrivateKeyDer;
use server::certificates::{Authority, Identity, ORGANISATION};
use server::network::{Party, Trouble};
use server::outside::{Outside, OutsideConfig};

use crate::world::{NAAM, PGO, SASKIA, World, code_form, is_error, json, numbers, temporary, text};

impl World {
    /// A way to the network with a certificate of this common name and these DNS names, given out by the
    /// network's own authority.
    fn as_certified(&self, common: &str, names: &[&str]) -> Outside {
        let ca = self.running.state.join("ca");
        self.with(certified(&self.running.authority, &ca, common, names))
    }

    fn with(&self, identity: Identity) -> Outside {
        let roots = vec![self.running.authority.certificate().clone()];
        Outside::new(OutsideConfig::new(roots, Some(identity))).expect("usable")
    }

    /// Whether a token request and a resource request both end without any answer.
    async fn is_silent_to(&self, outside: &Outside) -> bool {
        let (cb, url) = (self.cb(), self.resource_url("51", "Condition"));
        let (endpoint, form) = (self.token_endpoint(), code_form("code", &cb));
        let token = outside.post_form(&endpoint, &form, numbers());
        token.await.is_err() && outside.get(&url, numbers()).await.is_err()
    }
}

/// A certificate by the authority that is kept in `ca`.
fn certified(authority: &Authority, ca: &Path, common: &str, names: &[&str]) -> Identity {
    let key = fs::read_to_string(ca.join("ca.key")).expect("kept");
    let mut issuer = CertificateParams::default();
    issuer.distinguished_name = subject(&authority.name());
    let issuer = Issuer::new(issuer, KeyPair::from_pem(&key).expect("a key"));
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.distinguished_name = subject(common);
    let key = KeyPair::generate().expect("a key");
    let made = params.signed_by(&key, &issuer).expect("signed");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("PKCS#8");
    Identity::new(made.der().clone(), Vec::new(), key)
}

fn subject(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, ORGANISATION);
    name.push(DnType::CommonName, common);
    name
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_049_a_certificate_that_names_no_host_of_the_whitelist_gets_no_answer() {
    let world = World::start().await;
    let code = world.code(SASKIA, NAAM, false).await;
    let stranger = world.as_client(Some("vreemd.localhost"));
    let (cb, endpoint) = (world.cb(), world.token_endpoint());
    let form = code_form(&code, &cb);
    let sent = stranger.post_form(&endpoint, &form, numbers());
    // medmij case 49
    assert!(sent.await.is_err());
    // core.whl.309: nor does anything else at this host say a word.
    assert!(world.is_silent_to(&stranger).await);
    let nowhere = format!("{}/nergens", world.url("dva-back"));
    assert!(stranger.get(&nowhere, numbers()).await.is_err());
    let log = world.log();
    assert!(
        log.contains("core.whl.307") && log.contains("vreemd.localhost"),
        "{log}"
    );
    // core.whl.308: it came no further, so the code is still good.
    assert_eq!(world.redeem(&code).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_050_one_name_on_the_whitelist_is_enough_and_proves_no_client() {
    let world = World::start().await;
    let (code, cb) = (world.code(SASKIA, NAAM, false).await, world.cb());
    let form = code_form(&code, &cb);
    // The common name is on it, which lets the request pass and says nothing of the client.
    let common = world.as_certified(PGO, &["vreemd.localhost"]);
    let answer = world.token_as(&common, &form, numbers()).await;
    is_error(&answer, 401, "invalid_client");
    // medmij case 50
    let dns = world.as_certified("vreemd.localhost", &[PGO]);
    let answer = world.token_as(&dns, &form, numbers()).await;
    assert_eq!(answer.status, 200, "{}", text(&answer));
    assert!(json(&answer)["access_token"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_051_without_a_whitelist_there_is_no_traffic() {
    let world = World::start().await;
    let code = world.code(SASKIA, NAAM, false).await;
    let control = world.running.control.as_ref().expect("--control");
    assert!(
        control
            .troubles
            .set(Party::Stelselnode, Some(Trouble::Down))
    );
    world.running.clock.shift(901);
    // medmij case 51
    assert!(world.is_silent_to(&world.outside).await);
    assert!(world.log().contains("the Whitelist cannot be had"));
    // medmij case 81: browsers are not held against it.
    assert_eq!(world.authorize(&world.auth(NAAM)).await.status, 200);
    // Whoever needs the list has it fetched again, once a second. The code has grown old.
    control.troubles.reset();
    world.running.clock.shift(1);
    is_error(&world.redeem(&code).await, 400, "invalid_grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn medmij_case_052_a_certificate_of_another_authority_ends_the_handshake() {
    let world = World::start().await;
    let ca = temporary();
    let other = Authority::open(&ca, world.running.clock.wall()).expect("an authority");
    let foreign = world.with(certified(&other, &ca, PGO, &[PGO]));
    fs::remove_dir_all(ca).expect("removed");
    let endpoint = world.token_endpoint();
    let foreign = foreign.post_form(&endpoint, &[], numbers());
    // medmij case 52
    assert!(foreign.await.is_err());
    assert!(!world.log().contains("core.whl"));
}
