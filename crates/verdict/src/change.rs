//! What a verdict wants stored, and what it expects to find there.

use crate::{Body, Moment};

/// The name of a kind of rows, with the framework in front: `"mitz.toestemming"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Space(pub &'static str);

/// Where a row stands. The order is the order in which a group of commits locks its rows, so that
/// two groups never wait for each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// Something that may be seen or spent once, by the SHA-256 of what it is: a `jti`, the ID of
    /// an AuthnRequest.
    Once(Space, [u8; 32]),
    /// A grant, for its whole life: a code is its first generation, each refresh the next.
    Grant(Space, [u8; 16]),
    /// A document with a key of its own and secondary keys.
    Record(Space, Vec<u8>),
}

impl Key {
    /// The kind of row.
    pub const fn space(&self) -> Space {
        match self {
            Self::Once(space, _) | Self::Grant(space, _) | Self::Record(space, _) => *space,
        }
    }

    /// The key's bytes within its space.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Once(_, id) => id,
            Self::Grant(_, id) => id,
            Self::Record(_, id) => id,
        }
    }
}

/// What a change expects to find. Anything else is a conflict, and the whole commit fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// No row.
    Absent,
    /// A row of exactly this version: nobody wrote since we read it.
    Version(u64),
    /// A row, whatever its version: for guards on a row that is removed when it ends.
    Present,
}

/// What becomes of the row when the expectation holds.
#[derive(Clone, Debug)]
pub enum Then<B> {
    /// Nothing: the change only guards. A withdrawal in the same moment makes it fail.
    Keep,
    /// The row holds this body until the given moment; its version goes up by one.
    Put {
        /// From this moment on the row counts as absent and may be swept.
        until: Moment,
        /// The new content.
        body: B,
    },
    /// The row is gone.
    Remove,
}

/// One row's part of a commit.
#[derive(Clone, Debug)]
pub struct Change<B> {
    /// Which row.
    pub key: Key,
    /// What must be found.
    pub expect: Expect,
    /// What it becomes.
    pub then: Then<B>,
}

impl<P> Change<Body<P>> {
    /// Spends `key` (or marks it as seen) until the given moment; a conflict when it was before.
    pub fn spend(key: Key, until: Moment) -> Self
    where
        P: Default,
    {
        Self {
            key,
            expect: Expect::Absent,
            then: Then::Put {
                until,
                body: Body::default(),
            },
        }
    }

    /// Makes the commit fail unless the row is still there.
    pub const fn guard(key: Key) -> Self {
        Self {
            key,
            expect: Expect::Present,
            then: Then::Keep,
        }
    }

    /// Removes the row of this version.
    pub const fn remove(key: Key, version: u64) -> Self {
        Self {
            key,
            expect: Expect::Version(version),
            then: Then::Remove,
        }
    }
}

/// Tells one's own commit from somebody else's when the connection died during COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommitId(pub [u8; 16]);

/// A row as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<B> {
    /// 1 for a new row, one more at each put. A row that was removed and made again starts anew.
    pub version: u64,
    /// From this moment on the row counts as absent.
    pub until: Moment,
    /// The commit that wrote it last.
    pub last: CommitId,
    /// The content.
    pub body: B,
}
