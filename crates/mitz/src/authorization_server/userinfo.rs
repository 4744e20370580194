//! Steps 11–19: signed userinfo with the locations for which there is consent.

use std::sync::Arc;

use identity::{Bsn, Ura};
use protocol::access_token::{AccessToken, Confirmation, grant_of};
use protocol::bearer::BearerRefusal;
use protocol::client::PeerCertificate;
use protocol::scope::Scope;
use serde::{Deserialize, Serialize};
use verdict::{Actor, Change, Entropy, Event, Key, Moment, Step, Stored, Verdict};

use super::grant::Grant;
use super::{Mitz, acr};
use crate::catalogus::Catalogus;
use crate::locatietoken::{LIFETIME_S, Locatie, Locatietoken};
use crate::lokalisatie::{Locaties, NietBereikbaar};
use crate::toestemming::{Besluit, Functie, beslis};
use crate::toestemmingenregister::Koppeling;
use crate::toestemmingenregister::opvragen::Opgevraagd;

/// A userinfo request whose access token had our signature and was not over (step 12, first half).
#[derive(Clone, Debug)]
pub struct UserinfoRequest {
    token: AccessToken,
    peer: Option<PeerCertificate>,
}

/// The answer, before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserinfoAnswer {
    /// Step 19.
    Userinfo(Box<Userinfo>),
    /// RFC 6750 §3.1.
    Refused(BearerRefusal),
    /// The register or the Lokalisatie server does not answer: 503, never an empty list.
    Onbereikbaar,
}

/// What goes into the signed answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Userinfo {
    /// The claims, without locations.
    pub claims: UserinfoClaims,
    /// One token for each location; the shell seals the grant's id into its `jti`, signs it and
    /// puts it beside the location.
    pub locaties: Vec<OpenLocatietoken>,
}

/// Claims of signed userinfo (OIDC Core §5.3.2) with those of mitz.md §2.5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserinfoClaims {
    /// Mitz.
    pub iss: String,
    /// The person, under the client's pseudonym.
    pub sub: String,
    /// The client.
    pub aud: String,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// When the person logged in.
    pub auth_time: i64,
    /// From the authorization request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Unique.
    pub jti: String,
    /// The level reached.
    pub acr: String,
    /// The certificate of the client, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// A location's token whose `jti` is still empty: the shell seals `grant` under `nonce` into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenLocatietoken {
    /// The claims, with an empty `jti`.
    pub token: Locatietoken,
    /// What the `jti` must let Mitz find again.
    pub grant: [u8; 16],
    /// Used for this `jti` only.
    pub nonce: [u8; 12],
}

/// What the rule asks, in order.
#[derive(Clone)]
pub enum Vraag {
    /// Step 12, second half: is the grant still there?
    Grant(GrantVraag),
    /// Step 13: the consents of this person for this client.
    Toestemmingen(ToestemmingenVraag),
    /// Step 15: the locations of this person.
    Locaties(LocatiesVraag),
}

/// See [`Vraag::Grant`].
#[derive(Clone)]
pub struct GrantVraag {
    run: Run,
    grant: [u8; 16],
}

/// See [`Vraag::Toestemmingen`].
#[derive(Clone)]
pub struct ToestemmingenVraag {
    run: Run,
    id: [u8; 16],
    grant: Grant,
}

/// See [`Vraag::Locaties`].
#[derive(Clone)]
pub struct LocatiesVraag {
    run: Run,
    id: [u8; 16],
    grant: Grant,
    opgevraagd: Opgevraagd,
}

/// What the whole run needs to know.
#[derive(Clone)]
struct Run {
    mitz: Arc<Mitz>,
    client_id: String,
    cnf: Option<Confirmation>,
    seed: [u8; 32],
    jti: String,
    now: Moment,
}

type Stap = Step<UserinfoAnswer, Vraag>;

impl UserinfoRequest {
    /// A request with a token that the door verified, and the certificate of the connection.
    pub const fn new(token: AccessToken, peer: Option<PeerCertificate>) -> Self {
        Self { token, peer }
    }

    /// The first step (seed 000 step 12).
    pub fn begin(&self, mitz: &Arc<Mitz>, now: Moment, entropy: &Entropy) -> Stap {
        // RFC 8705 §3: a token that is bound works with the certificate for which it was issued.
        let bound = self.token.cnf.as_ref();
        if bound.is_some_and(|cnf| !cnf.is_of(self.peer.as_ref())) {
            return self.refuse(
                "RFC 8705 §3",
                "the token is bound to another certificate",
                BearerRefusal::InvalidToken,
            );
        }
        // OIDC Core §5.3
        if !Scope::parse(&self.token.scope).is_ok_and(|scope| scope.contains("openid")) {
            return self.refuse(
                "OIDC Core §5.3",
                "the token has no scope openid",
                BearerRefusal::InsufficientScope,
            );
        }
        let Some(grant) = grant_of(&self.token.jti) else {
            return self.gone();
        };
        let run = Run {
            mitz: Arc::clone(mitz),
            client_id: self.token.client_id.clone(),
            cnf: self.token.cnf.clone(),
            seed: entropy.bytes("mitz.userinfo"),
            jti: entropy.uuid("mitz.userinfo.jti"),
            now,
        };
        Step::Ask(Vraag::Grant(GrantVraag { run, grant }))
    }

    /// The grant has ended: spent twice, withdrawn, or expired.
    fn gone(&self) -> Stap {
        self.refuse(
            "RFC 6750 §3.1",
            "the grant behind the token has ended",
            BearerRefusal::InvalidToken,
        )
    }

    fn refuse(
        &self,
        requirement: &'static str,
        reason: &'static str,
        refusal: BearerRefusal,
    ) -> Stap {
        let who = Actor::Party(self.token.client_id.clone());
        Step::reply_with(
            UserinfoAnswer::Refused(refusal),
            Event::refused(requirement, reason, who),
        )
    }
}

impl GrantVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Grant::key(self.grant)
    }

    /// Goes on when the grant is there.
    pub fn answer(self, found: Option<Stored<Grant>>) -> Stap {
        match found {
            None => withdrawn(Actor::Party(self.run.client_id)),
            Some(found) => Step::Ask(Vraag::Toestemmingen(ToestemmingenVraag {
                run: self.run,
                id: self.grant,
                grant: found.value,
            })),
        }
    }
}

impl ToestemmingenVraag {
    /// About whom.
    pub const fn bsn(&self) -> &Bsn {
        &self.grant.bsn
    }

    /// For which PGO.
    pub fn client_id(&self) -> &str {
        &self.grant.client_id
    }

    /// Goes on with the consents (step 14); without the koppeling the grant has ended.
    pub fn answer(self, opgevraagd: Result<Option<Opgevraagd>, NietBereikbaar>) -> Stap {
        match opgevraagd {
            Err(NietBereikbaar) => onbereikbaar("seed 000 step 14", "the register does not answer"),
            Ok(Some(opgevraagd)) if opgevraagd.koppeling == self.grant.koppeling => {
                Step::Ask(Vraag::Locaties(LocatiesVraag {
                    run: self.run,
                    id: self.id,
                    grant: self.grant,
                    opgevraagd,
                }))
            }
            Ok(_) => withdrawn(Actor::Party(self.grant.client_id)),
        }
    }
}

impl LocatiesVraag {
    /// About whom.
    pub const fn bsn(&self) -> &Bsn {
        &self.grant.bsn
    }

    /// Steps 18 and 19: what is known, and may be known. The guard on the koppeling makes a
    /// withdrawal in the same moment win.
    pub fn answer(self, locaties: Result<Locaties, NietBereikbaar>) -> Stap {
        // mitz case 27
        let Ok(locaties) = locaties else {
            return onbereikbaar("mitz case 27", "the Lokalisatie server does not answer");
        };
        let uras = met_toestemming(
            locaties,
            &self.opgevraagd,
            &self.run.mitz.catalogus,
            self.grant.functie,
        );
        let entropy = Entropy::new(self.run.seed);
        let locaties = (0..)
            .zip(uras)
            .map(|(n, ura)| self.locatietoken(ura, entropy.part("locatie", n).bytes("nonce")))
            .collect();
        let event = Event::granted(
            "seed 000 step 19",
            "locations with consent were told",
            Actor::Party(self.grant.client_id.clone()),
        );
        let event = event.about(self.grant.persoon);
        let claims = self.claims();
        Step::Done(Verdict {
            reply: UserinfoAnswer::Userinfo(Box::new(Userinfo { claims, locaties })),
            changes: vec![Change::guard(Koppeling::key(self.grant.koppeling))],
            events: vec![event],
        })
    }

    fn claims(&self) -> UserinfoClaims {
        let grant = &self.grant;
        UserinfoClaims {
            iss: self.run.mitz.issuer.clone(),
            sub: grant.sub.clone(),
            aud: grant.client_id.clone(),
            iat: self.run.now.unix(),
            exp: self.run.now.plus_s(LIFETIME_S).unix(),
            auth_time: grant.auth_time,
            nonce: grant.nonce.clone(),
            jti: self.run.jti.clone(),
            acr: acr(grant.level).to_owned(),
            cnf: self.run.cnf.clone(),
        }
    }

    fn locatietoken(&self, ura: Ura, nonce: [u8; 12]) -> OpenLocatietoken {
        let claims = self.claims();
        let mut aud = vec![claims.aud.clone()];
        aud.extend(self.run.mitz.dvas.issuers_for(&ura).map(str::to_owned));
        OpenLocatietoken {
            token: Locatietoken {
                iss: claims.iss,
                sub: claims.sub,
                azp: claims.aud,
                aud,
                iat: claims.iat,
                exp: claims.exp,
                auth_time: claims.auth_time,
                nonce: claims.nonce,
                jti: String::new(),
                acr: claims.acr,
                cnf: claims.cnf,
                locations: vec![Locatie::van(ura)],
            },
            grant: self.id,
            nonce,
        }
    }
}

/// Step 18 (mitz cases 23 and 24): the locations that are known, and to which the person agreed
/// (mitz.md §2.4). An empty result is no error (mitz cases 25 and 26).
fn met_toestemming(
    locaties: Locaties,
    opgevraagd: &Opgevraagd,
    catalogus: &Catalogus,
    functie: Functie,
) -> Vec<Ura> {
    let agreed = |ura: &Ura| {
        let categorie = catalogus.categorie(ura);
        beslis(&opgevraagd.keuzes, ura, categorie, functie) == Besluit::Toestemming
    };
    locaties.locaties.into_iter().filter(agreed).collect()
}

fn withdrawn(who: Actor) -> Stap {
    Step::reply_with(
        UserinfoAnswer::Refused(BearerRefusal::InvalidToken),
        Event::refused("mitz case 20", "the grant has ended or was withdrawn", who),
    )
}

fn onbereikbaar(requirement: &'static str, reason: &'static str) -> Stap {
    Step::reply_with(
        UserinfoAnswer::Onbereikbaar,
        Event::refused(requirement, reason, Actor::Unknown),
    )
}
