//! Where the server is, and how it is known to be the right one.

use std::fmt;
use std::fs;
use std::net::IpAddr;
use std::str::FromStr as _;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use zeroize::Zeroizing;

use super::tls::Tls;

/// How long a connection is tried before the server counts as away.
pub(super) const CONNECT_MAX: Duration = Duration::from_secs(2);
/// How long sent bytes may stay unacknowledged, and how long a silent connection is left unprobed.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// A server to connect to.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) tls: Tls,
    /// Where the tables are: roles that share a database have one each.
    pub(super) schema: SchemaName,
}

/// A schema's name, which needs no quotes in any statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SchemaName(String);

impl SchemaName {
    /// Longest name: PostgreSQL cuts longer ones off after 63 bytes without an error.
    const BYTES_MAX: usize = 63;

    fn parse(name: &str) -> Result<Self, BadAddress> {
        let plain = |at: u8| at.is_ascii_lowercase() || at.is_ascii_digit() || at == b'_';
        let first = name
            .bytes()
            .next()
            .is_some_and(|at| at.is_ascii_lowercase());
        let ours = !name.starts_with("pg_") && name != "information_schema";
        if first && ours && name.len() <= Self::BYTES_MAX && name.bytes().all(plain) {
            return Ok(Self(name.to_owned()));
        }
        Err(BadAddress(
            "schema: 1 to 63 of a-z, 0-9 and _, a letter first, and none of the server's own"
                .to_owned(),
        ))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Address {
    /// Reads `postgres://user@host:port/database?…` or `host=… user=…`, with [`MEMBERS`] of our own
    /// reading: `sslmode` (`verify-full` or `disable`), `sslrootcert`, `sslcert` and `sslkey` (PEM
    /// files), `schema`. Without `sslmode` only a Unix socket or a loopback address is taken: a
    /// network is never trusted unsaid.
    pub(super) fn parse(text: &str) -> Result<Self, BadAddress> {
        let (text, members) = without(text, &MEMBERS)?;
        let member = |name| {
            let mut found = members.iter().filter(move |(known, _)| *known == name);
            found.next_back().map(|(_, value)| value.as_str())
        };
        let mut config = Config::from_str(&text).map_err(|why| BadAddress(cause(&why)))?;
        if config.get_hosts().is_empty() {
            return Err(BadAddress("it names no host".to_owned()));
        }
        let shown = match (member("sslcert"), member("sslkey")) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => return Err(BadAddress("sslcert and sslkey go together".to_owned())),
        };
        let tls = match (member("sslmode"), member("sslrootcert")) {
            (Some("verify-full"), Some(file)) => {
                config.ssl_mode(SslMode::Require);
                verified(file, shown)?
            }
            (Some("verify-full"), None) => {
                let missing = "sslmode=verify-full needs sslrootcert=FILE, the authority's PEM";
                return Err(BadAddress(missing.to_owned()));
            }
            (None | Some("disable"), None) if shown.is_some() => {
                return Err(BadAddress("sslcert needs sslmode=verify-full".to_owned()));
            }
            (mode @ (None | Some("disable")), None) => {
                if mode.is_none() && !config.get_hosts().iter().all(is_here) {
                    return Err(BadAddress(SAY_SO.to_owned()));
                }
                config.ssl_mode(SslMode::Disable);
                Tls::trusting(b"", None).map_err(|why| BadAddress(why.to_string()))?
            }
            (_, _) => return Err(BadAddress(SAY_SO.to_owned())),
        };
        config
            .connect_timeout(CONNECT_MAX)
            .tcp_user_timeout(SILENCE_MAX)
            .keepalives(true)
            .keepalives_idle(SILENCE_MAX)
            .keepalives_interval(Duration::from_secs(1))
            .keepalives_retries(3)
            // After a failover a former primary may still answer: it is not the one.
            .target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_application_name().is_none() {
            config.application_name("sluis");
        }
        let schema = SchemaName::parse(member("schema").unwrap_or("public"))?;
        // With the connection itself: no statement can come before it.
        let path = format!("-c search_path={}", schema.as_str());
        let options = match config.get_options() {
            Some(given) => format!("{given} {path}"),
            None => path,
        };
        config.options(options);
        Ok(Self {
            config,
            tls,
            schema,
        })
    }
}

/// TLS that trusts the authorities in this file, and shows a certificate with its key.
fn verified(authorities: &str, shown: Option<(&str, &str)>) -> Result<Tls, BadAddress> {
    let read = |file: &str| fs::read(file).map_err(|why| BadAddress(format!("{file}: {why}")));
    let pem = |file: &str| {
        let pem = read(file)?;
        let holds = pem.windows(BEGIN.len()).any(|at| at == BEGIN);
        let none = || BadAddress(format!("{file}: it holds no PEM certificate"));
        holds.then_some(pem).ok_or_else(none)
    };
    let roots = pem(authorities)?;
    let Some((certificate, key)) = shown else {
        let tls = Tls::trusting(&roots, None);
        return tls.map_err(|why| BadAddress(format!("{authorities}: {why}")));
    };
    let (chain, secret) = (pem(certificate)?, Zeroizing::new(read(key)?));
    let tls = Tls::trusting(&roots, Some((&chain, &secret)));
    tls.map_err(|why| BadAddress(format!("{authorities}, {certificate}, {key}: {why}")))
}

/// What an address says beside what the library reads.
const MEMBERS: [&str; 5] = ["sslmode", "sslrootcert", "sslcert", "sslkey", "schema"];
const FORMS: &str = "expected postgresql://user@host/database?… or host=… user=… dbname=…";
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const SAY_SO: &str = "say sslmode=verify-full with sslrootcert=FILE, or sslmode=disable where the \
                      network is trusted (a Unix socket, loopback)";

/// A server address that cannot be used. Says why, and never the address, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadAddress(String);

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the address of the database: {}", self.0)
    }
}

impl std::error::Error for BadAddress {}

/// Whether nothing between here and there can listen in.
fn is_here(host: &Host) -> bool {
    match host {
        #[cfg(unix)]
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            let loopback = |address: IpAddr| address.is_loopback();
            name == "localhost" || name.parse().is_ok_and(loopback)
        }
    }
}

/// Members by name.
type Members = Vec<(&'static str, String)>;

/// The text without these members, and what they said.
fn without(text: &str, names: &[&'static str]) -> Result<(String, Members), BadAddress> {
    let mut taken = Members::new();
    let mut take = |part: &str| -> Result<bool, BadAddress> {
        let Some((name, value)) = part.split_once('=') else {
            return Ok(false);
        };
        let Some(name) = names.iter().find(|known| **known == name.trim()) else {
            return Ok(false);
        };
        if value.contains(['%', '\'', '\\']) {
            return Err(BadAddress(format!("{name}: write it without % ' or \\")));
        }
        taken.push((*name, value.trim().to_owned()));
        Ok(true)
    };
    let kept = if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        let (start, query) = text.split_once('?').unwrap_or((text, ""));
        let mut kept = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            if !take(part)? {
                kept.push(part);
            }
        }
        let mark = if kept.is_empty() { "" } else { "?" };
        format!("{start}{mark}{}", kept.join("&"))
    } else {
        let mut kept = Vec::new();
        for part in text.split(' ') {
            if !take(part)? {
                kept.push(part);
            }
        }
        kept.join(" ")
    };
    Ok((kept, taken))
}

/// What the library found, with its reason, which it keeps one level down. An address of another kind
/// (`pgsql://…`) is the name of an option to it: a reason is told only if it quotes nothing but a name.
fn cause(why: &tokio_postgres::Error) -> String {
    let told = std::error::Error::source(why).map(ToString::to_string);
    match told.filter(|told| told.split('`').skip(1).step_by(2).all(is_a_name)) {
        Some(reason) => format!("{why}: {reason}"),
        None => FORMS.to_owned(),
    }
}

/// Whether a text can be the name of an option.
fn is_a_name(text: &str) -> bool {
    text.bytes()
        .all(|at| at.is_ascii_alphanumeric() || at == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Address::parse(text).err().expect("refused").to_string()
    }

    #[test]
    fn a_network_is_never_trusted_unsaid() {
        for here in [
            "host=/run/postgresql user=sluis",
            "postgres://sluis@localhost/sluis",
            "postgres://sluis@127.0.0.1:5432/sluis?application_name=x",
            "postgres://sluis@db.example/sluis?sslmode=disable",
        ] {
            let address = Address::parse(here).expect(here);
            assert_eq!(address.config.get_ssl_mode(), SslMode::Disable, "{here}");
        }
        for unsaid in [
            "postgres://sluis@db.example/sluis",
            "postgres://sluis@db.example/sluis?sslmode=prefer",
            "host=db.example user=sluis sslmode=require",
            "host=db.example,/run/postgresql user=sluis",
        ] {
            let why = refused(unsaid);
            assert!(why.contains("sslmode=verify-full"), "{unsaid}: {why}");
        }
    }

    #[test]
    fn a_mistake_is_told_without_the_password() {
        for text in [
            "postgres://sluis:hunter2@db.example/sluis?sslmode=verify-full",
            "postgres://sluis:hunter2@db.example/sluis?sslmode=verify-full&sslrootcert=/nowhere",
            "postgres://sluis:hunter2@localhost/sluis?colour=red",
            "pgsql://sluis:hunter2@db/sluis?schema=mitz",
            "host=localhost sluis:hunter2=x",
            "host=localhost password='hunter2",
            "host=localhost port=hunter2",
            "user=sluis password=hunter2",
        ] {
            let why = refused(text);
            assert!(!why.contains("hunter2"), "{why}");
        }
        let misspelt = refused("postgres://sluis@localhost/sluis?colour=red");
        assert!(misspelt.contains("unknown option `colour`"), "{misspelt}");
        assert!(refused("user=sluis").contains("no host"));
        assert!(refused("postgres://x@h/x?sslmode=verify-full").contains("sslrootcert"));
        assert!(refused("postgres://x@localhost/x?sslcert=a").contains("go together"));
        let plain = refused("postgres://x@localhost/x?sslcert=a&sslkey=b");
        assert!(plain.contains("verify-full"), "{plain}");
    }

    #[test]
    fn each_role_may_have_a_schema_of_its_own() {
        let options = |text| {
            let address = Address::parse(text).expect("an address");
            address.config.get_options().expect("options").to_owned()
        };
        let public = options("postgres://sluis@localhost/sluis");
        assert_eq!(public, "-c search_path=public");
        let own = "host=/run user=sluis schema=mitz options='-c work_mem=8MB'";
        assert_eq!(options(own), "-c work_mem=8MB -c search_path=mitz");
        for name in ["", "Mitz", "pg_mitz", "1st", "mitz;drop", "a\"b", "a,b"] {
            let why = refused(&format!("postgres://sluis@localhost/sluis?schema={name}"));
            assert!(why.contains("schema"), "{name}: {why}");
        }
    }
}
