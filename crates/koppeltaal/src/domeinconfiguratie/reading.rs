//! From what stands in a declaration to what it means.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use url::{Host, Url};

use super::written::{self, Document, Rights, SCHEMA_VERSION};
use super::{
    APPLICATIES_MAX, Applicatie, ClientId, DOCUMENT_BYTES_MAX, Domein, Domeinconfiguratie,
    Gebruikerssoort, IDPS_MAX, Idp, REDIRECT_URIS_MAX, ROLLEN_MAX,
};
use crate::permissie::{Actie, Bereik, Permissie, ResourceType};

/// Bytes of a name for people, and of a role, at most.
const NAME_BYTES_MAX: usize = 100;
/// Bytes of a URL, at most.
const URL_BYTES_MAX: usize = 2_048;
/// Types on which a role has permissions, at most: more than FHIR R4 has.
const TYPES_MAX: usize = 200;

/// What a declaration may say beside what always holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Regels {
    /// Whether URLs of loopback hosts may do without TLS: on one machine, for tests.
    pub http_on_loopback: bool,
}

impl Regels {
    /// For a network on one machine.
    pub const ON_ONE_MACHINE: Self = Self {
        http_on_loopback: true,
    };
}

/// What is wrong with a declaration, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fout {
    /// The member: `applications[2].jwks_uri`; empty for the whole.
    pub at: String,
    /// What was expected. Repeats names and nothing secret.
    pub why: String,
}

impl fmt::Display for Fout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at.as_str() {
            "" => f.write_str(&self.why),
            at => write!(f, "{at}: {}", self.why),
        }
    }
}

impl std::error::Error for Fout {}

pub(crate) fn fout(at: impl Into<String>, why: impl Into<String>) -> Fout {
    Fout {
        at: at.into(),
        why: why.into(),
    }
}

/// A declaration, word for word: for who has a reader of JSON of his own.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Declaratie(Document);

impl Declaratie {
    /// What it means.
    ///
    /// # Errors
    /// [`Fout`] names the first member that is not as it must be.
    pub fn meant(self, regels: Regels) -> Result<Domeinconfiguratie, Fout> {
        Reading { regels }.document(self.0)
    }
}

impl Domeinconfiguratie {
    /// Reads a declaration: JSON of at most [`DOCUMENT_BYTES_MAX`].
    ///
    /// # Errors
    /// [`Fout`] names the first member that is not as it must be.
    pub fn read(document: &[u8], regels: Regels) -> Result<Self, Fout> {
        if document.len() > DOCUMENT_BYTES_MAX {
            let max = DOCUMENT_BYTES_MAX / 1024;
            return Err(fout("", format!("a domain is at most {max} KiB")));
        }
        let written = serde_json::from_slice::<Declaratie>(document);
        written
            .map_err(|why| fout("", why.to_string()))?
            .meant(regels)
    }

    /// The declaration that reads as this: every member, in one order, whatever was left out.
    pub fn document(&self) -> Vec<u8> {
        let text = serde_json::to_vec_pretty(&self.written());
        // Text keys and plain values: this cannot fail.
        text.unwrap_or_default()
    }

    pub(super) fn written(&self) -> Document {
        Document {
            schema_version: SCHEMA_VERSION,
            domain: self.domein.to_string(),
            service: self.voorziening.to_string(),
            fhir: written::Fhir {
                upstream: self.upstream.clone(),
            },
            applications: self.applicaties.iter().map(written_application).collect(),
            roles: self
                .rollen
                .iter()
                .map(|(name, permissies)| (name.clone(), written_role(permissies)))
                .collect(),
            identity_providers: self.idps.iter().map(written_idp).collect(),
            default_identity_provider: self.standaard_idp.clone(),
        }
    }
}

pub(super) fn written_application(
    (client_id, applicatie): (&ClientId, &Applicatie),
) -> written::Application {
    written::Application {
        client_id: client_id.to_string(),
        name: applicatie.naam.clone(),
        status: applicatie.status,
        jwks_uri: applicatie.jwks_uri.clone(),
        redirect_uris: applicatie.redirect_uris.clone(),
        role: applicatie.rol.clone(),
        granted: applicatie.granted.iter().map(ClientId::to_string).collect(),
        identity_providers: applicatie.idps.clone(),
    }
}

pub(super) fn written_role(permissies: &[Permissie]) -> BTreeMap<String, Rights> {
    let mut types: BTreeMap<String, Rights> = BTreeMap::new();
    for permissie in permissies {
        let rights = types.entry(permissie.resource.to_string()).or_default();
        let place = match permissie.actie {
            Actie::Create => &mut rights.create,
            Actie::Read => &mut rights.read,
            Actie::Update => &mut rights.update,
            Actie::Delete => &mut rights.delete,
        };
        *place = Some(permissie.bereik);
    }
    types
}

pub(super) fn written_idp((name, idp): (&String, &Idp)) -> written::IdentityProvider {
    written::IdentityProvider {
        name: name.clone(),
        issuer: idp.issuer.clone(),
        client_id: idp.client_id.clone(),
        claim: idp.claim.clone(),
        identifier_system: idp.identifier_system.clone(),
        extra_scopes: idp.extra_scopes.clone(),
    }
}

pub(super) struct Reading {
    pub(super) regels: Regels,
}

impl Reading {
    fn document(&self, written: Document) -> Result<Domeinconfiguratie, Fout> {
        if written.schema_version != SCHEMA_VERSION {
            let why = format!("expected {SCHEMA_VERSION}: this program knows no other");
            return Err(fout("schema_version", why));
        }
        at_most("applications", written.applications.len(), APPLICATIES_MAX)?;
        at_most("roles", written.roles.len(), ROLLEN_MAX)?;
        at_most(
            "identity_providers",
            written.identity_providers.len(),
            IDPS_MAX,
        )?;
        let rollen = written.roles.into_iter().map(role);
        let voorziening = client_id("service", &written.service)?;
        let read = Domeinconfiguratie {
            domein: Domein::parse(&written.domain)
                .map_err(|why| fout("domain", why.to_string()))?,
            voorziening,
            upstream: self.base("fhir.upstream", &written.fhir.upstream)?,
            rollen: rollen.collect::<Result<_, _>>()?,
            idps: self.idps(written.identity_providers)?,
            applicaties: self.applications(written.applications, voorziening)?,
            standaard_idp: written.default_identity_provider,
        };
        fits_together(&read)?;
        Ok(read)
    }

    fn applications(
        &self,
        written: Vec<written::Application>,
        voorziening: ClientId,
    ) -> Result<BTreeMap<ClientId, Applicatie>, Fout> {
        let mut read = BTreeMap::new();
        let mut jwks_uris = BTreeSet::new();
        for (at, application) in written.into_iter().enumerate() {
            let of = |member: &str| format!("applications[{at}].{member}");
            let id = client_id(&of("client_id"), &application.client_id)?;
            // koppeltaal.md §1.7: a Device is that of one of them
            if id == voorziening {
                let why = "the service of the domain has the same";
                return Err(fout(of("client_id"), why));
            }
            // koppeltaal.md §1.2: a JWKS URL is unique across applications
            if !jwks_uris.insert(normal(&application.jwks_uri)) {
                return Err(fout(of("jwks_uri"), "another application has the same"));
            }
            if read
                .insert(id, self.application(&of, application)?)
                .is_some()
            {
                return Err(fout(of("client_id"), "another application has the same"));
            }
        }
        Ok(read)
    }

    pub(super) fn application(
        &self,
        of: &impl Fn(&str) -> String,
        written: written::Application,
    ) -> Result<Applicatie, Fout> {
        name(&of("name"), &written.name)?;
        at_most(
            &of("redirect_uris"),
            written.redirect_uris.len(),
            REDIRECT_URIS_MAX,
        )?;
        for (at, uri) in written.redirect_uris.iter().enumerate() {
            self.url(&of(&format!("redirect_uris[{at}]")), uri)?;
        }
        let granted = written.granted.iter().enumerate();
        let granted = granted.map(|(at, id)| client_id(&of(&format!("granted[{at}]")), id));
        self.url(&of("jwks_uri"), &written.jwks_uri)?;
        Ok(Applicatie {
            naam: written.name,
            status: written.status,
            jwks_uri: written.jwks_uri,
            redirect_uris: written.redirect_uris,
            rol: written.role,
            granted: granted.collect::<Result<_, _>>()?,
            idps: written.identity_providers,
        })
    }

    fn idps(&self, written: Vec<written::IdentityProvider>) -> Result<BTreeMap<String, Idp>, Fout> {
        let mut read = BTreeMap::new();
        for (at, idp) in written.into_iter().enumerate() {
            let of = |member: &str| format!("identity_providers[{at}].{member}");
            let (name, meant) = self.idp(&of, idp)?;
            if read.insert(name, meant).is_some() {
                return Err(fout(of("name"), "another identity provider has the same"));
            }
        }
        Ok(read)
    }

    pub(super) fn idp(
        &self,
        of: &impl Fn(&str) -> String,
        idp: written::IdentityProvider,
    ) -> Result<(String, Idp), Fout> {
        name(&of("name"), &idp.name)?;
        name(&of("client_id"), &idp.client_id)?;
        name(&of("claim"), &idp.claim)?;
        let meant = Idp {
            issuer: self.base(&of("issuer"), &idp.issuer)?,
            client_id: idp.client_id,
            claim: idp.claim,
            identifier_system: idp.identifier_system,
            extra_scopes: idp.extra_scopes,
        };
        Ok((idp.name, meant))
    }

    /// koppeltaal case 115: an absolute `https` URL; without TLS on loopback alone, for tests.
    fn url(&self, at: &str, text: &str) -> Result<Url, Fout> {
        let expected = || fout(at, "expected an absolute https URL without fragment");
        let url = Url::parse(text).map_err(|_| expected())?;
        let is_loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        let may_be_plain = self.regels.http_on_loopback && is_loopback;
        let is_served = url.scheme() == "https" || (url.scheme() == "http" && may_be_plain);
        let is_bare = url.fragment().is_none() && url.username().is_empty();
        if is_served && is_bare && url.password().is_none() && text.len() <= URL_BYTES_MAX {
            Ok(url)
        } else {
            Err(expected())
        }
    }

    /// A URL under which others are built: without a query, and without a slash at its end.
    fn base(&self, at: &str, text: &str) -> Result<String, Fout> {
        let url = self.url(at, text)?;
        if url.query().is_some() {
            return Err(fout(at, "expected a URL without query"));
        }
        Ok(text.trim_end_matches('/').to_owned())
    }
}

/// How a URL is compared with another: however it is spelled, it leads to the same.
fn normal(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else {
        return text.to_owned();
    };
    if url.query() == Some("") {
        url.set_query(None);
    }
    url.to_string()
}

/// What one part says of another.
fn fits_together(read: &Domeinconfiguratie) -> Result<(), Fout> {
    for (id, applicatie) in &read.applicaties {
        let of = |member: &str| format!("applications {id} {member}");
        if let Some(rol) = &applicatie.rol
            && !read.rollen.contains_key(rol)
        {
            return Err(fout(of("role"), format!("the domain has no role {rol}")));
        }
        for owner in &applicatie.granted {
            if !read.applicaties.contains_key(owner) {
                let why = format!("the domain has no application {owner}");
                return Err(fout(of("granted"), why));
            }
        }
        let mut named = applicatie.idps.values().flatten();
        if let Some(idp) = named.find(|idp| !read.idps.contains_key(*idp)) {
            let why = format!("the domain has no identity provider {idp}");
            return Err(fout(of("identity_providers"), why));
        }
    }
    match &read.standaard_idp {
        Some(idp) if !read.idps.contains_key(idp) => {
            let why = format!("the domain has no identity provider {idp}");
            Err(fout("default_identity_provider", why))
        }
        _ => Ok(()),
    }
}

pub(super) fn role(
    (name_of, types): (String, BTreeMap<String, Rights>),
) -> Result<(String, Vec<Permissie>), Fout> {
    let at = format!("roles.{name_of}");
    name(&at, &name_of)?;
    at_most(&at, types.len(), TYPES_MAX)?;
    let mut permissies = Vec::new();
    for (type_name, rights) in types {
        let at = format!("{at}.{type_name}");
        let resource = ResourceType::parse(&type_name)
            .ok_or_else(|| fout(&at, "expected the name of a FHIR resource type"))?;
        if rights.create.is_some_and(|bereik| bereik != Bereik::Own) {
            // TGB 007
            let why = "expected \"own\": who creates a resource owns it";
            return Err(fout(format!("{at}.create"), why));
        }
        never_changed(&at, &resource, rights)?;
        let each = [
            (Actie::Create, rights.create),
            (Actie::Read, rights.read),
            (Actie::Update, rights.update),
            (Actie::Delete, rights.delete),
        ];
        permissies.extend(each.into_iter().filter_map(|(actie, bereik)| {
            Some(Permissie {
                resource: resource.clone(),
                actie,
                bereik: bereik?,
            })
        }));
    }
    Ok((name_of, permissies))
}

/// koppeltaal.md §2.2, LOG 004: nobody changes or removes an AuditEvent, so no role promises it.
fn never_changed(at: &str, resource: &ResourceType, rights: Rights) -> Result<(), Fout> {
    let action = match rights {
        _ if resource.as_str() != "AuditEvent" => return Ok(()),
        Rights {
            update: Some(_), ..
        } => "update",
        Rights {
            delete: Some(_), ..
        } => "delete",
        _ => return Ok(()),
    };
    let why = "expected none: an AuditEvent is never changed";
    Err(fout(format!("{at}.{action}"), why))
}

fn client_id(at: &str, text: &str) -> Result<ClientId, Fout> {
    ClientId::parse(text).map_err(|why| fout(at, why.to_string()))
}

pub(crate) fn name(at: &str, text: &str) -> Result<(), Fout> {
    let is_trim = !text.is_empty() && text.trim() == text;
    if is_trim && !text.chars().any(is_unseen) && text.len() <= NAME_BYTES_MAX {
        Ok(())
    } else {
        let why = format!("expected 1 to {NAME_BYTES_MAX} readable characters");
        Err(fout(at, why))
    }
}

/// What a reader does not see, or what makes him see the rest in another order (UAX #9, UTR #36): two
/// names that look the same are one to him.
fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
        )
}

fn at_most(at: &str, found: usize, max: usize) -> Result<(), Fout> {
    if found <= max {
        Ok(())
    } else {
        Err(fout(at, format!("expected {max} at most, found {found}")))
    }
}

impl Gebruikerssoort {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Patient, Self::Practitioner, Self::RelatedPerson];
}
