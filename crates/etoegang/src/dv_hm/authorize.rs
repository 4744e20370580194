//! The authorization request of an app (GUC7, GUC8; etoegang.md §4.3).
//!
//! How it comes, as it is, signed or pushed, is the business of [`super::verzoek`].

use identity::{EntityId, Rol};
use protocol::authorize::{self, AuthorizeRefusal, RedirectRefusal};
use protocol::wire::{Malformed, Parameters, with_query};
use serde::{Deserialize, Serialize};
use verdict::{Actor, Event};

use super::gevraagde_claims::GevraagdeClaims;
use super::{DvApps, Hm};
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::dienstencatalogus::{Dienst, Dienstencatalogus, Stand};
use crate::gebeurtenis::Over;

/// Characters of `state` and `nonce`, at least: 128 bits take 22 in base64url. That they are random
/// nobody can see.
const RANDOM_MIN: usize = 22;
/// Values of `acr_values`, at most: there are five levels, each with two names.
const ACR_VALUES_MAX: usize = 10;
/// What of a request is carried along.
const CARRIED: [&str; 13] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "acr_values",
    "max_age",
    "prompt",
    "etd_ad",
    "claims",
];

/// A request that keeps to every rule.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    /// What every OpenID Connect request has.
    pub oidc: authorize::AuthorizationRequest,
    /// `state`, which goes back as it came.
    pub state: String,
    /// `nonce`, for the ID token.
    pub nonce: String,
    /// The DV of the app.
    pub dv: EntityId,
    /// For which service.
    pub dienst: Dienst,
    /// The level asked for, if one was; no higher than the service's.
    pub gevraagd: Option<Betrouwbaarheidsniveau>,
    /// Whether the person must log in anew, whatever session there is.
    pub opnieuw: bool,
    /// The AD that the app chose for the person.
    pub ad: Option<EntityId>,
    /// What the app wants to know by name.
    pub claims: GevraagdeClaims,
    /// The same, to be carried along.
    pub verzoek: Verzoek,
}

/// The parameters of a request that was read, as a cookie or a row carries them until the login ends:
/// they are read again at each step, for what they name may have changed meanwhile.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Verzoek(Vec<(String, String)>);

/// Why a login ends without a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afgebroken {
    /// The person gave up, at HM, AD or MR.
    Geannuleerd,
    /// The MR found no mandate (GUC4), and told the person so.
    GeenMachtiging,
    /// An attribute that the service needs cannot be had.
    GeenAttribuut,
    /// Means or mandate do not reach the level.
    NiveauNietGehaald,
    /// Another person logged in than the app asked for (OIDC Core §3.1.2.2).
    AnderePersoon,
    /// AD or MR do not answer.
    NietBereikbaar,
}

/// Error code, requirement, reason.
type Why = (&'static str, &'static str, &'static str);

impl Verzoek {
    /// What counts of these parameters.
    fn of(parameters: &Parameters) -> Self {
        let counts = |(name, _): &(&str, &str)| CARRIED.contains(name);
        let carried = parameters.iter().filter(counts);
        Self(
            carried
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// They again.
    ///
    /// # Errors
    /// [`Malformed`], for parameters that no request had.
    pub fn parameters(&self) -> Result<Parameters, Malformed> {
        let pairs: Vec<(&str, &str)> = self
            .0
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        let query = with_query("", &pairs);
        Parameters::parse(query.strip_prefix('?').unwrap_or_default().as_bytes())
    }
}

/// It holds a nonce: nothing of it prints.
impl std::fmt::Debug for Verzoek {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verzoek(***)")
    }
}

impl AuthorizationRequest {
    /// Reads and checks a request.
    ///
    /// # Errors
    /// A page until app and redirect URI are proven (etoegang case 61), then an error that goes back to
    /// the app with `state` and `iss`.
    pub fn read(
        parameters: &Parameters,
        hm: &Hm,
        apps: &DvApps,
        catalogus: &Dienstencatalogus,
    ) -> Result<Self, AuthorizeRefusal> {
        // etoegang cases 59 to 61, 65 and 66
        let oidc = authorize::AuthorizationRequest::read(parameters, apps.clients())?;
        let refuse = |(error, requirement, reason)| {
            AuthorizeRefusal::Redirect(RedirectRefusal {
                redirect_uri: oidc.redirect_uri.clone(),
                state: oidc.state.clone(),
                error,
                requirement,
                reason,
            })
        };
        let state = random(oidc.state.as_ref()).map_err(refuse)?;
        let nonce = random(oidc.nonce.as_ref()).map_err(refuse)?;
        let app = apps.get(&oidc.client.client_id);
        let unknown = (
            "unauthorized_client",
            "etoegang.md §4.3",
            "the app is not registered here",
        );
        let dv = app
            .map(|app| app.dv.clone())
            .ok_or_else(|| refuse(unknown))?;
        let dienst = dienst(&oidc, &dv, hm, catalogus).map_err(refuse)?;
        let claims = GevraagdeClaims::read(parameters.get("claims"), &dienst);
        let claims =
            claims.map_err(|reason| refuse(("invalid_request", "OIDC Core §5.5", reason)))?;
        let gevraagd = gevraagd(parameters, &dienst).map_err(refuse)?;
        Ok(Self {
            // Both are conditions: the higher one holds.
            gevraagd: gevraagd.max(claims.niveau),
            claims,
            verzoek: Verzoek::of(parameters),
            opnieuw: opnieuw(parameters).map_err(refuse)?,
            ad: ad(parameters).map_err(refuse)?,
            state,
            nonce,
            dv,
            dienst,
            oidc,
        })
    }

    /// The level that means and mandate must reach.
    pub fn vereist(&self) -> Betrouwbaarheidsniveau {
        self.gevraagd.unwrap_or(self.dienst.niveau)
    }

    /// The refusal that a login which ended without a code brings to the app (etoegang cases 70 and 71).
    pub fn afgebroken(&self, afgebroken: Afgebroken) -> RedirectRefusal {
        let (error, reason) = afgebroken.error();
        RedirectRefusal {
            redirect_uri: self.oidc.redirect_uri.clone(),
            state: Some(self.state.clone()),
            error,
            requirement: "etoegang.md §4.3",
            reason,
        }
    }
}

impl AuthorizationRequest {
    /// What the audit log holds of a login that ended without a code. The caller adds to `over` whom
    /// it had asked by then; `transaction` is the number of its run (etoegang case 94).
    pub fn afgebroken_event(
        &self,
        afgebroken: Afgebroken,
        over: &Over,
        transaction: [u8; 16],
    ) -> Event {
        let who = Actor::Party(self.oidc.client.client_id.clone());
        let event = Event::refused("etoegang.md §4.3", afgebroken.reden(), who);
        over.in_event(event, transaction)
    }
}

impl Afgebroken {
    /// Why, for the operator; the app may hear less.
    const fn reden(self) -> &'static str {
        match self {
            Self::GeenMachtiging => "the MR found no mandate",
            Self::GeenAttribuut => "an attribute that the service needs cannot be had",
            Self::NietBereikbaar => "an AD or MR does not answer",
            _ => self.error().1,
        }
    }

    const fn error(self) -> (&'static str, &'static str) {
        match self {
            Self::Geannuleerd => ("access_denied", "the person cancelled"),
            // The app does not hear which of the two it was: both are the person's affairs.
            Self::GeenMachtiging | Self::GeenAttribuut => (
                "access_denied",
                "the person cannot use the service in this way",
            ),
            Self::NiveauNietGehaald => (
                "unmet_authentication_requirements",
                "the level was not reached",
            ),
            Self::AnderePersoon => ("login_required", "another person logged in"),
            Self::NietBereikbaar => ("temporarily_unavailable", "please try again in a moment"),
        }
    }
}

fn random(sent: Option<&String>) -> Result<String, Why> {
    let long = sent.filter(|text| text.len() >= RANDOM_MIN);
    long.cloned().ok_or((
        "invalid_request",
        "etoegang.md §4.3",
        "state and nonce are required, with 128 random bits each",
    ))
}

/// The one service that the scope names, if this app may use it.
fn dienst(
    oidc: &authorize::AuthorizationRequest,
    dv: &EntityId,
    hm: &Hm,
    catalogus: &Dienstencatalogus,
) -> Result<Dienst, Why> {
    let mut tokens = oidc.scope.tokens().filter(|token| *token != "openid");
    let token = tokens.next().ok_or((
        "invalid_scope",
        "etoegang.md §4.3",
        "scope must name a service",
    ))?;
    if tokens.next().is_some() {
        let reason = "scope may name one service";
        return Err(("invalid_request", "etoegang.md §4.3", reason));
    }
    // etoegang case 67: the same answer for a service that is not there, not the DV's, and not for apps
    let unauthorized = (
        "unauthorized_client",
        "etoegang case 67",
        "the app may not use this service",
    );
    let dienst = catalogus.van_scope(token).ok_or(unauthorized)?;
    let stand = catalogus.stand(
        &dienst.service_id,
        &dienst.service_uuid,
        &hm.entity,
        &hm.instellingen,
    );
    match stand {
        Stand::Beschikbaar(dienst) if dienst.service_id.oin() == dv.oin() => Ok(*dienst),
        _ => Err(unauthorized),
    }
}

/// The lowest level that the app names: it would do. None may be above the service's (etoegang case
/// 69).
fn gevraagd(
    parameters: &Parameters,
    dienst: &Dienst,
) -> Result<Option<Betrouwbaarheidsniveau>, Why> {
    let invalid = |reason| ("invalid_request", "etoegang case 69", reason);
    let values = parameters.get("acr_values").unwrap_or_default();
    let values: Vec<&str> = values.split(' ').filter(|acr| !acr.is_empty()).collect();
    if values.len() > ACR_VALUES_MAX {
        return Err(invalid("acr_values names too many levels"));
    }
    let levels: Result<Vec<_>, _> = values
        .into_iter()
        .map(Betrouwbaarheidsniveau::from_acr)
        .collect();
    let levels = levels.map_err(|_| invalid("acr_values names a level that there is not"))?;
    if levels.iter().any(|niveau| *niveau > dienst.niveau) {
        return Err(invalid("acr_values is above the level of the service"));
    }
    Ok(levels.into_iter().min())
}

/// `prompt=login` and `max_age`: the twin of SAML's `ForceAuthn`. How old a session is only the AD
/// knows, so that any `max_age` asks for a new login.
fn opnieuw(parameters: &Parameters) -> Result<bool, Why> {
    let prompt = parameters.get("prompt").unwrap_or_default();
    match parameters.get("max_age") {
        None => Ok(prompt.split(' ').any(|value| value == "login")),
        Some(age) if age.len() <= 9 && age.bytes().all(|byte| byte.is_ascii_digit()) => Ok(true),
        Some(_) => Err((
            "invalid_request",
            "OIDC Core §3.1.2.1",
            "max_age is no number of seconds",
        )),
    }
}

/// The AD that the app chose. The eIDAS-berichtenservice knows no OAuth (etoegang case 68).
fn ad(parameters: &Parameters) -> Result<Option<EntityId>, Why> {
    let Some(text) = parameters.get("etd_ad") else {
        return Ok(None);
    };
    let ad = EntityId::parse(text).ok();
    let ad = ad.filter(|entity| entity.rol() == Rol::Ad);
    ad.map(Some).ok_or((
        "invalid_request",
        "etoegang case 68",
        "etd_ad names no authentication service",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CB, SCOPE, VERIFIER, ad as one_ad, app, dienst as service, hm, instance};
    use protocol::authorize::PageRefusal;
    use protocol::pkce::Challenge;
    use protocol::wire::encode;

    const STATE: &str = "staat-van-precies-lang-genoeg";

    /// A whole request with one parameter left out or given another value.
    fn request(
        change: &str,
        value: Option<&str>,
    ) -> Result<AuthorizationRequest, AuthorizeRefusal> {
        let challenge = Challenge::of(VERIFIER);
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", "app-1"),
            ("redirect_uri", CB),
            ("scope", SCOPE),
            ("state", STATE),
            ("nonce", "nonce-van-precies-lang-genoeg"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        pairs.retain(|(name, _)| *name != change);
        pairs.extend(value.map(|value| (change, value)));
        let query: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        let parameters = Parameters::parse(query.join("&").as_bytes()).expect("a query");
        let apps = DvApps::new([app(), instance()]).expect("apps");
        let mut second = service();
        let second_id = "urn:etoegang:DV:00000001234567890000:services:2";
        second.service_id = second_id.parse().expect("a ServiceID");
        second.service_uuid = "2c9d1c2e-1d0a-4d6b-8f5e-000000000002"
            .parse()
            .expect("a UUID");
        second.classifiers.clear();
        let mut other = service();
        let other_id = "urn:etoegang:DV:00000001234567890001:services:1";
        other.service_id = other_id.parse().expect("a ServiceID");
        other.service_uuid = "2c9d1c2e-1d0a-4d6b-8f5e-000000000003"
            .parse()
            .expect("a UUID");
        let catalogus = Dienstencatalogus::new([service(), second, other]).expect("services");
        AuthorizationRequest::read(&parameters, &hm(), &apps, &catalogus)
    }

    /// The error that goes back to the app, with its state and our name.
    fn error(change: &str, value: Option<&str>) -> &'static str {
        let refusal = match request(change, value) {
            Err(AuthorizeRefusal::Redirect(refusal)) => refusal,
            other => panic!("expected a redirect, got {other:?}"),
        };
        let url = refusal.url(&hm().issuer);
        assert!(
            url.starts_with(CB) && url.contains("iss=https%3A%2F%2Fhm.test"),
            "{url}"
        );
        if change != "state" {
            assert!(url.contains(&format!("state={STATE}")), "{url}");
        }
        refusal.error
    }

    #[test]
    fn a_whole_request_names_a_service_by_its_id_or_its_uuid() {
        let whole = request("surprise", Some("1")).expect("keeps to every rule");
        assert_eq!(
            (whole.dienst.clone(), whole.vereist()),
            (service(), service().niveau)
        );
        assert_eq!(
            (whole.gevraagd, whole.opnieuw, whole.ad),
            (None, false, None)
        );
        let uuid = format!("openid urn:uuid:{}", service().service_uuid);
        // etoegang.md §4.3
        let by_uuid = request("scope", Some(&uuid)).expect("keeps to every rule");
        assert_eq!(by_uuid.dienst, service());
        let chosen = request("etd_ad", Some(one_ad().as_str())).expect("an AD");
        assert_eq!(chosen.ad, Some(one_ad()));
        assert!(request("prompt", Some("login")).expect("good").opnieuw);
        assert!(request("max_age", Some("0")).expect("good").opnieuw);
        assert_eq!(error("max_age", Some("-1")), "invalid_request");
    }

    #[test]
    fn etoegang_case_059_and_060_pkce_is_required_by_s256() {
        // etoegang cases 59 and 60
        assert_eq!(error("code_challenge", None), "invalid_request");
        assert_eq!(
            error("code_challenge_method", Some("plain")),
            "invalid_request"
        );
        assert_eq!(error("code_challenge_method", None), "invalid_request");
    }

    #[test]
    fn etoegang_case_061_an_unknown_app_or_redirect_uri_is_a_page() {
        // etoegang case 61
        for (name, value, expected) in [
            (
                "redirect_uri",
                Some("https://app.dv.test/cB"),
                PageRefusal::UnknownRedirectUri,
            ),
            ("redirect_uri", None, PageRefusal::UnknownRedirectUri),
            ("client_id", Some("unknown"), PageRefusal::UnknownClient),
        ] {
            match request(name, value) {
                Err(AuthorizeRefusal::Page(page)) => assert_eq!(page, expected),
                other => panic!("expected a page, got {other:?}"),
            }
        }
    }

    #[test]
    fn state_and_nonce_are_required_and_long_enough_to_be_random() {
        // etoegang.md §4.3
        for name in ["state", "nonce"] {
            assert!(request(name, Some(&"x".repeat(RANDOM_MIN))).is_ok());
            assert_eq!(
                error(name, Some(&"x".repeat(RANDOM_MIN - 1))),
                "invalid_request"
            );
            assert_eq!(error(name, None), "invalid_request");
        }
    }

    #[test]
    fn a_vector_of_trust_is_passed_over_and_the_level_counts() {
        // etoegang.md §6.2
        let with_vtr = request("vtr", Some("[\"P1.Cc\"]")).expect("keeps to every rule");
        assert_eq!(with_vtr.vereist(), service().niveau);
    }

    #[test]
    fn etoegang_case_065_and_066_only_a_code_for_openid() {
        // etoegang cases 65 and 66
        assert_eq!(
            error("response_type", Some("token")),
            "unsupported_response_type"
        );
        let service = "urn:etoegang:DV:00000001234567890000:services:1";
        assert_eq!(error("scope", Some(service)), "invalid_scope");
        assert_eq!(error("scope", Some("openid")), "invalid_scope");
        let two = format!("{SCOPE} urn:etoegang:DV:00000001234567890000:services:2");
        assert_eq!(error("scope", Some(&two)), "invalid_request");
        assert_eq!(error("request", Some("a.b.c")), "request_not_supported");
        assert_eq!(error("prompt", Some("none")), "login_required");
    }

    #[test]
    fn etoegang_case_067_a_service_that_is_not_for_this_app_is_unauthorized() {
        // etoegang case 67
        for scope in [
            "openid urn:etoegang:DV:00000001234567890000:services:2",
            "openid urn:etoegang:DV:00000001234567890000:services:9",
            "openid urn:etoegang:DV:00000001234567890001:services:1",
            "openid profile",
        ] {
            assert_eq!(
                error("scope", Some(scope)),
                "unauthorized_client",
                "{scope}"
            );
        }
    }

    #[test]
    fn etoegang_case_068_and_069_no_eidas_and_no_level_above_the_service() {
        let eb = "urn:etoegang:EB:00000004000000149000:entities:1";
        // etoegang case 68
        assert_eq!(error("etd_ad", Some(eb)), "invalid_request");
        assert_eq!(error("etd_ad", Some("ad")), "invalid_request");
        let loa4 = "urn:etoegang:core:assurance-class:loa4";
        // etoegang case 69
        assert_eq!(error("acr_values", Some(loa4)), "invalid_request");
        assert_eq!(error("acr_values", Some("loa3")), "invalid_request");
        let two = "urn:etoegang:core:assurance-class:loa3 http://eidas.europa.eu/LoA/low";
        let lower = request("acr_values", Some(two)).expect("no higher than the service");
        assert_eq!(lower.vereist(), Betrouwbaarheidsniveau::Loa2);
    }

    #[test]
    fn etoegang_case_070_a_login_that_is_cancelled_goes_back_with_its_state() {
        let whole = request("surprise", None).expect("keeps to every rule");
        let url = |afgebroken| whole.afgebroken(afgebroken).url(&hm().issuer);
        let cancelled = url(Afgebroken::Geannuleerd);
        // etoegang case 70
        assert!(cancelled.starts_with(&format!("{CB}?error=access_denied&")));
        assert!(cancelled.contains(&format!("state={STATE}")));
        assert_eq!(
            url(Afgebroken::GeenMachtiging),
            url(Afgebroken::GeenAttribuut)
        );
        let level = url(Afgebroken::NiveauNietGehaald);
        assert!(level.contains("error=unmet_authentication_requirements&"));
        let over = Over::dienst(&whole.dienst);
        let told = whole.afgebroken_event(Afgebroken::GeenMachtiging, &over, [7; 16]);
        // etoegang case 94
        assert_eq!(told.what, "the MR found no mandate");
        assert_eq!(told.details["service"], service().service_id.to_string());
        assert_eq!(told.details["transaction"], "07".repeat(16));
        let away = url(Afgebroken::NietBereikbaar);
        assert!(away.contains("error=temporarily_unavailable&"));
    }

    #[test]
    fn a_request_is_carried_along_and_read_again_as_it_was() {
        let challenge = Challenge::of("x");
        let query = with_query(
            "",
            &[
                ("client_id", "app-1"),
                ("state", "een staat & meer"),
                ("code_challenge", challenge.as_str()),
                ("vreemd", "weg"),
            ],
        );
        let parameters = Parameters::parse(&query.as_bytes()[1..]).expect("a query");
        let again = Verzoek::of(&parameters).parameters().expect("the same");
        assert_eq!(again.get("state"), Some("een staat & meer"));
        assert_eq!(again.get("code_challenge"), Some(challenge.as_str()));
        assert_eq!(again.get("vreemd"), None);
    }
}
