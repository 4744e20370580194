//! Scopes: what stands in a token, and everything that the FHIR resource service decides by
//! (TOP-KT-005, TGB 002).
//!
//! ```text
//! scope   = "system/" type "." actions [ "?resource-origin=" device *( "," device ) ]
//! type    = FHIR resource type | "*"
//! actions = non-empty in-order subset of "cruds"
//! device  = "Device/" client_id
//! ```

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::domein::ClientId;
use crate::permissie::{Actie, Bereik, Permissie, ResourceType};

/// The parameter that names owners (koppeltaal.md §2.3).
pub const RESOURCE_ORIGIN: &str = "resource-origin";

/// Bytes of a scope text, at most. A role of fifty types stays far below.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Scopes in a text, at most.
const SCOPES_MAX: usize = 512;
/// Bytes of the scope text of a token, at most. In base64url they become a third more; with the other
/// claims and the signature the token stays below what is read of one (`jose::TOKEN_BYTES_MAX`, 16 KiB).
pub const SCOPE_BYTES_MAX: usize = 10 * 1024;

/// What an application may do: the union of its scopes (SMART 2.2 "scopes").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// On which type.
    pub resource: Resource,
    /// With whose resources.
    pub origins: Origins,
    /// What may be done.
    pub actions: Actions,
}

/// The type of a scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// `*`.
    Any,
    /// This one.
    Of(ResourceType),
}

/// Whose resources a scope is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origins {
    /// Everybody's: the scope names none.
    All,
    /// Those of these applications, at least one, each once, in order.
    Of(Vec<ClientId>),
}

/// A set of the letters `c`, `r`, `u`, `d`, `s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Actions(u8);

/// The letters, in the order in which they stand.
const LETTERS: [u8; 5] = *b"cruds";

/// The text is none of Koppeltaal's scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotScopes;

/// Scopes of which no token can be made that is taken anywhere, our own endpoints included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// How many there are.
    pub scopes: usize,
    /// Bytes of their text.
    pub bytes: usize,
}

impl Scopes {
    /// What a role with these permissions gives an application that was granted the resources of
    /// `granted` (koppeltaal.md §2.3): the actions on a type with one's own resources form one scope,
    /// and so do those with everybody's; each action with granted resources stands for itself, and
    /// not at all when nothing was granted. In the order of the types' names.
    pub fn of_role<'a>(
        permissies: impl IntoIterator<Item = &'a Permissie>,
        own: ClientId,
        granted: &[ClientId],
    ) -> Self {
        let granted = Origins::of(granted);
        let mut sorted: Vec<&Permissie> = permissies.into_iter().collect();
        sorted.sort();
        let mut together: BTreeMap<(&ResourceType, Bereik), Actions> = BTreeMap::new();
        let mut scopes = Vec::new();
        for permissie in sorted {
            let actions = Actions::of(permissie.actie);
            match (permissie.bereik, &granted) {
                (Bereik::Granted, None) => {}
                (Bereik::Granted, Some(origins)) => {
                    scopes.push(Scope::new(&permissie.resource, actions, origins.clone()));
                }
                (bereik, _) => {
                    let group = together.entry((&permissie.resource, bereik)).or_default();
                    *group = group.with(actions);
                }
            }
        }
        scopes.extend(together.into_iter().map(|((resource, bereik), actions)| {
            let origins = match bereik {
                Bereik::All => Origins::All,
                Bereik::Own | Bereik::Granted => Origins::Of(vec![own]),
            };
            Scope::new(resource, actions, origins)
        }));
        scopes.sort();
        Self(scopes)
    }

    /// Reads scopes, or none at all. SMART's old spellings `.read`, `.write` and `.*` are read too;
    /// nothing writes them.
    ///
    /// # Errors
    /// [`NotScopes`] when any part is something else: a scope that is half understood is none.
    pub fn parse(text: &str) -> Result<Self, NotScopes> {
        let tokens = text.split(' ').filter(|token| !token.is_empty());
        if text.len() > TEXT_BYTES_MAX || tokens.clone().count() > SCOPES_MAX {
            return Err(NotScopes);
        }
        tokens
            .map(Scope::parse)
            .collect::<Option<_>>()
            .map_or(Err(NotScopes), |all| Ok(Self(all)))
    }

    /// What is both in these and in `asked`, scope by scope in the order of these
    /// (koppeltaal case 11).
    #[must_use]
    pub fn narrowed_to(&self, asked: &Self) -> Self {
        let mut kept: Vec<Scope> = Vec::new();
        for scope in &self.0 {
            for both in asked.0.iter().filter_map(|asked| scope.and(asked)) {
                if !kept.contains(&both) && kept.len() < SCOPES_MAX {
                    kept.push(both);
                }
            }
        }
        Self(kept)
    }

    /// What a token says of them.
    ///
    /// # Errors
    /// [`TooLong`]: who reads it would not take the token.
    pub fn text(&self) -> Result<String, TooLong> {
        let bytes = self.text_bytes();
        if self.0.len() <= SCOPES_MAX && bytes <= SCOPE_BYTES_MAX {
            return Ok(self.to_string());
        }
        let scopes = self.0.len();
        Err(TooLong { scopes, bytes })
    }

    /// Bytes of the text, which is not made for it: it may be very long.
    fn text_bytes(&self) -> usize {
        let mut counted = Counted(0);
        // Counting cannot fail.
        let _ = write!(counted, "{self}");
        counted.0
    }

    /// Those that allow this on resources of this type, whosever they are.
    pub fn allowing<'a>(
        &'a self,
        resource: &'a str,
        action: Actions,
    ) -> impl Iterator<Item = &'a Scope> {
        let fits = move |scope: &&Scope| scope.resource.is(resource) && scope.actions.has(action);
        self.0.iter().filter(fits)
    }

    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Scope> {
        self.0.iter()
    }

    /// Whether nothing is allowed.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Scopes {
    type Item = &'a Scope;
    type IntoIter = std::slice::Iter<'a, Scope>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Scope {
    fn new(resource: &ResourceType, actions: Actions, origins: Origins) -> Self {
        Self {
            resource: Resource::Of(resource.clone()),
            origins,
            actions,
        }
    }

    fn parse(token: &str) -> Option<Self> {
        let (resource, rest) = token.strip_prefix("system/")?.split_once('.')?;
        let (actions, query) = match rest.split_once('?') {
            Some((actions, query)) => (actions, Some(query)),
            None => (rest, None),
        };
        Some(Self {
            resource: match resource {
                "*" => Resource::Any,
                name => Resource::Of(ResourceType::parse(name)?),
            },
            actions: Actions::parse(actions)?,
            origins: match query {
                None => Origins::All,
                Some(query) => {
                    let owners = query.strip_prefix(RESOURCE_ORIGIN)?.strip_prefix('=')?;
                    let owners = owners.split(',').map(ClientId::of_device);
                    Origins::of(&owners.collect::<Result<Vec<_>, _>>().ok()?)?
                }
            },
        })
    }

    /// What both allow; nothing when that is nothing.
    fn and(&self, other: &Self) -> Option<Self> {
        let resource = match (&self.resource, &other.resource) {
            (one, Resource::Any) | (Resource::Any, one) => one.clone(),
            (one, two) if one == two => one.clone(),
            _ => return None,
        };
        let actions = self.actions.and(other.actions);
        let origins = self.origins.and(&other.origins)?;
        (actions != Actions::default()).then_some(Self {
            resource,
            origins,
            actions,
        })
    }
}

impl Resource {
    /// Whether it is this type, or any.
    pub fn is(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Of(resource) => resource.as_str() == name,
        }
    }
}

impl Origins {
    /// These owners, if there is one.
    pub fn of(owners: &[ClientId]) -> Option<Self> {
        let mut owners = owners.to_vec();
        owners.sort_unstable();
        owners.dedup();
        (!owners.is_empty()).then_some(Self::Of(owners))
    }

    /// Whether resources of this owner are among them; `None` is a resource without owner, which
    /// belongs to nobody but everybody.
    pub fn contain(&self, owner: Option<ClientId>) -> bool {
        match (self, owner) {
            (Self::All, _) => true,
            (Self::Of(owners), Some(owner)) => owners.binary_search(&owner).is_ok(),
            (Self::Of(_), None) => false,
        }
    }

    fn and(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (one, Self::All) | (Self::All, one) => Some(one.clone()),
            (Self::Of(one), Self::Of(_)) => {
                let both = one.iter().copied();
                let both: Vec<_> = both.filter(|owner| other.contain(Some(*owner))).collect();
                Self::of(&both)
            }
        }
    }
}

impl Actions {
    /// `c`.
    pub const CREATE: Self = Self(1);
    /// `r`.
    pub const READ: Self = Self(1 << 1);
    /// `u`.
    pub const UPDATE: Self = Self(1 << 2);
    /// `d`.
    pub const DELETE: Self = Self(1 << 3);
    /// `s`.
    pub const SEARCH: Self = Self(1 << 4);

    /// What a permission for this allows: who may read may search (koppeltaal.md §2.1).
    pub const fn of(actie: Actie) -> Self {
        match actie {
            Actie::Create => Self::CREATE,
            Actie::Read => Self::READ.with(Self::SEARCH),
            Actie::Update => Self::UPDATE,
            Actie::Delete => Self::DELETE,
        }
    }

    /// An in-order subset of `cruds`, or one of SMART's old words.
    fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => return Some(Self::READ.with(Self::SEARCH)),
            "write" => return Some(Self::CREATE.with(Self::UPDATE).with(Self::DELETE)),
            "*" => return Some(Self(0b1_1111)),
            _ => {}
        }
        let mut found = Self(0);
        for letter in text.bytes() {
            let at = LETTERS.iter().position(|known| *known == letter)?;
            // In order, and each once: nothing from here on was seen.
            if found.0 >> at != 0 {
                return None;
            }
            found.0 |= 1 << at;
        }
        (found.0 != 0).then_some(found)
    }

    /// Both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of `wanted` are among them.
    pub const fn has(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

/// Takes a text, and keeps its length alone.
struct Counted(usize);

impl fmt::Write for Counted {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scopes, bytes } = self;
        write!(
            f,
            "a token holds {SCOPES_MAX} scopes and {SCOPE_BYTES_MAX} bytes of them at most: \
             the role and what is granted make {scopes} scopes of {bytes} bytes"
        )
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.0.iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            write!(f, "{space}{scope}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = match &self.resource {
            Resource::Any => "*",
            Resource::Of(resource) => resource.as_str(),
        };
        write!(f, "system/{resource}.{}", self.actions)?;
        let Origins::Of(owners) = &self.origins else {
            return Ok(());
        };
        for (at, owner) in owners.iter().enumerate() {
            let before = if at == 0 { "?resource-origin=" } else { "," };
            write!(f, "{before}Device/{owner}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = LETTERS.iter().enumerate();
        let present = letters.filter(|(at, _)| self.0 & (1 << at) != 0);
        present
            .map(|(_, letter)| char::from(*letter))
            .try_for_each(|letter| write!(f, "{letter}"))
    }
}

#[cfg(test)]
mod tests;
