//! The first login at an AD, as the HM sees it: the request, the browser's return, the declaration
//! (GUC3 in etoegang.md §2.1; §4.6).

use identity::EntityId;
use jose::{Algorithm, Claims, Expected, Typ};
use protocol::pkce::Challenge;
use protocol::wire::Parameters;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use verdict::{Entropy, Moment};

use super::{AdRefreshToken, AdSessie, Authenticatiedienst, Herroeping, LEEWAY_S};
use crate::attribuut::Attributen;
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::dv_hm::authorize::{Afgebroken, AuthorizationRequest};
use crate::dv_hm::gevraagde_claims::GevraagdeClaims;
use crate::keten::KetenAntwoord;
use crate::machtiging::InternPseudoniem;

/// The `typ` of the signed request (RFC 9101 §10.8).
pub const VERZOEK_TYP: &str = "oauth-authz-req+jwt";
/// The claim of the signed request that names the register for which the AD encrypts the internal
/// pseudonym. A proposal.
pub const ETD_MR: &str = "etd_mr";
/// Seconds that the signed request counts.
const VERZOEK_S: u32 = 120;
/// Seconds that a person may take at the AD.
pub const AANMELDEN_S: u32 = 900;
/// Registers for which an AD encrypts the internal pseudonym, at most.
const ALT_SUB_MAX: usize = 8;
/// Bytes of an encrypted pseudonym, at most.
const PSEUDONIEM_BYTES_MAX: usize = 4096;

/// What the HM keeps while a person is at an AD: in the browser's sealed cookie, as versioned data.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wachtend {
    /// Which AD was asked.
    pub ad: EntityId,
    /// The HM's redirect URI for this AD alone.
    pub redirect_uri: String,
    /// By which the browser's return is known.
    pub state: String,
    nonce: String,
    /// PKCE.
    pub code_verifier: String,
    vereist: Betrouwbaarheidsniveau,
    opnieuw: bool,
    begonnen: i64,
}

/// What a login at an AD brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aangemeld {
    /// The login.
    pub sessie: AdSessie,
    /// Nothing where the AD lets nobody renew it.
    pub ad_token: Option<AdRefreshToken>,
    /// The internal pseudonym, encrypted for each of these registers.
    pub intern: Vec<(EntityId, InternPseudoniem)>,
    /// What the AD declares of the person, of what was asked.
    #[serde(default)]
    pub attributen: Attributen,
}

/// Why a login at an AD brings nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mislukt {
    /// The app hears why.
    Afgebroken(Afgebroken),
    /// The answer is not to this request, or cannot be believed: a page, and a line for the operator.
    Ongeldig(&'static str),
}

#[derive(Deserialize)]
struct AltSub {
    aud: EntityId,
    sub: String,
}

#[derive(Deserialize)]
struct Body {
    id_token: String,
    #[serde(default)]
    refresh_token: Option<String>,
}

impl Aangemeld {
    /// What the AD must revoke when nothing comes of the login.
    pub fn herroeping(&self) -> Option<Herroeping> {
        Some(Herroeping {
            ad: self.sessie.ad.clone(),
            token: self.ad_token.clone()?,
        })
    }
}

impl Authenticatiedienst {
    /// The claims of the signed request, to be pushed or sent along, and what must be kept until the
    /// person is back. `redirect_uri` is the HM's for this AD and no other (RFC 9700 §4.4.2). `mr` is
    /// the register that will be asked, where the person acts for another: the AD encrypts the internal
    /// pseudonym for it.
    pub fn verzoek(
        &self,
        request: &AuthorizationRequest,
        redirect_uri: &str,
        mr: Option<&EntityId>,
        entropy: &Entropy,
        now: Moment,
    ) -> (Value, Wachtend) {
        let text = |label| jose::base64url_encode(entropy.bytes::<32>(label));
        let wachtend = Wachtend {
            ad: self.entity.clone(),
            redirect_uri: redirect_uri.to_owned(),
            state: text("etoegang.ad.state"),
            nonce: text("etoegang.ad.nonce"),
            code_verifier: text("etoegang.ad.verifier"),
            vereist: request.vereist(),
            opnieuw: request.opnieuw,
            begonnen: now.unix(),
        };
        let mut claims = json!({
            "iss": self.client_id,
            "aud": self.issuer,
            "iat": now.unix(),
            "exp": now.plus_s(VERZOEK_S).unix(),
            "jti": text("etoegang.ad.jti"),
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "scope": format!("openid {}", request.dienst.service_id),
            "state": wachtend.state,
            "nonce": wachtend.nonce,
            "code_challenge": Challenge::of(&wachtend.code_verifier).as_str(),
            "code_challenge_method": "S256",
            "acr_values": wachtend.vereist,
        });
        if request.opnieuw {
            claims["prompt"] = "login".into();
        }
        if let Some(asked) = request.claims.voor_ad() {
            claims["claims"] = asked;
        }
        if let Some(mr) = mr {
            claims[ETD_MR] = json!(mr);
        }
        (claims, wachtend)
    }

    /// The code with which the browser came back.
    ///
    /// # Errors
    /// [`Mislukt`]: the person cancelled, the AD says so, or the answer is another's (RFC 9207 §2.4).
    pub fn terugkeer(
        &self,
        wachtend: &Wachtend,
        parameters: &Parameters,
        now: Moment,
    ) -> Result<String, Mislukt> {
        let is_ours = parameters.get("state") == Some(wachtend.state.as_str());
        let is_its = parameters.get("iss") == Some(self.issuer.as_str());
        if self.entity != wachtend.ad || !is_ours || !is_its {
            return Err(Mislukt::Ongeldig(
                "the answer is to another request, or of another AD (state, iss)",
            ));
        }
        if Moment::from_unix(wachtend.begonnen)
            .plus_s(AANMELDEN_S)
            .is_over_at(now)
        {
            return Err(Mislukt::Ongeldig("the person took too long at the AD"));
        }
        match (parameters.get("error"), parameters.get("code")) {
            (Some(error), _) => Err(fout(error)),
            (None, Some(code)) => Ok(code.to_owned()),
            (None, None) => Err(Mislukt::Ongeldig("the answer has no code")),
        }
    }

    /// Reads the AD's answer to the code. Of its attributes only those count that were asked for and that
    /// are a person's: whatever else it says is passed over (etoegang.md §3).
    ///
    /// # Errors
    /// [`Mislukt`]; whatever cannot be believed brings no login.
    pub fn aangemeld(
        &self,
        wachtend: &Wachtend,
        gevraagd: &GevraagdeClaims,
        antwoord: &KetenAntwoord,
        now: Moment,
    ) -> Result<Aangemeld, Mislukt> {
        if antwoord.later_s().is_some() {
            return Err(Mislukt::Afgebroken(Afgebroken::NietBereikbaar));
        }
        let unreadable = Mislukt::Ongeldig("the AD's token answer is an error, or unreadable");
        let KetenAntwoord::Http {
            status: 200, body, ..
        } = antwoord
        else {
            return Err(unreadable);
        };
        let body: Body = serde_json::from_slice(body).map_err(|_| unreadable)?;
        let claims = self.verklaring(wachtend, &body.id_token, now)?;
        let sessie = self.sessie(wachtend, &claims, now)?;
        let ad_token = match body.refresh_token {
            Some(text) => Some(AdRefreshToken::new(text).ok_or(unreadable)?),
            None => None,
        };
        Ok(Aangemeld {
            sessie,
            ad_token,
            intern: intern(&claims)?,
            attributen: attributen(gevraagd, &claims)?,
        })
    }

    /// OIDC Core §3.1.3.7: signed by this AD, for this HM, to this request.
    fn verklaring(&self, wachtend: &Wachtend, token: &str, now: Moment) -> Result<Claims, Mislukt> {
        let expected = Expected {
            typ: Typ::JwtOrAbsent,
            issuer: &self.issuer,
            audience: &[&self.client_id],
            now,
            leeway_s: LEEWAY_S,
        };
        let algorithms = [Algorithm::Es256, Algorithm::Ps256, Algorithm::Rs256];
        let claims = jose::verify(token, &self.keys, &algorithms, &expected)
            .map_err(|_| Mislukt::Ongeldig("the AD's ID token cannot be believed"))?;
        if claims.str("nonce") != Ok(&wachtend.nonce) {
            let reason = "the AD's ID token is to another request (nonce)";
            return Err(Mislukt::Ongeldig(reason));
        }
        Ok(claims)
    }

    fn sessie(
        &self,
        wachtend: &Wachtend,
        claims: &Claims,
        now: Moment,
    ) -> Result<AdSessie, Mislukt> {
        let incomplete =
            Mislukt::Ongeldig("the AD's ID token lacks sub, acr or auth_time, or has a wrong one");
        let sub = claims.str("sub").map_err(|_| incomplete)?;
        let auth_time = claims.seconds("auth_time").map_err(|_| incomplete)?;
        let acr = claims.str("acr").map_err(|_| incomplete)?;
        let niveau = Betrouwbaarheidsniveau::from_acr(acr).map_err(|_| incomplete)?;
        if sub.is_empty() || auth_time > now.plus_s(LEEWAY_S).unix() {
            return Err(incomplete);
        }
        let earliest = Moment::from_unix(wachtend.begonnen).minus_s(LEEWAY_S);
        if wachtend.opnieuw && auth_time < earliest.unix() {
            let reason = "the AD gave an older login where a new one was asked for";
            return Err(Mislukt::Ongeldig(reason));
        }
        // etoegang.md §3: means must meet the level or exceed it
        if niveau < wachtend.vereist {
            return Err(Mislukt::Afgebroken(Afgebroken::NiveauNietGehaald));
        }
        Ok(AdSessie {
            ad: self.entity.clone(),
            sub: sub.to_owned(),
            auth_time,
            niveau,
        })
    }
}

/// The internal pseudonym for each register (`alt_sub`): only that register can read it.
fn intern(claims: &Claims) -> Result<Vec<(EntityId, InternPseudoniem)>, Mislukt> {
    if claims.get("alt_sub").is_none() {
        return Ok(Vec::new());
    }
    let unreadable = Mislukt::Ongeldig("the AD's ID token has an alt_sub that is none");
    let all: Vec<AltSub> = claims.parse("alt_sub").map_err(|_| unreadable)?;
    let is_good = |one: &AltSub| one.sub.len() <= PSEUDONIEM_BYTES_MAX && !one.sub.is_empty();
    if all.len() > ALT_SUB_MAX || !all.iter().all(is_good) {
        return Err(unreadable);
    }
    let pairs = all
        .into_iter()
        .map(|one| (one.aud, InternPseudoniem(one.sub)));
    Ok(pairs.collect())
}

/// What the person's attributes are, of what was asked.
fn attributen(gevraagd: &GevraagdeClaims, claims: &Claims) -> Result<Attributen, Mislukt> {
    let read = Attributen::gelezen(gevraagd.van_ad(), |name| claims.get(name));
    read.map_err(|_| Mislukt::Ongeldig("the AD's ID token has an attribute that is none"))
}

/// What the AD's error means for the app (etoegang case 70).
fn fout(error: &str) -> Mislukt {
    match error {
        "access_denied" => Mislukt::Afgebroken(Afgebroken::Geannuleerd),
        "unmet_authentication_requirements" => Mislukt::Afgebroken(Afgebroken::NiveauNietGehaald),
        "temporarily_unavailable" | "server_error" => {
            Mislukt::Afgebroken(Afgebroken::NietBereikbaar)
        }
        _ => Mislukt::Ongeldig("the AD refuses the HM's request: look at the registration there"),
    }
}

/// It holds a verifier: nothing of it prints but the AD.
impl std::fmt::Debug for Wachtend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wachtend({})", self.ad)
    }
}

#[cfg(test)]
#[path = "aanmelden/tests.rs"]
mod tests;
