//! What each key is for, and how keys of that purpose come and go.

use std::collections::BTreeMap;
use std::fmt;

use super::schedule::Plan;

/// What a key is for. Keys of one purpose are never used for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Seals the private parts of rows.
    Rows,
    /// Seals cookies, and makes the tokens of forms.
    Cookies,
    /// Makes codes, refresh tokens, and the secrets of sessions.
    Handles,
    /// Makes what a person's row is found by, from the BSN.
    Persons,
    /// Signs what others verify: ID tokens, location tokens, userinfo.
    Tokens,
    /// Signs ID tokens for clients that read RS256 alone (SMART 2.2, koppeltaal case 109), and what an HM of
    /// eToegang gives apps unless it is told otherwise.
    IdTokens,
    /// Signs what an HM gives apps, where its setting says PS256.
    IdTokensPs256,
    /// The same where it says ES256.
    IdTokensEs256,
    /// Makes access tokens that the party itself verifies.
    AccessTokens,
    /// Opens the answers to consent questions.
    Introspection,
    /// Closes the grant in a location token's `jti`.
    Jti,
    /// Signs the segments of the audit log.
    Audit,
}

/// What a key does, and so how it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// 32 bytes.
    Secret,
    /// 32 bytes with a name that tokens carry.
    Mac,
    /// An ES256 pair.
    Signing,
    /// An RS256 pair.
    RsaSigning,
    /// A PS256 pair.
    PssSigning,
    /// An ECDH-ES pair.
    Decryption,
}

const MINUTE_S: u32 = 60;
const HOUR_S: u32 = 3_600;
const DAY_S: u32 = 86_400;
const YEAR_S: u32 = 366 * DAY_S;

/// Seals under one AES-256-GCM key with random nonces, at most, before the next one comes. NIST SP
/// 800-38D §8.3 allows 2^32; each node counts by the million and may forget what it had not yet told
/// when it is killed, so we stop at half.
const SEALS_MAX: u64 = 1 << 31;

impl Purpose {
    /// Every purpose, in the order in which they are listed.
    pub const ALL: [Self; 12] = [
        Self::Rows,
        Self::Cookies,
        Self::Handles,
        Self::Persons,
        Self::Tokens,
        Self::IdTokens,
        Self::IdTokensPs256,
        Self::IdTokensEs256,
        Self::AccessTokens,
        Self::Introspection,
        Self::Jti,
        Self::Audit,
    ];

    /// The purposes that every party has.
    pub const EVERYBODY: [Self; 4] = [Self::Rows, Self::Cookies, Self::Handles, Self::Audit];

    /// Its name in the store and at the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Cookies => "cookies",
            Self::Handles => "handles",
            Self::Persons => "persons",
            Self::Tokens => "tokens",
            Self::IdTokens => "id_tokens",
            Self::IdTokensPs256 => "id_tokens_ps256",
            Self::IdTokensEs256 => "id_tokens_es256",
            Self::AccessTokens => "access_tokens",
            Self::Introspection => "introspection",
            Self::Jti => "jti",
            Self::Audit => "audit",
        }
    }

    /// The purpose of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    /// The algorithm of its keys.
    pub const fn algorithm(self) -> &'static str {
        match self {
            Self::Rows | Self::Cookies | Self::Jti => "A256GCM",
            Self::Handles | Self::Persons | Self::AccessTokens => "HS256",
            Self::Tokens | Self::IdTokensEs256 | Self::Audit => "ES256",
            Self::IdTokens => "RS256",
            Self::IdTokensPs256 => "PS256",
            Self::Introspection => "ECDH-ES",
        }
    }

    /// Whether its keys can be in a hardware security module: those that sign with ES256 what others
    /// verify. The audit log is signed at its own time and by whatever node comes first, so a module
    /// that is away would hold up its retention (docs/decisions/0029).
    pub const fn signs(self) -> bool {
        matches!(self, Self::Tokens)
    }

    /// Whether others verify by its keys or encrypt to them, so that their public parts are published and can be
    /// certified.
    pub const fn is_published(self) -> bool {
        !matches!(self, Self::Audit) && !matches!(self.kind(), Kind::Secret | Kind::Mac)
    }

    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Rows | Self::Cookies | Self::Handles | Self::Persons | Self::Jti => Kind::Secret,
            Self::AccessTokens => Kind::Mac,
            Self::Tokens | Self::IdTokensEs256 | Self::Audit => Kind::Signing,
            Self::IdTokens => Kind::RsaSigning,
            Self::IdTokensPs256 => Kind::PssSigning,
            Self::Introspection => Kind::Decryption,
        }
    }

    /// What no longer works when a key of this purpose goes before its time.
    pub const fn loss(self) -> &'static str {
        match self {
            Self::Rows => {
                "rows sealed under it cannot be read: consents, grants and sessions in them are lost"
            }
            Self::Cookies => "pages that are open lose their form: people begin again",
            Self::Handles => {
                "codes, refresh tokens, sessions and administration keys under it end: people log in \
                 again, and administrators get new keys"
            }
            Self::Persons => "people found by it are met as strangers: their consents are not seen",
            Self::Tokens => {
                "ID tokens, location tokens and userinfo under it are refused by others"
            }
            Self::IdTokens | Self::IdTokensPs256 | Self::IdTokensEs256 => {
                "ID tokens under it are refused by others"
            }
            Self::AccessTokens => "access tokens under it are refused: clients refresh",
            Self::Introspection => "answers on their way that were encrypted to it cannot be read",
            Self::Jti => "location tokens under it are refused",
            Self::Audit => "segments of the audit log that it signed can no longer be verified",
        }
    }

    /// How its keys come and go when nothing else is said: the one table.
    ///
    /// `life_s` is the longest life of anything that such a key makes. The lead of `tokens` is twice
    /// as long as others keep our published keys (`jwks.rs` keeps those of others for five minutes).
    const fn plan(self) -> Plan {
        match self {
            // Consents are kept for thirty years, a person's number for thirty-two.
            Self::Rows => Plan {
                seals_max: Some(SEALS_MAX),
                ..plan(YEAR_S, MINUTE_S, 33 * YEAR_S)
            },
            // A page may stay open for a day.
            Self::Cookies => Plan {
                seals_max: Some(SEALS_MAX),
                ..plan(30 * DAY_S, MINUTE_S, DAY_S)
            },
            // A refresh token lives for 183 days.
            Self::Handles => plan(90 * DAY_S, MINUTE_S, 184 * DAY_S),
            // Goes when no row is found by it: see `reindex.rs`.
            Self::Persons => Plan {
                life_s: None,
                ..plan(YEAR_S, MINUTE_S, 0)
            },
            Self::Tokens | Self::IdTokens | Self::IdTokensPs256 | Self::IdTokensEs256 => {
                plan(90 * DAY_S, 10 * MINUTE_S, HOUR_S)
            }
            Self::AccessTokens => plan(30 * DAY_S, MINUTE_S, HOUR_S),
            // Those who encrypt to us keep our public key for some minutes after it was replaced.
            Self::Introspection => plan(180 * DAY_S, MINUTE_S, HOUR_S),
            // Who verifies a segment needs the key that signed it, long after.
            Self::Audit => plan(YEAR_S, MINUTE_S, 33 * YEAR_S),
            Self::Jti => Plan {
                seals_max: Some(SEALS_MAX),
                ..plan(30 * DAY_S, MINUTE_S, HOUR_S)
            },
        }
    }
}

const fn plan(rotate_s: u32, lead_s: u32, life_s: u32) -> Plan {
    Plan {
        rotate_s,
        lead_s,
        life_s: Some(life_s),
        seals_max: None,
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the keys of each purpose come and go.
#[derive(Clone, Debug, Default)]
pub struct Schedule(BTreeMap<Purpose, Plan>);

impl Schedule {
    /// The same with another plan for one purpose. A lead shorter than
    /// [`LEAD_MIN_S`](super::schedule::LEAD_MIN_S) becomes that.
    #[must_use]
    pub fn with(mut self, purpose: Purpose, plan: Plan) -> Self {
        self.0.insert(purpose, plan.sane());
        self
    }

    /// The same where each key of a purpose makes what is new for so long, in seconds.
    #[must_use]
    pub fn rotating(self, purpose: Purpose, rotate_s: u32) -> Self {
        let plan = Plan {
            rotate_s,
            ..self.of(purpose)
        };
        self.with(purpose, plan)
    }

    /// The same where each key of a purpose is published so long before it is used, in seconds.
    #[must_use]
    pub fn published_before(self, purpose: Purpose, lead_s: u32) -> Self {
        let plan = Plan {
            lead_s,
            ..self.of(purpose)
        };
        self.with(purpose, plan)
    }

    /// The same where a key of a purpose is kept so long after its time, in seconds, for what it made or
    /// what was encrypted to it.
    #[must_use]
    pub fn kept_for(self, purpose: Purpose, life_s: u32) -> Self {
        let plan = Plan {
            life_s: Some(life_s),
            ..self.of(purpose)
        };
        self.with(purpose, plan)
    }

    /// The plan of a purpose.
    pub fn of(&self, purpose: Purpose) -> Plan {
        self.0.get(&purpose).copied().unwrap_or(purpose.plan())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_published_as_long_before_its_use_as_its_readers_keep_it() {
        let week_s = 7 * DAY_S;
        let schedule = Schedule::default().published_before(Purpose::IdTokens, week_s);
        let (longer, usual) = (schedule.of(Purpose::IdTokens), Purpose::IdTokens.plan());
        assert_eq!((longer.lead_s, longer.rotate_s), (week_s, usual.rotate_s));
        assert_eq!(schedule.of(Purpose::Tokens), Purpose::Tokens.plan());
        let kept = Schedule::default().kept_for(Purpose::Introspection, week_s);
        assert_eq!(kept.of(Purpose::Introspection).life_s, Some(week_s));
    }

    #[test]
    fn every_purpose_is_found_by_its_name() {
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::named(purpose.name()), Some(purpose));
        }
        assert_eq!(Purpose::named("saml"), None);
    }

    /// design §4: publication before use.
    #[test]
    fn every_plan_gives_the_other_nodes_time_to_learn_of_a_key() {
        for purpose in Purpose::ALL {
            let plan = purpose.plan();
            assert_eq!(plan.sane(), plan, "{purpose}");
            assert!(plan.rotate_s > plan.lead_s, "{purpose}");
        }
    }

    /// SP 800-38D §8.3.
    #[test]
    fn whatever_seals_with_random_nonces_is_rotated_by_count() {
        for purpose in Purpose::ALL {
            let seals = purpose.algorithm() == "A256GCM";
            assert_eq!(purpose.plan().seals_max.is_some(), seals, "{purpose}");
        }
    }

    #[test]
    fn what_a_key_makes_never_outlives_the_key() {
        let life = |purpose: Purpose| purpose.plan().life_s.expect("a life");
        let handles = life(Purpose::Handles);
        assert!(handles > mitz::authorization_server::grant::REFRESH_S);
        assert!(handles > koppeltaal::domeinbeheer::SLEUTEL_S_MAX);
        assert!(life(Purpose::Tokens) > mitz::locatietoken::LIFETIME_S);
        assert!(life(Purpose::AccessTokens) > protocol::access_token::LIFETIME_S);
        assert!(life(Purpose::Rows) > mitz::toestemmingenregister::TOESTEMMING_S);
    }
}
