//! Values that the tests of this crate share.

use identity::{Bsn, Loa};
use protocol::grant::CodeTerms;
use protocol::pkce::Challenge;
use verdict::PersonTag;

use crate::authorization_server::grant::{Grant, Secret};
use crate::toestemming::Functie;

/// The verifier of the code that [`grant`] holds.
pub(crate) const VERIFIER: &str = "een-verifier-van-precies-lang-genoeg-0123456789";

/// A person's tag.
pub(crate) const PERSOON: PersonTag = PersonTag {
    key_id: 1,
    tag: [7; 32],
};

/// A grant that holds a code.
pub(crate) fn grant() -> Grant {
    Grant {
        client_id: "pgo.localhost".into(),
        bsn: Bsn::parse("900186021").expect("passes the 11-check"),
        persoon: PERSOON,
        sub: "2c9d1c2e-1d0a-4d6b-8f5e-000000000001".into(),
        koppeling: [3; 16],
        scope: "openid".into(),
        functie: Functie::Verzamelen,
        nonce: Some("n1".into()),
        level: Loa::Substantieel,
        auth_time: 1_795_305_600,
        secret: Secret::Code(CodeTerms {
            redirect_uri: "https://pgo.localhost/callback".into(),
            challenge: Challenge::of(VERIFIER),
        }),
    }
}
