//! Administration by people and programs that hold a key for it: what that is like at every role.
//!
//! [`beheerder`] proves a key, for an API and for pages alike; [`loket`] is where a browser comes in with one,
//! and what its visit is.

pub(super) mod beheerder;
pub(super) mod loket;

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

/// The names in a path. There are none where one of them is no text: nothing has such a name.
pub(super) struct Names(pub(super) BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Names {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let names = Path::from_request_parts(parts, state).await;
        Ok(Self(names.map(|Path(names)| names).unwrap_or_default()))
    }
}
