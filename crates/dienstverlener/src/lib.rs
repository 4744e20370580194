//! What the backend of a service provider (dienstverlener, DV) needs of eToegang: it lets requests of
//! native apps in by the access tokens of its broker (HM), and says what is missing where it does not.
//!
//! | what | file |
//! |---|---|
//! | the rule: token, service, level, age of the login | [`toegang`] |
//! | the HM's keys, as fetched last | [`uitgever`] |
//! | the same as a layer of tower, for any server | [`layer`] |
//!
//! A token is checked here alone, with no question to the HM (RFC 9068): a login that was ended goes on
//! until its token is over, at most fifteen minutes. Who cannot wait that long asks the HM by
//! introspection.
//!
//! This crate opens no socket, reads no clock and fetches no key: the caller gives the time and the
//! keys. It has no server in its tree, and it logs nothing; a token is in no error.
//!
//! Start reading at [`toegang::Toegang::beoordeel`].
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use dienstverlener::layer::{Toegelaten, ToegangLayer};
//! use dienstverlener::toegang::{Toegang, Vereist};
//! use dienstverlener::uitgever::Uitgever;
//! use etoegang::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
//! use http::{Request, Response};
//! use tower::{Layer, service_fn};
//! use verdict::Moment;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let fetched = br#"{"keys":[]}"#;
//! // Once: the HM, by its issuer. The keys are fetched again every week, and when one was missed.
//! let hm = Arc::new(Uitgever::new("https://hm.example/etd/1.13"));
//! hm.vernieuw(jose::Jwks::parse(fetched).map_err(|_| "no key set")?);
//!
//! let toegang = Toegang {
//!     uitgever: Arc::clone(&hm),
//!     dv: "urn:etoegang:DV:00000001234567890000:entities:1".parse()?,
//!     vereist: Vereist {
//!         dienst: "urn:etoegang:DV:00000001234567890000:services:1".parse()?,
//!         niveau: Betrouwbaarheidsniveau::Loa3,
//!         leeftijd_s_max: None,
//!     },
//! };
//!
//! // The clock is the caller's.
//! let klok = || Moment::from_unix(1_795_305_600);
//! let api = service_fn(async |request: Request<String>| {
//!     let wie = request.extensions().get::<Toegelaten>();
//!     let naam = wie.and_then(|wie| wie.0.represents.as_ref()).map(|org| org.sub.clone());
//!     Ok::<_, std::convert::Infallible>(Response::new(naam.unwrap_or_default()))
//! });
//! let api = ToegangLayer::new(toegang, klok).layer(api);
//! # let _ = api;
//! # Ok(())
//! # }
//! ```

pub mod layer;
pub mod toegang;
pub mod uitgever;
