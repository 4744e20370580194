//! Collecting: steps 8–11 and 19–30 as the DVP's client takes them.

use futures_util::StreamExt as _;
use futures_util::stream;
use identity::{GegevensdienstId, Hostname, Ura, Zorgaanbiedernaam};
use jose::{Algorithm, Expected, Jwks, Typ};
use medmij::dvp::resource::resource_url;
use medmij::lists::Whitelist;
use mitz::discovery::{Found, Rejected};
use mitz::dvp::{
    LEEWAY_S, LocatieMetToken, Locaties, USERINFO_BYTES_MAX, Wachtend, token_exchange_form,
};
use protocol::not_before;
use protocol::refusal::is_invalid_grant;
use protocol::wire::with_query;
use serde::Deserialize;

use super::PgoRole;
use super::dossier::{Aanbieder, Groep, Inhoud, Koppeling, Uitkomst};
use super::overzicht::Gegeven;
use crate::app::Turn;
use crate::chance;
use crate::door::TraceId;
use crate::lists::{Direct, DirectEndpoint, Route};
use crate::outside::{Answer, Headers, OutsideError};

/// Providers that are asked at the same time.
const AT_ONCE_MAX: usize = 4;

/// What the client offers to Mitz.
pub(super) enum Grant {
    /// After a login.
    Code {
        /// The code.
        code: String,
        /// What waited for it.
        wachtend: Wachtend,
    },
    /// Later.
    Refresh(Koppeling),
}

/// What Mitz gave.
pub(super) struct Tokens {
    access_token: String,
    /// With the new refresh token.
    pub(super) koppeling: Koppeling,
}

/// Why nothing was collected.
pub(super) enum NotCollected {
    /// The grant has ended: the person must log in again.
    Ended,
    /// Mitz does not answer.
    Unreachable,
    /// An answer that we do not take; why, for our log.
    NotTaken(&'static str),
}

#[derive(Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "the names are those of RFC 6749 §5.1 and OIDC Core §3.1.3.3"
)]
struct TokenResponse {
    access_token: String,
    refresh_token: String,
    id_token: Option<String>,
}

#[derive(Deserialize)]
struct ExchangeResponse {
    access_token: String,
    scope: String,
}

/// Where a provider's data can be had, however it was found.
struct Reachable {
    naam: Zorgaanbiedernaam,
    token_endpoint: String,
    resources: Vec<(GegevensdienstId, String)>,
}

impl PgoRole {
    /// Steps 8–10.
    pub(super) async fn tokens(
        &self,
        trace: TraceId,
        grant: Grant,
    ) -> Result<Tokens, NotCollected> {
        let provider = self
            .provider(trace)
            .await
            .ok_or(NotCollected::Unreachable)?;
        let redirect_uri = self.redirect_uri();
        let client_id = ("client_id", self.config.client_id.as_str());
        let form = match &grant {
            Grant::Code { code, wachtend } => vec![
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", &redirect_uri),
                ("code_verifier", &wachtend.code_verifier),
                client_id,
            ],
            Grant::Refresh(koppeling) => vec![
                ("grant_type", "refresh_token"),
                ("refresh_token", &koppeling.refresh_token),
                client_id,
            ],
        };
        let url = &provider.mtls_endpoint_aliases.token_endpoint;
        let answer = self.app.outside.post_form(url, &form, headers(trace)).await;
        let tokens = self.read_tokens(trace, answer, grant).await;
        match &tokens {
            Ok(_) => self
                .app
                .saw(10, trace, "mitz", "access and refresh token received"),
            Err(_) => self.app.saw_fail(10, trace, "mitz", "no usable tokens"),
        }
        tokens
    }

    async fn read_tokens(
        &self,
        trace: TraceId,
        answer: Result<Answer, OutsideError>,
        grant: Grant,
    ) -> Result<Tokens, NotCollected> {
        let answer = answer.map_err(|error| {
            self.unanswered(trace, "seed 000 step 8", &error);
            NotCollected::Unreachable
        })?;
        if answer.status == 400 && is_invalid_grant(&answer.body) {
            return Err(NotCollected::Ended);
        }
        if !answer.status.is_success() {
            return Err(NotCollected::Unreachable);
        }
        let unreadable = NotCollected::NotTaken("the token response is unreadable");
        let Ok(tokens) = serde_json::from_slice::<TokenResponse>(&answer.body) else {
            return Err(unreadable);
        };
        let (sub, nonce) = match grant {
            Grant::Code { wachtend, .. } => {
                let id_token = tokens.id_token.ok_or(unreadable)?;
                let claims = self.verified(trace, &id_token).await?;
                // OIDC Core §3.1.3.7 (11)
                if claims.str("nonce") != Ok(wachtend.nonce.as_str()) {
                    return Err(NotCollected::NotTaken("the ID token has another nonce"));
                }
                (subject(&claims)?, wachtend.nonce)
            }
            Grant::Refresh(koppeling) => (koppeling.sub, koppeling.nonce),
        };
        Ok(Tokens {
            access_token: tokens.access_token,
            koppeling: Koppeling {
                refresh_token: tokens.refresh_token,
                sub,
                nonce,
            },
        })
    }

    /// Signature of Mitz, for us, now.
    async fn verified(&self, trace: TraceId, token: &str) -> Result<jose::Claims, NotCollected> {
        let provider = self
            .provider(trace)
            .await
            .ok_or(NotCollected::Unreachable)?;
        let url = &provider.jwks_uri;
        let unreachable = |_| NotCollected::Unreachable;
        let keys = self
            .mitz_keys
            .keys(&self.app, url)
            .await
            .map_err(unreachable)?;
        let claims = match self.verify_with(token, &keys) {
            Err(jose::Refused::UnknownKey) => {
                let keys = self.mitz_keys.keys_again(&self.app, url).await;
                self.verify_with(token, &*keys.map_err(unreachable)?)
            }
            claims => claims,
        };
        let claims = claims.map_err(|_| NotCollected::NotTaken("a token of Mitz does not hold"))?;
        let not_before = self.app.keys.not_before();
        let not_before = not_before.of(&self.config.mitz, &self.config.client_id);
        // design §4
        if claims
            .seconds("iat")
            .is_ok_and(|iat| not_before.refuses(iat))
        {
            return Err(NotCollected::NotTaken(not_before::REASON));
        }
        Ok(claims)
    }

    fn verify_with(&self, token: &str, keys: &Jwks) -> Result<jose::Claims, jose::Refused> {
        let expected = Expected {
            typ: Typ::JwtOrAbsent,
            issuer: &self.config.mitz,
            audience: &[&self.config.client_id],
            now: self.app.clock.now(),
            leeway_s: LEEWAY_S,
        };
        let algorithms = [Algorithm::Es256, Algorithm::Ps256, Algorithm::Rs256];
        jose::verify_up_to(USERINFO_BYTES_MAX, token, keys, &algorithms, &expected)
    }

    /// Steps 11 and 19–30.
    pub(super) async fn collect(
        &self,
        trace: TraceId,
        tokens: &Tokens,
        gekozen: &[String],
    ) -> Result<Vec<Aanbieder>, NotCollected> {
        let locaties = self.locaties(trace, tokens).await;
        let locaties = match locaties {
            Ok(locaties) => {
                let note = format!("{} locations received", locaties.0.len());
                self.app.saw(19, trace, "mitz", note);
                locaties
            }
            Err(why) => {
                self.app.saw_fail(19, trace, "mitz", "no usable userinfo");
                return Err(why);
            }
        };
        let asked = stream::iter(locaties.0)
            .map(|locatie| async move { self.locatie(trace, &locatie, gekozen).await });
        let found: Vec<Vec<Aanbieder>> = asked.buffered(AT_ONCE_MAX).collect().await;
        Ok(found.into_iter().flatten().collect())
    }

    async fn locaties(&self, trace: TraceId, tokens: &Tokens) -> Result<Locaties, NotCollected> {
        let provider = self
            .provider(trace)
            .await
            .ok_or(NotCollected::Unreachable)?;
        let url = &provider.mtls_endpoint_aliases.userinfo_endpoint;
        let headers = headers(trace).bearer(&tokens.access_token);
        let answer = self.app.outside.get(url, headers).await;
        let answer = answer.map_err(|error| {
            self.unanswered(trace, "seed 000 step 11", &error);
            NotCollected::Unreachable
        })?;
        if answer.status == 401 {
            return Err(NotCollected::Ended);
        }
        // mitz.md §2.3: a plain JSON answer has no signature for step 25, so it is refused
        if !answer.status.is_success() || answer.media_type().as_deref() != Some("application/jwt")
        {
            return Err(NotCollected::Unreachable);
        }
        let text = String::from_utf8(answer.body)
            .map_err(|_| NotCollected::NotTaken("userinfo is no text"))?;
        let claims = self.verified(trace, &text).await?;
        // OIDC Core §5.3.2
        if subject(&claims)? != tokens.koppeling.sub {
            return Err(NotCollected::NotTaken("userinfo is about somebody else"));
        }
        Locaties::read(&claims, Some(&tokens.koppeling.nonce))
            .map_err(|mitz::dvp::NotTaken(reason)| NotCollected::NotTaken(reason))
    }

    /// Steps 20–30 for one location; none, one or several providers. What fails at one provider
    /// never stops another.
    async fn locatie(
        &self,
        trace: TraceId,
        locatie: &LocatieMetToken,
        gekozen: &[String],
    ) -> Vec<Aanbieder> {
        let ura = &locatie.ura;
        let turn = self.app.turn(trace, Some(ura.to_string()));
        let Ok(routes) = self.lists.routes(&self.app, ura).await else {
            turn.saw_fail(20, "stelselnode", "the lists cannot be had");
            return vec![self.ended(ura, None, Uitkomst::NietBereikbaar)];
        };
        // mitz case 32
        if routes.is_empty() {
            turn.saw_fail(20, "stelselnode", "the URA is not in the ZAKL");
            return vec![self.ended(ura, None, Uitkomst::NietInMedMij)];
        }
        let mut all = Vec::new();
        for route in routes {
            all.extend(self.along(&turn, locatie, route, gekozen).await);
        }
        all
    }

    /// Steps 20–30 along one route; nothing for a provider that the person did not choose.
    async fn along(
        &self,
        turn: &Turn<'_>,
        locatie: &LocatieMetToken,
        route: Route,
        gekozen: &[String],
    ) -> Option<Aanbieder> {
        let (naam, found) = match route {
            Route::NotInZal => {
                turn.saw_fail(20, "stelselnode", "the provider is not in the ZAL");
                return Some(self.ended(&locatie.ura, None, Uitkomst::NietInMedMij));
            }
            Route::Discover { naam, .. } | Route::Direct(Direct { naam, .. })
                if !gekozen.iter().any(|chosen| chosen == naam.scope_naam()) =>
            {
                return None;
            }
            Route::Discover { naam, url } => {
                turn.saw(20, "stelselnode", "discovery endpoint found");
                let found = self.discover(turn, locatie, naam.clone(), &url).await;
                (naam, found)
            }
            Route::Direct(direct) => {
                turn.saw(20, "stelselnode", "endpoints found in the ZAL");
                (direct.naam.clone(), self.direct(turn.trace, direct).await)
            }
        };
        let uitkomst = match found {
            Ok(reachable) => self.ask_provider(turn, locatie, &reachable).await,
            Err(uitkomst) => uitkomst,
        };
        Some(self.ended(&locatie.ura, Some(&naam), uitkomst))
    }

    fn ended(&self, ura: &Ura, naam: Option<&Zorgaanbiedernaam>, uitkomst: Uitkomst) -> Aanbieder {
        let by_name = naam.and_then(|naam| self.config.aanbieders.get(naam));
        let known = by_name.or_else(|| self.config.namen.get(ura));
        Aanbieder {
            weergavenaam: known.cloned().unwrap_or_else(|| format!("URA {ura}")),
            uitkomst,
        }
    }

    /// The endpoints that the ZAL itself names, if all of them are on the Whitelist (core.whl.306).
    async fn direct(&self, trace: TraceId, direct: Direct) -> Result<Reachable, Uitkomst> {
        let Ok(whitelist) = self.lists.whitelist(&self.app).await else {
            return Err(Uitkomst::NietBereikbaar);
        };
        let listed = |each: &DirectEndpoint| {
            is_listed(&whitelist, &each.token_endpoint)
                && is_listed(&whitelist, &each.resource_endpoint)
        };
        if direct.endpoints.iter().all(listed) {
            return Reachable::direct(direct);
        }
        let reason = "the ZAL names a host that is not on the Whitelist";
        self.app.refused(trace, "core.whl.306", reason);
        Err(Uitkomst::NietVertrouwd)
    }

    /// Steps 21 and 22.
    async fn discover(
        &self,
        turn: &Turn<'_>,
        locatie: &LocatieMetToken,
        naam: Zorgaanbiedernaam,
        url: &str,
    ) -> Result<Reachable, Uitkomst> {
        let peer = crate::web::origin(url);
        let failed = |note: &str| turn.saw_fail(22, &peer, note);
        let Ok(whitelist) = self.lists.whitelist(&self.app).await else {
            failed("the Whitelist cannot be had");
            return Err(Uitkomst::NietBereikbaar);
        };
        // core.whl.306, .308: before anything is sent.
        if !is_listed(&whitelist, url) {
            let reason = "the discovery server is not on the Whitelist";
            failed(reason);
            self.app.refused(turn.trace, "core.whl.306", reason);
            return Err(Uitkomst::NietVertrouwd);
        }
        // The ZAL names the server; the provider goes in the query (mitz.md §4.3).
        let url = with_query(url, &[("zorgaanbiedernaam", naam.as_str())]);
        let answer = self.app.outside.get(&url, headers(turn.trace)).await;
        let answer =
            answer.inspect_err(|error| self.unanswered(turn.trace, "seed 000 step 21", error));
        let Some(answer) = answer.ok().filter(|answer| answer.status.is_success()) else {
            failed("no answer of the discovery server");
            return Err(Uitkomst::NietBereikbaar);
        };
        // The location's own ID token names the DVA for which it is.
        let issuers = audiences(&locatie.id_token);
        match Found::read(&answer.body, &issuers, |host| whitelist.contains(host)) {
            Ok(found) => {
                turn.saw(22, &peer, "endpoints received");
                Ok(Reachable::found(naam, &found))
            }
            Err(rejected) => {
                failed(rejection(rejected));
                self.app
                    .refused(turn.trace, "mitz case 35", rejection(rejected));
                Err(Uitkomst::NietVertrouwd)
            }
        }
    }

    /// Steps 23 and 28–30.
    async fn ask_provider(
        &self,
        turn: &Turn<'_>,
        locatie: &LocatieMetToken,
        at: &Reachable,
    ) -> Uitkomst {
        let exchange = match self.exchange(turn, locatie, at).await {
            Ok(exchange) => exchange,
            Err(uitkomst) => return uitkomst,
        };
        let granted = |dienst: &GegevensdienstId| {
            let mut scope = exchange.scope.split(' ');
            scope.any(|granted| granted == dienst.as_str())
        };
        let mut came = Vec::new();
        for (dienst, endpoint) in &at.resources {
            let told = if granted(dienst) {
                let token = &exchange.access_token;
                Some(self.resources(turn, dienst, endpoint, token).await)
            } else {
                None
            };
            came.push((dienst, told));
        }
        self.together(came)
    }

    /// What came of each gegevensdienst; nothing where the token does not open it. What failed at one never
    /// stops another; when nothing came at all, the whole provider failed.
    pub(super) fn together(&self, came: Vec<(&GegevensdienstId, Option<Told>)>) -> Uitkomst {
        let mut groepen = Vec::new();
        let mut failed = None;
        for (dienst, told) in came {
            let inhoud = match told {
                None => Inhoud::NietVerleend,
                Some(Ok(gegevens)) => Inhoud::Gegevens(gegevens, 0),
                Some(Err(uitkomst)) => {
                    failed = Some(uitkomst);
                    Inhoud::NietOpgehaald
                }
            };
            let titel = self.titel(dienst);
            groepen.push(Groep { titel, inhoud });
        }
        let came = |groep: &Groep| matches!(groep.inhoud, Inhoud::Gegevens(..));
        match failed {
            Some(uitkomst) if !groepen.iter().any(came) => uitkomst,
            _ => Uitkomst::Gegevens(groepen),
        }
    }

    /// What people call a gegevensdienst.
    pub(super) fn titel(&self, dienst: &GegevensdienstId) -> String {
        let known = self.config.gegevensdiensten.get(dienst);
        known.map_or_else(|| dienst.to_string(), |known| known.weergavenaam.clone())
    }

    /// Steps 23 and 28.
    async fn exchange(
        &self,
        turn: &Turn<'_>,
        locatie: &LocatieMetToken,
        at: &Reachable,
    ) -> Result<ExchangeResponse, Uitkomst> {
        let diensten: Vec<GegevensdienstId> =
            at.resources.iter().map(|(id, _)| id.clone()).collect();
        let client_id = &self.config.client_id;
        let form = token_exchange_form(&locatie.id_token, &at.naam, &diensten, client_id);
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let url = &at.token_endpoint;
        let answer = self
            .app
            .outside
            .post_form(url, &form, headers(turn.trace))
            .await;
        let answer =
            answer.inspect_err(|error| self.unanswered(turn.trace, "seed 000 step 23", error));
        let read = match answer {
            Ok(answer) if answer.status.is_success() => {
                serde_json::from_slice(&answer.body).map_err(|_| Uitkomst::NietVertrouwd)
            }
            Ok(answer) if answer.status == 400 => Err(Uitkomst::GeenGegevensBeschikbaar),
            Ok(answer) if answer.status.is_client_error() => Err(Uitkomst::NietVertrouwd),
            _ => Err(Uitkomst::NietBereikbaar),
        };
        let (note, ok) = match &read {
            Ok(_) => ("access token received", true),
            Err(_) => ("no access token", false),
        };
        turn.told(28, crate::web::origin(url), note, ok);
        read
    }

    /// Steps 29 and 30 for one gegevensdienst.
    async fn resources(
        &self,
        turn: &Turn<'_>,
        dienst: &GegevensdienstId,
        endpoint: &str,
        access_token: &str,
    ) -> Told {
        let peer = crate::web::origin(endpoint);
        let mut gegevens = Vec::new();
        for kind in self.kinds(dienst) {
            match self.bundle(turn.trace, endpoint, kind, access_token).await {
                Ok(bundle) => {
                    let note = format!("{} resources received", bundle.resources.len());
                    turn.saw(30, peer.clone(), note);
                    gegevens.extend(bundle.resources.iter().filter_map(Gegeven::read));
                }
                Err(uitkomst) => {
                    turn.saw_fail(30, peer, "no usable data");
                    return Err(uitkomst);
                }
            }
        }
        Ok(newest_first(gegevens))
    }

    /// The types of resource that a gegevensdienst has.
    pub(super) fn kinds(&self, dienst: &GegevensdienstId) -> Vec<&str> {
        let known = self.config.gegevensdiensten.get(dienst);
        let zoekvragen = known.into_iter().flat_map(|dienst| &dienst.zoekvragen);
        let mut kinds: Vec<&str> = zoekvragen.map(|z| z.resource_type.as_str()).collect();
        kinds.dedup();
        kinds
    }

    /// Everything of one type at a resource endpoint.
    pub(super) async fn bundle(
        &self,
        trace: TraceId,
        endpoint: &str,
        kind: &str,
        access_token: &str,
    ) -> Result<fhir::Bundle, Uitkomst> {
        // medmij case 71
        let Ok(url) = resource_url(endpoint, kind) else {
            let reason = "the URL of a resource endpoint names a person";
            self.app.refused(trace, "medmij case 71", reason);
            return Err(Uitkomst::NietVertrouwd);
        };
        let headers = headers(trace)
            .bearer(access_token)
            .accept("application/fhir+json");
        let answer = self.app.outside.get(&url, headers).await;
        let answer = answer.inspect_err(|error| self.unanswered(trace, "seed 000 step 29", error));
        match answer {
            Ok(answer) if answer.status == 200 => {
                fhir::Bundle::parse(&answer.body).map_err(|_| Uitkomst::NietVertrouwd)
            }
            _ => Err(Uitkomst::NietBereikbaar),
        }
    }
}

/// What one gegevensdienst told, the newest first; or how it failed.
pub(super) type Told = Result<Vec<Gegeven>, Uitkomst>;

pub(super) fn newest_first(mut gegevens: Vec<Gegeven>) -> Vec<Gegeven> {
    gegevens.sort_by(|a, b| b.datum.cmp(&a.datum));
    gegevens
}

/// core.tknint.208: the run's number, and one for this request alone.
pub(super) fn headers(trace: TraceId) -> Headers {
    Headers::none()
        .correlation_id(trace)
        .medmij_request_id(&chance::entropy().uuid("medmij_request_id"))
}

impl Reachable {
    fn found(naam: Zorgaanbiedernaam, found: &Found) -> Self {
        let endpoint = |id: &GegevensdienstId| {
            let endpoint = found.resource_endpoint(id)?;
            Some((id.clone(), endpoint.to_owned()))
        };
        Self {
            naam,
            token_endpoint: found.token_endpoint.clone(),
            resources: found
                .services
                .iter()
                .filter_map(|s| endpoint(&s.id))
                .collect(),
        }
    }

    fn direct(direct: Direct) -> Result<Self, Uitkomst> {
        let first = direct.endpoints.first().ok_or(Uitkomst::NietBereikbaar)?;
        Ok(Self {
            token_endpoint: first.token_endpoint.clone(),
            naam: direct.naam,
            resources: direct
                .endpoints
                .into_iter()
                .map(|e| (e.dienst, e.resource_endpoint))
                .collect(),
        })
    }
}

/// Whether the host of a URL stands on the Whitelist.
fn is_listed(whitelist: &Whitelist, url: &str) -> bool {
    let url = url::Url::parse(url).ok();
    let host = url.as_ref().and_then(|url| url.host_str());
    host.and_then(|host| Hostname::parse(host).ok())
        .is_some_and(|host| whitelist.contains(&host))
}

fn subject(claims: &jose::Claims) -> Result<String, NotCollected> {
    let sub = claims.str("sub").map(str::to_owned);
    sub.map_err(|_| NotCollected::NotTaken("a token of Mitz names nobody"))
}

const fn rejection(rejected: Rejected) -> &'static str {
    match rejected {
        Rejected::Malformed => "the discovery document is unreadable",
        Rejected::Issuer => "the discovery document is of another issuer",
        Rejected::Host => "the discovery document names a host that is not on the Whitelist",
    }
}

/// The audiences that a location's ID token claims. It came inside an answer that Mitz signed, and
/// the DVA and Mitz check it again.
fn audiences(id_token: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Aud {
        aud: Vec<String>,
    }
    let payload = id_token.split('.').nth(1).and_then(jose::b64::decode);
    let read = payload.and_then(|bytes| serde_json::from_slice::<Aud>(&bytes).ok());
    read.map(|read| read.aud).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_tknint_208_a_request_carries_the_number_of_the_run_and_one_of_its_own() {
        // core.tknint.208
        let trace = TraceId::fresh();
        let numbers = || {
            let sent = format!("{:?}", headers(trace));
            let number = |name: &str| {
                let (_, after) = sent.split_once(&format!("\"{name}\": \"")).expect("there");
                let number = after.split('"').next().expect("a value");
                TraceId::parse(number).expect("a UUID")
            };
            (number("x-correlation-id"), number("medmij-request-id"))
        };
        let (first, second) = (numbers(), numbers());
        assert_eq!((first.0, second.0), (trace, trace));
        assert_ne!(first.1, second.1);
        assert_ne!(first.1, trace);
    }
}
