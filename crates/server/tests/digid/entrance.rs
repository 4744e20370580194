//! digid.md section 7, cases 39 to 51: DigiD 4.x, over real TLS.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use server::digid::{Afwijking, Antwoord, EntranceConfig, Vertegenwoordiging};
use server::routes::digid::BVD;

use super::*;

pub(crate) const SERVICE: &str = "3f3e8ea4-5b69-4a2e-9cbd-0d3a2f0e6f5e";
const ENTRANCE: &str = "/saml/v4/entrance/request_authentication";
const LOGOUT_4: &str = "/saml/v4/entrance/request_logout";
const RESOLVE_4: &str = "/saml/v4/entrance/resolve_artifact";

/// A network whose Mitz is a service of 4.x that calls itself and the BVD so.
async fn network_of(service_uuid: &str, bvd: &str) -> Network {
    let mut network = Network::new().await;
    let url = network.door.url(DIGID, "/saml/v4/entrance/metadata");
    let made = Service::new(
        &network.rig,
        Arc::clone(&network.mitz.app),
        MITZ,
        network.door.port,
        Loa::Midden,
        MetadataSource::Url(url),
    );
    let config = EntranceConfig {
        service_uuid: service_uuid.to_owned(),
        service_name: "Mitz".to_owned(),
        bvd_entity_id: bvd.to_owned(),
    };
    let encryption = identity_of(&network.rig, "mitz-encryption", MITZ);
    let sp = Arc::into_inner(made.sp).expect("ours alone");
    let sp = sp.at_entrance(config, &encryption).expect("a key");
    let metadata = sp.metadata("_metadata").expect("signed");
    *network.mitz.published.lock().expect("no panic before") = metadata;
    network.mitz.sp = Arc::new(sp);
    network
}

async fn network() -> Network {
    network_of(SERVICE, BVD).await
}

impl Network {
    /// The request of Mitz, brought by this browser.
    async fn brought(&self, browser: &mut Browser, asked: Vertegenwoordiging) -> Answer {
        let (app, now) = (&self.mitz.app, self.clock.now());
        let login = self.mitz.sp.login_for(app, REQUEST, TRACE, asked, now);
        let Login::Post(form) = login.await.expect("a way to DigiD") else {
            unreachable!("4.x takes POST only");
        };
        assert_eq!(form.action, self.door.url(DIGID, ENTRANCE));
        let relay_state = form.relay_state.expect("a relay state");
        let fields = [
            ("SAMLRequest", &*form.saml_request),
            ("RelayState", &*relay_state),
        ];
        browser.post(&form.action, &fields, Headers::none()).await
    }

    /// From the request to where the form of the login page leads.
    async fn after_login(
        &self,
        browser: &mut Browser,
        asked: Vertegenwoordiging,
        fields: &[(&str, &str)],
    ) -> String {
        let answer = self.brought(browser, asked).await;
        assert_eq!(answer.status, 303, "{}", text(&answer));
        let page = browser.get(&self.door.url(DIGID, &location(&answer))).await;
        assert_eq!(page.status, 200);
        let answer = browser.choose(&self.door, &page, fields).await;
        assert_eq!(answer.status, 303, "{}", text(&answer));
        location(&answer)
    }

    /// The answer to the form of the BVD's page.
    async fn at_bvd(&self, asked: Vertegenwoordiging, fields: &[(&str, &str)]) -> Answer {
        let mut browser = self.browser();
        let path = self
            .after_login(&mut browser, asked, &log_in("midden"))
            .await;
        assert!(path.starts_with("/vertegenwoordigen?login="), "{path}");
        let page = browser.get(&self.door.url(DIGID, &path)).await;
        assert_eq!(page.status, 200);
        assert!(text(&page).contains("Noor de Vries"));
        let token = form_token(&page);
        let fields = [&[("formulier", &*token)], fields].concat();
        let headers = browser.headers().with(ORIGIN, &self.door.url(DIGID, ""));
        let url = self.door.url(DIGID, "/vertegenwoordigen");
        browser.post(&url, &fields, headers).await
    }

    async fn answered(&self, url: &str) -> Antwoord {
        let acs = self.door.url(MITZ, "/saml/acs?SAMLart=");
        assert!(url.starts_with(&acs), "{url}");
        let artifact = artifact_in(url);
        let asked = Resolve {
            artifact: &artifact,
            authn_request: REQUEST,
            requested_at: now().minus_s(60),
            client: [127, 0, 0, 1].into(),
            now: self.clock.now(),
        };
        self.mitz.sp.answer(&self.mitz.app, trace(), &asked).await
    }
}

const FOR_NOOR: [(&str, &str); 2] = [("keuze", "vertegenwoordigen"), ("bsn", VICTIM)];

fn not_logged_in(antwoord: &Antwoord) -> &'static str {
    match antwoord {
        Antwoord::NietIngelogd { requirement, .. } => requirement,
        other => unreachable!("expected nobody to be logged in, not {other:?}"),
    }
}

#[tokio::test]
async fn digid_case_039_a_posted_request_for_a_service_gets_the_login_page() {
    let network = network().await;
    let mut browser = network.browser();
    let answer = network
        .brought(&mut browser, Vertegenwoordiging::Geen)
        .await;
    assert_eq!(answer.status, 303);
    let page = browser
        .get(&network.door.url(DIGID, &location(&answer)))
        .await;
    assert_eq!(page.status, 200);
    assert!(text(&page).contains("Anna de Vries"));
    let by_redirect = browser.get(&network.door.url(DIGID, ENTRANCE)).await;
    assert_eq!(by_redirect.status, 405, "POST only");
}

/// Posts a request made by hand: unsigned, or signed by Mitz.
async fn posted(network: &Network, attributes: &str, inside: &str, state: &str) -> Answer {
    let url = network.door.url(DIGID, ENTRANCE);
    let issuer = network.mitz.metadata().entity_id;
    let instant = jiff::Timestamp::from_second(now().unix()).expect("a moment");
    let xml = format!(
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{REQUEST}\" Version=\"2.0\" \
         IssueInstant=\"{instant}\" Destination=\"{url}\" {attributes}>\
         <saml:Issuer>{issuer}</saml:Issuer>{inside}</samlp:AuthnRequest>"
    );
    let signed = signature::sign(&xml, &network.mitz.key).expect("signed");
    let encoded = STANDARD.encode(if state == "unsigned" { xml } else { signed });
    let fields = [("SAMLRequest", &*encoded), ("RelayState", state)];
    network.browser().post(&url, &fields, Headers::none()).await
}

#[tokio::test]
async fn digid_case_040_a_request_with_what_is_forbidden_gets_400_and_no_artifact() {
    let network = network().await;
    let index = "AttributeConsumingServiceIndex=\"0\"";
    let good = posted(&network, index, "", "state").await;
    assert_eq!(good.status, 303, "{}", text(&good));
    let passive = format!("{index} IsPassive=\"true\"");
    let (unsigned, long) = ("unsigned", "x".repeat(81));
    for (attributes, inside, state) in [
        (index, "", unsigned),
        (&*passive, "", "state"),
        (index, "<saml:Subject/>", "state"),
        ("", "", "state"),
        (index, "", &*long),
    ] {
        let answer = posted(&network, attributes, inside, state).await;
        assert_eq!(answer.status, 400, "{attributes} {inside} {state}");
        assert!(answer.headers.get(LOCATION).is_none());
        assert!(answer.headers.get(SET_COOKIE).is_none());
    }
}

/// Mitz also has an address to which browsers post the answer to a logout.
fn with_logout(network: &Network) -> String {
    let slo = network.door.url(MITZ, "/saml/slo");
    let endpoint = format!(
        "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"{slo}\"/><md:AssertionConsumerService"
    );
    let mut published = network.mitz.published.lock().expect("no panic before");
    *published = published.replacen("<md:AssertionConsumerService", &endpoint, 1);
    slo
}

/// Posts a logout of Mitz that says this of the person.
async fn posted_logout(network: &Network, inside: &str, sign: bool) -> Answer {
    let url = network.door.url(DIGID, LOGOUT_4);
    let issuer = network.mitz.metadata().entity_id;
    let instant = jiff::Timestamp::from_second(now().unix()).expect("a moment");
    let xml = format!(
        "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{REQUEST}\" Version=\"2.0\" \
         IssueInstant=\"{instant}\" Destination=\"{url}\"><saml:Issuer>{issuer}</saml:Issuer>\
         {inside}</samlp:LogoutRequest>"
    );
    let signed = signature::sign(&xml, &network.mitz.key).expect("signed");
    let encoded = STANDARD.encode(if sign { signed } else { xml });
    let fields = [("SAMLRequest", &*encoded), ("RelayState", "state")];
    network.browser().post(&url, &fields, Headers::none()).await
}

#[tokio::test]
async fn digid_case_054_a_logout_of_4_x_names_a_person_or_a_session_and_is_answered_by_post() {
    let network = network().await;
    let session = "<samlp:SessionIndex>s</samlp:SessionIndex>";
    let nowhere = posted_logout(&network, session, true).await;
    assert_eq!(nowhere.status, 400, "nobody can be answered");
    let network = self::network().await;
    let slo = with_logout(&network);
    for (inside, sign) in [("", true), (session, false)] {
        let answer = posted_logout(&network, inside, sign).await;
        assert_eq!(answer.status, 400, "{inside}");
        assert!(!text(&answer).contains("SAMLResponse"));
    }
    let by_redirect = network.door.url(DIGID, LOGOUT_4);
    let answer = network.browser().get(&by_redirect).await;
    assert_eq!(answer.status, 405, "POST only");
    for inside in [session, "<saml:NameID>t</saml:NameID>"] {
        let page = posted_logout(&network, inside, true).await;
        assert_eq!(page.status, 200, "{}", text(&page));
        let page = text(&page);
        assert!(page.contains(&format!("action=\"{slo}\"")), "{page}");
        assert!(page.contains("name=\"RelayState\" value=\"state\""));
        let (_, value) = page
            .split_once("name=\"SAMLResponse\" value=\"")
            .expect("a field");
        let (value, _) = value.split_once('"').expect("an end");
        let answer = STANDARD.decode(value).expect("base64");
        let document = saml::reader::parse(&answer).expect("XML");
        let root = document.root();
        assert_eq!(root.attribute("InResponseTo"), Some(REQUEST));
        assert_eq!(root.attribute("Destination"), Some(&*slo));
        let answer = String::from_utf8(answer).expect("text");
        assert!(answer.contains("urn:oasis:names:tc:SAML:2.0:status:Success"));
        assert!(answer.contains("<ds:SignatureValue>"), "{answer}");
    }
}

#[tokio::test]
async fn digid_case_041_a_cluster_request_without_service_gets_400() {
    let network = network().await;
    let attribute = |name: &str, value: &str| {
        format!(
            "<saml:Attribute Name=\"urn:nl-eid-gdi:1.0:{name}\"><saml:AttributeValue>{value}\
             </saml:AttributeValue></saml:Attribute>"
        )
    };
    let extensions = |inside: &str| format!("<samlp:Extensions>{inside}</samlp:Extensions>");
    let audience = attribute("IntendedAudience", "urn:nl-eid-gdi:1.0:DV:1:entities:1");
    let without = posted(&network, "", &extensions(&audience), "state").await;
    assert_eq!(without.status, 400);
    let both = format!("{audience}{}", attribute("ServiceUUID", SERVICE));
    let with = posted(&network, "", &extensions(&both), "state").await;
    assert_eq!(with.status, 303, "{}", text(&with));
}

#[tokio::test]
async fn digid_case_042_a_service_that_is_not_in_the_catalogue_gets_404() {
    let network = network_of("another", BVD).await;
    let mut browser = network.browser();
    let answer = network
        .brought(&mut browser, Vertegenwoordiging::Geen)
        .await;
    assert_eq!(answer.status, 404);
    assert!(answer.headers.get(LOCATION).is_none());
}

#[tokio::test]
async fn digid_case_043_the_person_comes_encrypted_and_is_read_by_the_service_alone() {
    let network = network().await;
    let mut browser = network.browser();
    let asked = Vertegenwoordiging::Geen;
    let url = network
        .after_login(&mut browser, asked, &log_in("midden"))
        .await;
    let Antwoord::Ingelogd(person) = network.answered(&url).await else {
        unreachable!("somebody logged in");
    };
    assert_eq!((person.bsn.reveal(), person.loa), (BSN, Loa::Midden));
    assert_eq!(asked.afwijking(&person), None);
    assert!(person.session_index.is_some());
    let again = network.answered(&url).await;
    assert_eq!(not_logged_in(&again), "digid case 12");

    // What goes over the line.
    let url = network
        .after_login(&mut browser, asked, &log_in("midden"))
        .await;
    let soap = soap_behind(&network, &url).await;
    assert_eq!(soap.status, 200);
    let soap = text(&soap);
    assert!(!soap.contains(BSN) && soap.contains("nameid-format:transient"));
    assert!(soap.contains("http://eidas.europa.eu/LoA/low"));
    assert!(soap.contains("<xenc:EncryptedData ") && soap.contains(SERVICE));
}

/// The answer to a question of Mitz that is made by hand.
async fn soap_behind(network: &Network, url: &str) -> Answer {
    let question = ArtifactResolve {
        id: "_by_hand".to_owned(),
        issue_instant: network.clock.now(),
        issuer: network.mitz.metadata().entity_id,
        artifact: Artifact::parse(&artifact_in(url)).expect("an artifact"),
    };
    let at = network.door.url(DIGID_BACK, RESOLVE_4);
    let soap = question.to_soap(&at, &network.mitz.key).expect("signed");
    let outside = &network.mitz.app.outside;
    post_soap(outside, &at, &soap).await.expect("an answer")
}

#[tokio::test]
async fn digid_case_044_an_answer_that_is_encrypted_for_another_key_logs_nobody_in() {
    let network = network().await;
    // The simulator hears of a key that Mitz does not have.
    let mut metadata = network.mitz.metadata();
    metadata.encryption = vec![network.other.key.certificate().clone()];
    let metadata = metadata.to_xml("_metadata", &network.mitz.key);
    *network.mitz.published.lock().expect("no panic before") = metadata.expect("signed");
    let mut browser = network.browser();
    let asked = Vertegenwoordiging::Geen;
    let url = network
        .after_login(&mut browser, asked, &log_in("midden"))
        .await;
    assert_eq!(
        not_logged_in(&network.answered(&url).await),
        "digid case 44"
    );
}

#[tokio::test]
async fn digid_case_045_cancelling_is_told_as_such_on_both_pages() {
    let network = network().await;
    let cancel = [("keuze", "annuleren")];
    let mut browser = network.browser();
    let asked = Vertegenwoordiging::Machtiging;
    let url = network.after_login(&mut browser, asked, &cancel).await;
    assert_eq!(network.answered(&url).await, Antwoord::Geannuleerd);
    let at_bvd = network.at_bvd(asked, &cancel).await;
    assert_eq!(at_bvd.status, 303);
    let url = location(&at_bvd);
    let soap = text(&soap_behind(&network, &url).await);
    assert!(soap.contains("status:AuthnFailed") && soap.contains("Authentication cancelled"));
}

#[tokio::test]
async fn digid_case_046_a_failed_login_is_denied_by_the_responder() {
    let network = network().await;
    let fail = [("keuze", "mislukken")];
    let mut browser = network.browser();
    let asked = Vertegenwoordiging::Geen;
    let url = network.after_login(&mut browser, asked, &fail).await;
    let soap = text(&soap_behind(&network, &url).await);
    assert!(soap.contains("status:Responder") && soap.contains("status:RequestDenied"));
    let url = network.after_login(&mut browser, asked, &fail).await;
    assert_eq!(not_logged_in(&network.answered(&url).await), "digid case 6");
    let url = network
        .after_login(&mut browser, asked, &log_in("basis"))
        .await;
    assert_eq!(
        not_logged_in(&network.answered(&url).await),
        "digid case 18"
    );
}

#[tokio::test]
async fn digid_case_047_too_old_an_artifact_is_answered_with_a_response_inside() {
    let network = network().await;
    let mut browser = network.browser();
    let asked = Vertegenwoordiging::Geen;
    let url = network
        .after_login(&mut browser, asked, &log_in("midden"))
        .await;
    network.clock.shift(900);
    let soap = text(&soap_behind(&network, &url).await);
    assert!(soap.contains("<samlp:Response "), "unlike 3.x");
    assert!(soap.contains("status:Requester") && soap.contains("status:RequestDenied"));
    assert!(!soap.contains("EncryptedID"));
}

#[tokio::test]
async fn digid_case_048_representation_by_somebody_else_than_the_bvd_shows_no_login_page() {
    let network = network_of(SERVICE, "urn:nl-eid-gdi:1.0:BVD:1:entities:1").await;
    let mut browser = network.browser();
    let answer = network
        .brought(&mut browser, Vertegenwoordiging::Ouder)
        .await;
    assert_eq!(answer.status, 303);
    let antwoord = network.answered(&location(&answer)).await;
    assert_eq!(not_logged_in(&antwoord), "digid case 48");
}

#[tokio::test]
async fn digid_case_049_the_service_hears_who_is_represented_and_by_whom() {
    let network = network().await;
    let asked = Vertegenwoordiging::Ouder;
    let answer = network.at_bvd(asked, &FOR_NOOR).await;
    assert_eq!(answer.status, 303);
    let Antwoord::Ingelogd(person) = network.answered(&location(&answer)).await else {
        unreachable!("somebody logged in");
    };
    assert_eq!(person.bsn.reveal(), BSN);
    assert_eq!(asked.afwijking(&person), None);
    let represented = person.vertegenwoordigde.expect("somebody");
    assert_eq!(represented.reveal(), VICTIM);
    let nobody_of_hers = [("keuze", "vertegenwoordigen"), ("bsn", BSN)];
    let refused = network.at_bvd(asked, &nobody_of_hers).await;
    assert_eq!(refused.status, 400, "only whom she may represent");
    assert!(refused.headers.get(LOCATION).is_none());
}

#[tokio::test]
async fn digid_case_050_representation_that_was_asked_and_is_missing_is_told() {
    let network = network().await;
    let asked = Vertegenwoordiging::Machtiging;
    let answer = network.at_bvd(asked, &[("keuze", "zelf")]).await;
    let Antwoord::Ingelogd(person) = network.answered(&location(&answer)).await else {
        unreachable!("somebody logged in");
    };
    assert_eq!(person.vertegenwoordigde, None);
    assert_eq!(asked.afwijking(&person), Some(Afwijking::Ontbreekt));
}

#[tokio::test]
async fn digid_case_051_mitz_logs_nobody_in_who_represents_somebody() {
    let network = network().await;
    let answer = network.at_bvd(Vertegenwoordiging::Ouder, &FOR_NOOR).await;
    let uitkomst = network.resolved(&location(&answer)).await;
    assert_eq!(refused(uitkomst), "digid case 51");
}

#[tokio::test]
async fn a_question_at_the_entrance_that_is_not_signed_or_misdirected_gets_400() {
    let network = network().await;
    let artifact = Artifact::new("urn:x", 0, [1; 20]);
    let of_3 = network.mitz.question(&network, &artifact.reveal());
    let unsigned = without(&of_3, "<ds:Signature ", "</ds:Signature>");
    let at = network.door.url(DIGID_BACK, RESOLVE_4);
    for soap in [of_3, unsigned] {
        let answer = post_soap(&network.mitz.app.outside, &at, &soap).await;
        assert_eq!(answer.expect("an answer").status, 400);
    }
}

#[tokio::test]
async fn digid_3_is_never_asked_for_representation() {
    let network = Network::new().await;
    let (app, now) = (&network.mitz.app, network.clock.now());
    let asked = Vertegenwoordiging::Ouder;
    let login = network.mitz.sp.login_for(app, REQUEST, TRACE, asked, now);
    assert!(login.await.is_err());
}

#[tokio::test]
async fn digid_case_059_no_log_names_anybody_after_a_login_for_somebody_else() {
    let network = network().await;
    let answer = network.at_bvd(Vertegenwoordiging::Ouder, &FOR_NOOR).await;
    let url = location(&answer);
    assert_eq!(refused(network.resolved(&url).await), "digid case 51");
    let log = std::fs::read_to_string(network.rig.directory.join("log.jsonl")).expect("a log");
    for secret in [BSN, VICTIM, &*artifact_in(&url)] {
        assert!(!log.contains(secret), "{log}");
    }
}
