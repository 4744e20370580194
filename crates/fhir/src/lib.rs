//! What a granted gegevensdienst allows of a FHIR R4 request: which search may be done, how it is
//! narrowed to one person, what may leave of the answer, what may be placed, and how an error looks in
//! FHIR.
//!
//! The crate reads type, id and few references of a resource and passes the rest on untouched. It
//! knows no HTTP, no person and no token.
//!
//! Start reading at [`Gegevensdienst::narrow`].

mod bevinding;
mod bundle;
mod gegevensdienst;
mod naming;
mod outcome;
mod plaatsing;
mod search;

pub use bevinding::{Bevinding, Geboortedatum, Patient};
pub use bundle::{Bundle, NotABundle, resource_type};
pub use gegevensdienst::{Gegevensdienst, NotAllowed, Zoekvraag};
pub use outcome::{IssueType, operation_outcome};
pub use plaatsing::{NietPlaatsbaar, OWNERS, Plaatsbaar, Plaatsing, is_id, owner_of};
pub use search::{NotASearch, Search};
