//! The HTI 2.0 token: what a portal launches, signed by the portal (koppeltaal.md §4.2).
//!
//! It is checked like a client's assertion: who claims to have made it, and with which key; then
//! the signature; then the claims. Its `jti` counts once, for its issuer, whichever way the launch
//! goes (koppeltaal cases 88 and 98).

use jose::{Claims, Expected, Jwks, Typ, Unproven};
use serde_json::Value;
use verdict::{Change, Clear, Key, Moment, Space};

use super::{Context, Gebruiker, NietGoed, Verwijzing};
use crate::auditevent::Spoor;
use crate::client_assertion::ALGORITHMS;
use crate::domein::ClientId;
use crate::domeinconfiguratie::{Applicatie, Domeinconfiguratie};

/// Seconds from `iat` to `exp`, at most (koppeltaal.md §4.2: five minutes). Two claims of one clock need no
/// leeway.
const LIFETIME_S_MAX: i64 = 300;
/// Seconds by which the portal's clock may differ from ours (koppeltaal.md §5).
const LEEWAY_S: u32 = 60;
/// Seconds for which a spent `jti` stays beyond the token's end: for a commit that waited.
const KEPT_AFTER_S: u32 = 60;
/// Bytes of a claim that is passed on and never interpreted, at most: it must fit in a cookie.
const TEXT_BYTES_MAX: usize = 256;
/// The one version there is when a token names one.
const VERSION: &str = "2.0";

/// The rows of spent `jti`s.
pub const SPACE: Space = Space("koppeltaal.hti");

/// A token of which nothing is proven.
#[derive(Debug)]
pub struct Shown<'a> {
    /// Which application claims to have made it.
    pub issuer: ClientId,
    token: Unproven<'a>,
}

/// A token whose signature and claims hold. That it was not used before is only known when
/// [`Hti::burn`] is committed.
#[derive(Clone, Debug, PartialEq)]
pub struct Hti {
    /// Who launches what for whom.
    pub context: Context,
    /// The name of the IdP that the portal wants, if it names one (MIDP).
    pub idp_hint: Option<String>,
    /// Every claim, for introspection.
    claims: Value,
    trace: Option<Spoor>,
    number: [u8; 32],
    until: Moment,
}

impl<'a> Shown<'a> {
    /// Reads a token that an application of Koppeltaal may have made.
    ///
    /// # Errors
    /// [`NietGoed`]: it is no token, or of somebody else.
    pub fn read(token: &'a str) -> Result<Self, NietGoed> {
        let no_jwt = |_| NietGoed::new("koppeltaal case 98", "the launch is no JWT");
        let token = Unproven::read(token).map_err(no_jwt)?;
        let issuer = token.issuer().map_err(no_jwt)?;
        let issuer = ClientId::parse(issuer)
            .map_err(|_| NietGoed::new("koppeltaal.md §4.2", "the launch's iss is no client_id"))?;
        Ok(Self { issuer, token })
    }

    /// The registration of who claims to have made it.
    ///
    /// # Errors
    /// [`NietGoed`]: unknown in this domain, not approved, or it names no key of its issuer.
    pub fn applicatie<'d>(
        &self,
        domein: &'d Domeinconfiguratie,
    ) -> Result<&'d Applicatie, NietGoed> {
        let portal = domein.approved(self.issuer).ok_or(NietGoed::new(
            "koppeltaal.md §4.2",
            "the domain has no approved application with the launch's iss",
        ))?;
        let jku = self.token.jku();
        if jku.is_some_and(|jku| jku != portal.jwks_uri) {
            // koppeltaal case 29: compared, never followed
            let reason = "the launch's jku is not the registered JWKS URL";
            return Err(NietGoed::new("koppeltaal case 29", reason));
        }
        if self.token.kid().is_none() {
            // koppeltaal.md §4.2
            let reason = "the launch names no key (kid)";
            return Err(NietGoed::new("koppeltaal.md §4.2", reason));
        }
        Ok(portal)
    }

    /// Whether its key is in this set.
    pub fn is_by_one_of(&self, keys: &Jwks) -> bool {
        let kid = self.token.kid();
        kid.is_some_and(|kid| keys.find(kid).is_some())
    }

    /// Checks signature and claims, for a launch of this module (koppeltaal.md §4.4).
    ///
    /// # Errors
    /// [`NietGoed`], whatever is wrong.
    pub fn prove(self, keys: &Jwks, module: ClientId, now: Moment) -> Result<Hti, NietGoed> {
        let (issuer, device) = (self.issuer.to_string(), module.device());
        let expected = Expected {
            typ: Typ::JwtOrAbsent,
            issuer: &issuer,
            // koppeltaal case 86
            audience: &[&device],
            now,
            leeway_s: LEEWAY_S,
        };
        let claims = self
            .token
            .verify(keys, &ALGORITHMS, &expected)
            .map_err(|refused| NietGoed::new("koppeltaal case 98", reason(refused)))?;
        Hti::of(self.issuer, &claims)
    }
}

impl Hti {
    fn of(issuer: ClientId, claims: &Claims) -> Result<Self, NietGoed> {
        CHECKS.iter().try_for_each(|(holds, requirement, reason)| {
            holds(claims)
                .then_some(())
                .ok_or(NietGoed::new(requirement, reason))
        })?;
        let jti = claims.str("jti").unwrap_or_default();
        // Two portals may use the same number, so it counts with its issuer.
        let named = [&issuer.bytes()[..], jti.as_bytes()].concat();
        Ok(Self {
            context: context(claims)?,
            idp_hint: text(claims, "idp_hint")?,
            claims: claims.parse_all().unwrap_or_default(),
            // koppeltaal.md §3.5: for launches the HTI `jti` serves as trace id
            trace: Spoor::parse(jti),
            number: jose::sha256(&named),
            until: claims.expires().plus_s(LEEWAY_S + KEPT_AFTER_S),
        })
    }

    /// Spends the token's `jti`. Where it was spent before, the commit that holds this fails
    /// (koppeltaal cases 88 and 98).
    pub fn burn(&self) -> Change<Clear> {
        Change::spend(Key::Once(SPACE, self.number), self.until)
    }

    /// Every claim, as the portal made them.
    pub const fn claims(&self) -> &Value {
        &self.claims
    }

    /// The number of the whole launch: its `jti`, if FHIR takes it (koppeltaal.md §3.5).
    pub const fn trace(&self) -> Option<&Spoor> {
        self.trace.as_ref()
    }
}

type Holds = fn(&Claims) -> bool;

/// What must hold of the claims beside who made them, for whom and until when.
const CHECKS: [(Holds, &str, &str); 5] = [
    (
        |claims| claims.get("task").is_none(),
        "koppeltaal.md §4.2",
        "the launch is of HTI 1.x (task)",
    ),
    (
        |claims| {
            claims
                .get("hti-version")
                .is_none_or(|version| version == VERSION)
        },
        "koppeltaal.md §4.2",
        "the launch is of another version of HTI than 2.0",
    ),
    (
        |claims| claims.strings("aud").map_or(0, |named| named.len()) == 1,
        "koppeltaal case 86",
        "the launch is for others too (aud)",
    ),
    (
        |claims| {
            let iat = claims.seconds("iat").ok();
            let lasts_s = iat.and_then(|iat| claims.expires().unix().checked_sub(iat));
            lasts_s.is_some_and(|lasts_s| (1..=LIFETIME_S_MAX).contains(&lasts_s))
        },
        "koppeltaal.md §4.2",
        "the launch does not say when it was made (iat), or does not last one second to five minutes (exp)",
    ),
    (
        |claims| {
            let jti = claims.str("jti").unwrap_or_default();
            (1..=TEXT_BYTES_MAX).contains(&jti.len())
        },
        "koppeltaal.md §4.2",
        "the launch has no jti, or one that is too long",
    ),
];

/// Who launches what for whom (koppeltaal.md §4.2).
fn context(claims: &Claims) -> Result<Context, NietGoed> {
    let bad = |reason| NietGoed::new("koppeltaal.md §4.2", reason);
    let sub = claims.str("sub").ok().and_then(Gebruiker::parse);
    let resource = claims.str("resource").ok();
    let resource = resource.and_then(|task| Verwijzing::of("Task", task));
    let patient = text(claims, "patient")?;
    let patient = patient.map(|text| {
        Verwijzing::of("Patient", &text).ok_or(bad("the launch's patient refers to no Patient"))
    });
    Ok(Context {
        sub: sub.ok_or(bad("the launch's sub refers to nobody who launches"))?,
        resource: resource.ok_or(bad("the launch's resource refers to no Task"))?,
        definition: text(claims, "definition")?,
        patient: patient.transpose()?,
        intent: text(claims, "intent")?,
    })
}

/// A claim that need not be there, and is a text of some bytes if it is.
fn text(claims: &Claims, name: &'static str) -> Result<Option<String>, NietGoed> {
    let text = match claims.get(name) {
        None => return Ok(None),
        Some(value) => value.as_str().unwrap_or_default(),
    };
    if (1..=TEXT_BYTES_MAX).contains(&text.len()) {
        Ok(Some(text.to_owned()))
    } else {
        let reason = "a claim of the launch is no text of 1 to 256 bytes";
        Err(NietGoed::new("koppeltaal.md §4.2", reason))
    }
}

/// What the operator reads: enough to see which side must change.
const fn reason(refused: jose::Refused) -> &'static str {
    use jose::Refused as R;
    match refused {
        R::Algorithm => "the launch's algorithm is none of Koppeltaal's (alg)",
        R::UnknownKey | R::AmbiguousKey => "the portal's JWKS has no key with the launch's kid",
        R::KeyUse => "the key that the launch names is not for its algorithm",
        R::Signature => "the launch's signature does not fit",
        R::Issuer => "the launch's iss is not the portal",
        R::Audience => "the launch is for another application (aud)",
        R::NoExpiry => "the launch does not say when it ends (exp)",
        R::Expired => "the launch has expired (exp)",
        R::NotYetValid => "the launch is not yet valid (nbf): do the clocks agree?",
        R::IssuedAhead => "the launch was made in the future (iat): do the clocks agree?",
        R::TooLarge | R::Form | R::Header | R::Critical | R::Typ | R::Payload => {
            "the launch is no JWT of this kind"
        }
    }
}

#[cfg(test)]
mod tests;
