//! Steps 29 and 30 at the DVA's Resource server: the granted gegevensdiensten of the person behind
//! the token, and nothing else.

use fhir::{Bundle, Gegevensdienst, Search, Zoekvraag};
use identity::{Bsn, GegevensdienstId, Ura};
use protocol::access_token::{AccessToken, grant_of};
use protocol::bearer::BearerRefusal;
use protocol::client::PeerCertificate;
use protocol::scope::Scope;
use verdict::{Actor, Event, Key, Step, Stored};

use super::DvaServer;
use super::token::Grant;
use crate::locatietoken::BSN_SYSTEM;
use crate::lokalisatie::NietBereikbaar;
use crate::toestemming::Functie;

/// A resource request whose token had our signature and was not over.
#[derive(Clone)]
pub struct ResourceRequest {
    /// The claims of the access token.
    pub token: AccessToken,
    /// The certificate of the connection.
    pub peer: Option<PeerCertificate>,
    /// The provider in the path.
    pub ura: Ura,
    /// The gegevensdienst in the path.
    pub gegevensdienst: GegevensdienstId,
    /// The search.
    pub search: Search,
}

/// The answer to the DVP.
#[derive(Clone, Debug, PartialEq)]
pub enum ResourceAnswer {
    /// Step 30.
    Data(Bundle),
    /// RFC 6750 §3.1.
    Refused(BearerRefusal),
    /// 503: the record system does not answer.
    Onbereikbaar,
}

/// What the rule asks, in order.
pub enum Vraag {
    /// Who is behind the token?
    Grant(GrantVraag),
    /// What does the record system hold?
    Gegevens(GegevensVraag),
}

/// See [`Vraag::Grant`].
pub struct GrantVraag {
    request: ResourceRequest,
    id: [u8; 16],
    dienst: Option<Gegevensdienst>,
}

/// See [`Vraag::Gegevens`].
pub struct GegevensVraag {
    grant: Grant,
    dienst: Gegevensdienst,
    zoekvragen: Vec<Zoekvraag>,
}

type Stap = Step<ResourceAnswer, Vraag>;

impl ResourceRequest {
    /// The first step.
    pub fn begin(self, dva: &DvaServer) -> Stap {
        // RFC 8705 §3
        let bound = self.token.cnf.as_ref();
        if !bound.is_some_and(|cnf| cnf.is_of(self.peer.as_ref())) {
            let reason = "the token is bound to another certificate";
            return self.refuse("RFC 8705 §3", reason, BearerRefusal::InvalidToken);
        }
        let Some(id) = grant_of(&self.token.jti) else {
            return self.refuse(
                "RFC 6750 §3.1",
                "the jti is none of ours",
                BearerRefusal::InvalidToken,
            );
        };
        let aanbieder = dva.aanbieder(&self.ura);
        let dienst = aanbieder.and_then(|a| a.gegevensdiensten.get(&self.gegevensdienst));
        Step::Ask(Vraag::Grant(GrantVraag {
            dienst: dienst.cloned(),
            request: self,
            id,
        }))
    }

    fn refuse(&self, requirement: &'static str, reason: &'static str, how: BearerRefusal) -> Stap {
        let who = Actor::Party(self.token.client_id.clone());
        Step::reply_with(
            ResourceAnswer::Refused(how),
            Event::refused(requirement, reason, who),
        )
    }
}

impl GrantVraag {
    /// Which row.
    pub const fn key(&self) -> Key {
        Grant::key(self.id)
    }

    /// The id behind the token.
    pub const fn grant(&self) -> [u8; 16] {
        self.id
    }

    /// Decides what may be read (mitz case 53).
    pub fn answer(self, found: Option<Stored<Grant>>) -> Stap {
        let request = self.request;
        let Some(Stored { value: grant, .. }) = found else {
            let reason = "the grant behind the token has ended";
            return request.refuse("RFC 6750 §3.1", reason, BearerRefusal::InvalidToken);
        };
        let beyond =
            |reason| request.refuse("mitz case 53", reason, BearerRefusal::InsufficientScope);
        if grant.ura != request.ura {
            return beyond("the token is for another provider");
        }
        if grant.functie == Functie::Delen {
            return beyond("the token is for sharing");
        }
        // What the token says, of that what is granted now (medmij case 70).
        let scopes = [&request.token.scope, &grant.scope].map(|scope| Scope::parse(scope));
        let is_in = |scope: &Result<Scope, _>| {
            let scope = scope.as_ref();
            scope.is_ok_and(|scope| scope.contains(request.gegevensdienst.as_str()))
        };
        let in_scope = scopes.iter().all(is_in);
        let Some(dienst) = self.dienst.filter(|_| in_scope) else {
            return beyond("the gegevensdienst was not granted");
        };
        match dienst.narrow(&request.search) {
            Err(fhir::NotAllowed) => beyond("the type is not in the gegevensdienst"),
            Ok(zoekvragen) => Step::Ask(Vraag::Gegevens(GegevensVraag {
                grant,
                dienst,
                zoekvragen,
            })),
        }
    }
}

impl GegevensVraag {
    /// About whom.
    pub const fn bsn(&self) -> &Bsn {
        &self.grant.bsn
    }

    /// At which provider.
    pub const fn ura(&self) -> &Ura {
        &self.grant.ura
    }

    /// Which searches, each for this person only.
    pub fn zoekvragen(&self) -> &[Zoekvraag] {
        &self.zoekvragen
    }

    /// Passes on what may leave (step 30).
    pub fn answer(self, found: Result<Bundle, NietBereikbaar>) -> Stap {
        let who = Actor::Party(self.grant.client_id.clone());
        match found {
            Err(NietBereikbaar) => Step::reply_with(
                ResourceAnswer::Onbereikbaar,
                Event::refused("seed 000 step 30", "the record system does not answer", who),
            ),
            Ok(bundle) => Step::reply_with(
                ResourceAnswer::Data(
                    bundle
                        .filtered(|kind| self.dienst.contains(kind))
                        .without_identifiers(BSN_SYSTEM),
                ),
                Event::granted("seed 000 step 30", "data were given", who),
            ),
        }
    }
}
