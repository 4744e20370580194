//! One change that somebody wants, and what the domain becomes by it.

use std::collections::BTreeMap;

use crate::domein::ClientId;
use crate::domeinconfiguratie::{
    Applicatie, Domeinconfiguratie, Fout, Idp, Regels, Status, fout, may_become, name,
};
use crate::permissie::Permissie;

/// What somebody wants of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bewerking {
    /// The domain becomes this, or comes to be.
    Geheel(Box<Domeinconfiguratie>),
    /// The domain goes.
    Opheffen,
    /// An application with a new `client_id`.
    Registreren(ClientId, Box<Applicatie>),
    /// An application becomes this.
    Applicatie(ClientId, Box<Applicatie>),
    /// An application is let in, or not (koppeltaal.md §1.2).
    Status(ClientId, Status),
    /// An application gets its one role, or none (TGB 005).
    Rol(ClientId, Option<String>),
    /// The keys of an application are elsewhere (TOP-KT-020).
    JwksUri(ClientId, String),
    /// One more place where its codes may go.
    RedirectUriErbij(ClientId, String),
    /// One place less.
    RedirectUriEraf(ClientId, String),
    /// An application goes.
    ApplicatieEraf(ClientId),
    /// A role allows this, whatever it allowed before (TGB 003).
    RolZetten(String, Vec<Permissie>),
    /// A role goes; none may have it.
    RolEraf(String),
    /// An IdP is this, whatever it was before.
    IdpZetten(String, Box<Idp>),
    /// An IdP goes; nobody may refer to it.
    IdpEraf(String),
    /// Who identifies people where nothing else is said.
    StandaardIdp(Option<String>),
}

impl Bewerking {
    /// What the domain becomes; nothing when it goes.
    ///
    /// # Errors
    /// [`Fout`] names the member that would not be as it must be. What a part says of itself is told
    /// by the part's own members.
    pub fn op(
        self,
        was: Option<&Domeinconfiguratie>,
        regels: Regels,
    ) -> Result<Option<Domeinconfiguratie>, Fout> {
        let wordt = match (self, was) {
            (Self::Geheel(wordt), Some(was)) if wordt.domein != was.domein => {
                return Err(fout("domain", "expected the domain of the address"));
            }
            (Self::Geheel(wordt), _) => *wordt,
            (_, None) => return Err(fout("", "there is no such domain")),
            (Self::Opheffen, Some(_)) => return Ok(None),
            (other, Some(known)) => {
                let part = other.part();
                let wordt = other.deel(known.clone())?;
                return checked(was, &wordt, regels)
                    .map_err(|fault| told(fault, part.as_deref(), &wordt))
                    .map(Some);
            }
        };
        checked(was, &wordt, regels).map(Some)
    }

    /// An edit of one part.
    fn deel(self, mut wordt: Domeinconfiguratie) -> Result<Domeinconfiguratie, Fout> {
        match self {
            // They are the whole domain's.
            Self::Geheel(_) | Self::Opheffen => {}
            Self::Registreren(id, applicatie) => {
                if wordt.applicaties.contains_key(&id) {
                    return Err(fout("client_id", "another application has the same"));
                }
                wordt.applicaties.insert(id, *applicatie);
            }
            Self::Applicatie(id, applicatie) => *known(&mut wordt, id)? = *applicatie,
            Self::Status(id, status) => known(&mut wordt, id)?.status = status,
            Self::Rol(id, rol) => known(&mut wordt, id)?.rol = rol,
            Self::JwksUri(id, uri) => known(&mut wordt, id)?.jwks_uri = uri,
            Self::RedirectUriErbij(id, uri) => {
                let uris = &mut known(&mut wordt, id)?.redirect_uris;
                if !uris.contains(&uri) {
                    uris.push(uri);
                }
            }
            Self::RedirectUriEraf(id, uri) => known(&mut wordt, id)?
                .redirect_uris
                .retain(|known| *known != uri),
            Self::ApplicatieEraf(id) => gone(&mut wordt.applicaties, &id, "application")?,
            Self::RolZetten(naam, permissies) => {
                wordt.rollen.insert(naam, permissies);
            }
            Self::RolEraf(naam) => gone(&mut wordt.rollen, &naam, "role")?,
            Self::IdpZetten(naam, idp) => {
                name("name", &naam)?;
                wordt.idps.insert(naam, *idp);
            }
            Self::IdpEraf(naam) => gone(&mut wordt.idps, &naam, "identity provider")?,
            Self::StandaardIdp(idp) => wordt.standaard_idp = idp,
        }
        Ok(wordt)
    }

    /// Whose members the maker of this edit said himself.
    fn part(&self) -> Option<String> {
        match self {
            Self::Registreren(id, _)
            | Self::Applicatie(id, _)
            | Self::Status(id, _)
            | Self::Rol(id, _)
            | Self::JwksUri(id, _)
            | Self::RedirectUriErbij(id, _)
            | Self::RedirectUriEraf(id, _) => Some(format!("applications {id}")),
            Self::RolZetten(naam, _) => Some(format!("roles.{naam}")),
            _ => None,
        }
    }
}

/// The domain as a reader of its declaration finds it: every rule holds for an edit, too.
fn checked(
    was: Option<&Domeinconfiguratie>,
    wordt: &Domeinconfiguratie,
    regels: Regels,
) -> Result<Domeinconfiguratie, Fout> {
    let read = Domeinconfiguratie::read(&wordt.document(), regels)?;
    may_become(was, &read)?;
    Ok(read)
}

/// A fault of the whole, as the maker of an edit of `part` knows the place. Applications are found in a
/// declaration by their place in the list, which nobody who edits one of them sees.
fn told(fault: Fout, part: Option<&str>, wordt: &Domeinconfiguratie) -> Fout {
    let in_list = fault.at.strip_prefix("applications[");
    let in_list = in_list.and_then(|rest| rest.split_once(']'));
    let by_id = in_list.and_then(|(at, rest)| {
        let id = wordt.applicaties.keys().nth(at.parse().ok()?)?;
        Some(format!("applications {id}{rest}"))
    });
    let fault = match by_id {
        Some(at) => Fout { at, ..fault },
        None => fault,
    };
    match part {
        Some(part) => fault.within(part),
        None => fault,
    }
}

fn known(wordt: &mut Domeinconfiguratie, id: ClientId) -> Result<&mut Applicatie, Fout> {
    let known = wordt.applicaties.get_mut(&id);
    known.ok_or_else(|| fout("client_id", "there is no such application"))
}

fn gone<K: Ord, V>(of: &mut BTreeMap<K, V>, key: &K, what: &str) -> Result<(), Fout> {
    match of.remove(key) {
        Some(_) => Ok(()),
        None => Err(fout("", format!("there is no such {what}"))),
    }
}
