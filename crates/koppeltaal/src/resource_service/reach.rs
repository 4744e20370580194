//! What a token allows: the union of its scopes (koppeltaal.md §2.5).

use std::collections::BTreeSet;

use super::request::Interaction;
use super::resource::Reach;
use crate::domein::ClientId;
use crate::permissie::ResourceType;
use crate::scope::{Actions, Origins, Resource, Scopes};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The application; nobody for what everybody may read without a token.
    pub client_id: Option<ClientId>,
    /// What it may do.
    pub scopes: std::sync::Arc<Scopes>,
}

/// Resources of which a search uses the content beside those that it finds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// Those of a type.
    Type(ResourceType),
    /// Of whatever type: a chain does not say which.
    Anything,
}

impl Caller {
    /// With whose resources of this type something may be done; nothing when no scope allows it at
    /// all. With a scope for everybody's, one for some is no narrowing (koppeltaal case 53).
    pub fn reach(&self, resource: &ResourceType, action: Actions) -> Option<Reach> {
        let mut owners: Option<BTreeSet<ClientId>> = None;
        for scope in self.scopes.allowing(resource.as_str(), action) {
            match &scope.origins {
                // koppeltaal case 53
                Origins::All => return Some(Reach::Everybody),
                Origins::Of(some) => owners.get_or_insert_default().extend(some.iter().copied()),
            }
        }
        owners.map(Reach::Of)
    }

    /// The same for an interaction.
    pub fn reach_of(&self, interaction: &Interaction) -> Option<Reach> {
        match interaction.resource() {
            _ if interaction.is_public() => Some(Reach::Everybody),
            Some(resource) => self.reach(resource, interaction.action()),
            None => None,
        }
    }

    /// Whether all resources that a search uses may be read, whosever they are: what a chain finds
    /// tells of their content (koppeltaal.md §2.6).
    pub fn may_use(&self, needs: &[Needs]) -> bool {
        needs.iter().all(|needs| match needs {
            Needs::Type(resource) => self.reach(resource, Actions::READ) == Some(Reach::Everybody),
            Needs::Anything => self.scopes.iter().any(|scope| {
                scope.resource == Resource::Any
                    && scope.origins == Origins::All
                    && scope.actions.has(Actions::READ)
            }),
        })
    }
}
