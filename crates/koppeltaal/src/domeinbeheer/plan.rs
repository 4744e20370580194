//! What differs between two states of a domain.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::domein::ClientId;
use crate::domeinconfiguratie::{Applicatie, Domeinconfiguratie, Gebruikerssoort, Idp, Status};
use crate::permissie::{Actie, Bereik, Permissie, ResourceType};

/// Every difference, in one order: the domain, its roles, its IdPs, its applications.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan(Vec<Wijziging>);

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wijziging {
    /// There was no such domain.
    DomeinErbij {
        /// See [`Domeinconfiguratie::upstream`].
        upstream: String,
        /// See [`Domeinconfiguratie::voorziening`].
        voorziening: ClientId,
    },
    /// There is no such domain any more.
    DomeinEraf,
    /// Another FHIR server.
    Upstream(Anders<String>),
    /// Another Device of the voorziening.
    Voorziening(Anders<ClientId>),
    /// Another IdP where nothing else is said.
    StandaardIdp(Anders<Option<String>>),
    /// A role, without its permissions.
    RolErbij(String),
    /// A role and all its permissions.
    RolEraf(String),
    /// What a role allows on one type.
    Permissie {
        /// Which role.
        rol: String,
        /// On which type.
        resource: ResourceType,
        /// What may be done.
        actie: Actie,
        /// With whose resources; with nobody's when there is no such permission.
        bereik: Anders<Option<Bereik>>,
    },
    /// An IdP.
    IdpErbij(String, Box<Idp>),
    /// An IdP.
    IdpEraf(String),
    /// A member of an IdP.
    Idp(String, IdpLid),
    /// An application.
    ApplicatieErbij(ClientId, Box<Applicatie>),
    /// An application, and how people called it.
    ApplicatieEraf(ClientId, String),
    /// A member of an application.
    Applicatie(ClientId, Lid),
}

/// What something was, and what it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anders<T> {
    /// Before.
    pub was: T,
    /// After.
    pub wordt: T,
}

/// A member of an application that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lid {
    /// See [`Applicatie::naam`].
    Naam(Anders<String>),
    /// See [`Applicatie::status`].
    Status(Anders<Status>),
    /// See [`Applicatie::jwks_uri`].
    JwksUri(Anders<String>),
    /// See [`Applicatie::redirect_uris`].
    RedirectUris(Anders<Vec<String>>),
    /// See [`Applicatie::rol`].
    Rol(Anders<Option<String>>),
    /// See [`Applicatie::granted`].
    Granted(Anders<Vec<ClientId>>),
    /// See [`Applicatie::idps`]; nothing where the kind has no list.
    Idps(Gebruikerssoort, Anders<Option<Vec<String>>>),
}

/// A member of an IdP that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdpLid {
    /// See [`Idp::issuer`].
    Issuer(Anders<String>),
    /// See [`Idp::client_id`].
    ClientId(Anders<String>),
    /// See [`Idp::claim`].
    Claim(Anders<String>),
    /// See [`Idp::identifier_system`].
    IdentifierSystem(Anders<Option<String>>),
    /// See [`Idp::extra_scopes`].
    ExtraScopes(Anders<Vec<String>>),
}

/// A difference for people and for programs, as it is shown, sent and kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Regel {
    /// Whether something came, went or changed.
    pub change: Teken,
    /// Of what: `application`, `role`, `identity_provider`, `domain`.
    pub subject: String,
    /// Which one: a `client_id` or a name.
    pub id: String,
    /// Which member, when it is not the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Its value before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// Its value after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
}

/// Whether something came, went or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Teken {
    /// `+`
    Added,
    /// `-`
    Removed,
    /// `~`
    Changed,
}

impl Plan {
    /// What becomes of `was` when it is `wordt`; either may be no domain at all.
    pub fn tussen(was: Option<&Domeinconfiguratie>, wordt: Option<&Domeinconfiguratie>) -> Self {
        Self(match (was, wordt) {
            (None, None) => Vec::new(),
            (Some(_), None) => vec![Wijziging::DomeinEraf],
            (Some(was), Some(wordt)) => tussen(was, wordt),
            (None, Some(wordt)) => {
                let mut all = vec![Wijziging::DomeinErbij {
                    upstream: wordt.upstream.clone(),
                    voorziening: wordt.voorziening,
                }];
                all.extend(tussen(&leeg(wordt), wordt));
                all
            }
        })
    }

    /// Whether nothing changes.
    pub const fn is_leeg(&self) -> bool {
        self.0.is_empty()
    }

    /// Each difference.
    pub fn wijzigingen(&self) -> &[Wijziging] {
        &self.0
    }

    /// Each difference, for people and programs.
    pub fn regels(&self) -> impl Iterator<Item = Regel> {
        self.0.iter().map(Wijziging::regel)
    }
}

/// The same domain before anything was in it.
fn leeg(domein: &Domeinconfiguratie) -> Domeinconfiguratie {
    Domeinconfiguratie {
        applicaties: BTreeMap::new(),
        rollen: BTreeMap::new(),
        idps: BTreeMap::new(),
        standaard_idp: None,
        ..domein.clone()
    }
}

fn tussen(was: &Domeinconfiguratie, wordt: &Domeinconfiguratie) -> Vec<Wijziging> {
    let mut all = Vec::new();
    all.extend(anders(&was.upstream, &wordt.upstream).map(Wijziging::Upstream));
    all.extend(anders(&was.voorziening, &wordt.voorziening).map(Wijziging::Voorziening));
    all.extend(anders(&was.standaard_idp, &wordt.standaard_idp).map(Wijziging::StandaardIdp));
    each(&was.rollen, &wordt.rollen, |naam, was, wordt| {
        rol(&mut all, naam, was, wordt);
    });
    each(&was.idps, &wordt.idps, |naam, was, wordt| {
        idp(&mut all, naam, was, wordt);
    });
    each(&was.applicaties, &wordt.applicaties, |id, was, wordt| {
        applicatie(&mut all, *id, was, wordt);
    });
    all
}

/// Every key of either, once, in order.
fn each<K: Ord, V>(
    was: &BTreeMap<K, V>,
    wordt: &BTreeMap<K, V>,
    mut with: impl FnMut(&K, Option<&V>, Option<&V>),
) {
    let keys: std::collections::BTreeSet<&K> = was.keys().chain(wordt.keys()).collect();
    for key in keys {
        with(key, was.get(key), wordt.get(key));
    }
}

fn rol(
    all: &mut Vec<Wijziging>,
    naam: &str,
    was: Option<&Vec<Permissie>>,
    wordt: Option<&Vec<Permissie>>,
) {
    let Some(wordt) = wordt else {
        all.push(Wijziging::RolEraf(naam.to_owned()));
        return;
    };
    if was.is_none() {
        all.push(Wijziging::RolErbij(naam.to_owned()));
    }
    let bereiken = |permissies: &[Permissie]| {
        let each = permissies.iter();
        each.map(|p| ((p.resource.clone(), p.actie), p.bereik))
            .collect::<BTreeMap<_, _>>()
    };
    let was = was.map_or(&[][..], Vec::as_slice);
    let (was, wordt) = (bereiken(was), bereiken(wordt));
    each(&was, &wordt, |(resource, actie), was, wordt| {
        all.extend(
            anders(&was.copied(), &wordt.copied()).map(|bereik| Wijziging::Permissie {
                rol: naam.to_owned(),
                resource: resource.clone(),
                actie: *actie,
                bereik,
            }),
        );
    });
}

fn idp(all: &mut Vec<Wijziging>, naam: &str, was: Option<&Idp>, wordt: Option<&Idp>) {
    let (was, wordt) = match (was, wordt) {
        (Some(was), Some(wordt)) => (was, wordt),
        (_, Some(wordt)) => {
            all.push(Wijziging::IdpErbij(
                naam.to_owned(),
                Box::new(wordt.clone()),
            ));
            return;
        }
        (_, None) => {
            all.push(Wijziging::IdpEraf(naam.to_owned()));
            return;
        }
    };
    let leden = [
        anders(&was.issuer, &wordt.issuer).map(IdpLid::Issuer),
        anders(&was.client_id, &wordt.client_id).map(IdpLid::ClientId),
        anders(&was.claim, &wordt.claim).map(IdpLid::Claim),
        anders(&was.identifier_system, &wordt.identifier_system).map(IdpLid::IdentifierSystem),
        anders(&was.extra_scopes, &wordt.extra_scopes).map(IdpLid::ExtraScopes),
    ];
    let leden = leden.into_iter().flatten();
    all.extend(leden.map(|lid| Wijziging::Idp(naam.to_owned(), lid)));
}

fn applicatie(
    all: &mut Vec<Wijziging>,
    id: ClientId,
    was: Option<&Applicatie>,
    wordt: Option<&Applicatie>,
) {
    let (was, wordt) = match (was, wordt) {
        (Some(was), Some(wordt)) => (was, wordt),
        (_, Some(wordt)) => {
            all.push(Wijziging::ApplicatieErbij(id, Box::new(wordt.clone())));
            return;
        }
        (was, None) => {
            let naam = was.map(|was| was.naam.clone()).unwrap_or_default();
            all.push(Wijziging::ApplicatieEraf(id, naam));
            return;
        }
    };
    let leden = [
        anders(&was.naam, &wordt.naam).map(Lid::Naam),
        anders(&was.status, &wordt.status).map(Lid::Status),
        anders(&was.jwks_uri, &wordt.jwks_uri).map(Lid::JwksUri),
        anders(&was.redirect_uris, &wordt.redirect_uris).map(Lid::RedirectUris),
        anders(&was.rol, &wordt.rol).map(Lid::Rol),
        anders(&was.granted, &wordt.granted).map(Lid::Granted),
    ];
    let idps = Gebruikerssoort::ALL.into_iter().map(|soort| {
        let of = |applicatie: &Applicatie| applicatie.idps.get(&soort).cloned();
        anders(&of(was), &of(wordt)).map(|anders| Lid::Idps(soort, anders))
    });
    let leden = leden.into_iter().chain(idps).flatten();
    all.extend(leden.map(|lid| Wijziging::Applicatie(id, lid)));
}

fn anders<T: Clone + PartialEq>(was: &T, wordt: &T) -> Option<Anders<T>> {
    (was != wordt).then(|| Anders {
        was: was.clone(),
        wordt: wordt.clone(),
    })
}

// ── For people and programs ─────────────────────────────────────────────────────────────────────

impl Wijziging {
    /// The difference in words.
    pub fn regel(&self) -> Regel {
        match self {
            Self::DomeinErbij {
                upstream,
                voorziening,
            } => Regel::erbij(
                "domain",
                "",
                format!("fhir.upstream {upstream}, service {voorziening}"),
            ),
            Self::DomeinEraf => Regel::eraf("domain", "", None),
            Self::Upstream(anders) => Regel::anders(anders, "domain", "", "fhir.upstream"),
            Self::Voorziening(anders) => Regel::anders(anders, "domain", "", "service"),
            Self::StandaardIdp(anders) => {
                Regel::anders(anders, "domain", "", "default_identity_provider")
            }
            Self::RolErbij(naam) => Regel::erbij("role", naam, None),
            Self::RolEraf(naam) => Regel::eraf("role", naam, None),
            Self::Permissie {
                rol,
                resource,
                actie,
                bereik,
            } => Regel::anders(bereik, "role", rol, &format!("{resource}.{}", actie.naam())),
            Self::IdpErbij(naam, idp) => {
                let what = format!("issuer {}, client_id {}", idp.issuer, idp.client_id);
                Regel::erbij("identity_provider", naam, what)
            }
            Self::IdpEraf(naam) => Regel::eraf("identity_provider", naam, None),
            Self::Idp(naam, lid) => lid.regel(naam),
            Self::ApplicatieErbij(id, applicatie) => {
                Regel::erbij("application", &id.to_string(), in_het_kort(applicatie))
            }
            Self::ApplicatieEraf(id, naam) => {
                Regel::eraf("application", &id.to_string(), naam.clone())
            }
            Self::Applicatie(id, lid) => lid.regel(&id.to_string()),
        }
    }
}

/// An application that is new, in one line.
fn in_het_kort(applicatie: &Applicatie) -> String {
    let rol = applicatie.rol.as_deref();
    format!(
        "{}, {}, {}, jwks_uri {}",
        applicatie.naam,
        applicatie.status.naam(),
        rol.map_or_else(|| "no role".to_owned(), |rol| format!("role {rol}")),
        applicatie.jwks_uri
    )
}

impl Lid {
    fn regel(&self, id: &str) -> Regel {
        const SUBJECT: &str = "application";
        match self {
            Self::Naam(anders) => Regel::anders(anders, SUBJECT, id, "name"),
            Self::Status(anders) => Regel::anders(anders, SUBJECT, id, "status"),
            Self::JwksUri(anders) => Regel::anders(anders, SUBJECT, id, "jwks_uri"),
            Self::RedirectUris(anders) => Regel::anders(anders, SUBJECT, id, "redirect_uris"),
            Self::Rol(anders) => Regel::anders(anders, SUBJECT, id, "role"),
            Self::Granted(anders) => Regel::anders(anders, SUBJECT, id, "granted"),
            Self::Idps(soort, anders) => {
                let member = format!("identity_providers.{}", soort.naam());
                Regel::anders(anders, SUBJECT, id, &member)
            }
        }
    }
}

impl IdpLid {
    fn regel(&self, naam: &str) -> Regel {
        const SUBJECT: &str = "identity_provider";
        match self {
            Self::Issuer(anders) => Regel::anders(anders, SUBJECT, naam, "issuer"),
            Self::ClientId(anders) => Regel::anders(anders, SUBJECT, naam, "client_id"),
            Self::Claim(anders) => Regel::anders(anders, SUBJECT, naam, "claim"),
            Self::IdentifierSystem(anders) => {
                Regel::anders(anders, SUBJECT, naam, "identifier_system")
            }
            Self::ExtraScopes(anders) => Regel::anders(anders, SUBJECT, naam, "extra_scopes"),
        }
    }
}

impl Regel {
    fn erbij(subject: &str, id: &str, is: impl Into<Option<String>>) -> Self {
        Self {
            change: Teken::Added,
            subject: subject.to_owned(),
            id: id.to_owned(),
            member: None,
            was: None,
            is: is.into(),
        }
    }

    fn eraf(subject: &str, id: &str, was: impl Into<Option<String>>) -> Self {
        Self {
            change: Teken::Removed,
            was: was.into(),
            ..Self::erbij(subject, id, None)
        }
    }

    fn anders<T: Waarde>(anders: &Anders<T>, subject: &str, id: &str, member: &str) -> Self {
        let (was, is) = (anders.was.tekst(), anders.wordt.tekst());
        Self {
            change: match (&was, &is) {
                (None, Some(_)) => Teken::Added,
                (Some(_), None) => Teken::Removed,
                _ => Teken::Changed,
            },
            subject: subject.to_owned(),
            id: id.to_owned(),
            member: Some(member.to_owned()),
            was,
            is,
        }
    }
}

impl fmt::Display for Regel {
    /// One line, beginning with `+`, `-` or `~`; nothing in it can steer a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let teken = match self.change {
            Teken::Added => '+',
            Teken::Removed => '-',
            Teken::Changed => '~',
        };
        let words = [Some(self.id.as_str()), self.member.as_deref()];
        let words = words.into_iter().flatten().filter(|word| !word.is_empty());
        let place: String = words.flat_map(|word| [" ", word]).collect();
        let value = match (&self.was, &self.is) {
            (Some(was), Some(is)) => format!(": {was} -> {is}"),
            (Some(only), None) | (None, Some(only)) => format!(": {only}"),
            (None, None) => String::new(),
        };
        let line = format!("{teken} {}{place}{value}", self.subject);
        let plain = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
        line.chars().map(plain).try_for_each(|c| write!(f, "{c}"))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, regel) in self.regels().enumerate() {
            let end = if at == 0 { "" } else { "\n" };
            write!(f, "{end}{regel}")?;
        }
        Ok(())
    }
}

/// A value of a member in words; nothing for what is not there.
trait Waarde {
    fn tekst(&self) -> Option<String>;
}

impl Waarde for String {
    fn tekst(&self) -> Option<String> {
        Some(self.clone())
    }
}

impl Waarde for ClientId {
    fn tekst(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Waarde for Status {
    fn tekst(&self) -> Option<String> {
        Some(self.naam().to_owned())
    }
}

impl Waarde for Bereik {
    fn tekst(&self) -> Option<String> {
        Some(self.naam().to_owned())
    }
}

impl<T: Waarde> Waarde for Option<T> {
    fn tekst(&self) -> Option<String> {
        self.as_ref()?.tekst()
    }
}

impl<T: Waarde> Waarde for Vec<T> {
    /// An empty list is nothing, so that its first item comes and its last one goes.
    fn tekst(&self) -> Option<String> {
        let each: Vec<String> = self.iter().filter_map(Waarde::tekst).collect();
        (!each.is_empty()).then(|| each.join(", "))
    }
}

impl Status {
    /// As it stands in a declaration.
    pub const fn naam(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

impl Bereik {
    /// Every one, from the narrowest.
    pub const ALL: [Self; 3] = [Self::Own, Self::Granted, Self::All];

    /// As it stands in a declaration.
    pub const fn naam(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Granted => "granted",
            Self::All => "all",
        }
    }
}

impl Actie {
    /// As it stands in a declaration.
    pub const fn naam(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl Gebruikerssoort {
    /// The FHIR resource type of the person.
    pub const fn naam(self) -> &'static str {
        match self {
            Self::Patient => "Patient",
            Self::Practitioner => "Practitioner",
            Self::RelatedPerson => "RelatedPerson",
        }
    }
}
