//! The examples of `packaging/`, and what is said of a configuration that cannot be used.

use std::fs;
use std::path::{Path, PathBuf};

use protocol::assertion::Audience;

use super::{Config, HomeConfig, MASTER_FILE, PASSWORD_FILE, Revocation};
use crate::chance;
use crate::door::{Limits, Rate};
use crate::keys::Purpose;

mod etoegang;

const EXAMPLES: [(&str, &str); 8] = [
    ("mitz", include_str!("../../../../packaging/mitz.toml")),
    (
        "lokalisatie",
        include_str!("../../../../packaging/lokalisatie.toml"),
    ),
    ("dva", include_str!("../../../../packaging/dva.toml")),
    ("pgo", include_str!("../../../../packaging/pgo.toml")),
    (
        "koppeltaal",
        include_str!("../../../../packaging/koppeltaal.toml"),
    ),
    ("hm", etoegang::HM),
    ("ad", etoegang::AD),
    ("mr", etoegang::MR),
];

/// A file that is gone when the test is.
struct Written(PathBuf);

impl Drop for Written {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn written(text: &str) -> Written {
    let name = format!("{}.toml", chance::entropy().uuid("config"));
    let file = std::env::temp_dir().join(name);
    fs::write(&file, text).expect("writable");
    Written(file)
}

/// The same, which nobody else may read.
fn private(text: &str) -> Written {
    use std::os::unix::fs::PermissionsExt as _;
    let file = written(text);
    fs::set_permissions(&file.0, fs::Permissions::from_mode(0o600)).expect("ours");
    file
}

fn read(text: &str) -> Result<Config, String> {
    let file = written(text);
    let folder = file.0.display().to_string();
    let read = Config::read(&file.0, |_| None);
    read.map_err(|fault| fault.to_string().replace(&folder, "sluis.toml"))
}

fn refused(text: &str) -> String {
    match read(text) {
        Ok(_) => panic!("it was taken"),
        Err(why) => why,
    }
}

fn mitz() -> &'static str {
    EXAMPLES[0].1
}

#[test]
fn bounds_and_proxies_of_a_host_can_be_set() {
    let text = mitz()
        .replace(
            "# requests_per_s_per_address = 100",
            "requests_per_s_per_address = 0",
        )
        .replace(
            "# requests_per_s_per_client = 500",
            "requests_per_s_per_client = 7",
        )
        .replace(
            "# requests_at_a_time_max = 1024",
            "requests_at_a_time_max = 3",
        )
        .replace("# proxies = [", "proxies = [")
        .replace(
            "# token_endpoint_as_audience = false",
            "token_endpoint_as_audience = true",
        );
    let mitz = read(&text).expect("a configuration").mitz.expect("Mitz");
    let back = &mitz.back;
    assert_eq!(back.limits.per_address, None);
    assert_eq!(back.limits.per_client, Some(Rate::new(7, 35)));
    assert_eq!(back.limits.running_max, 3);
    assert!(back.proxies.contains("proxy.internal.example.nl"));
    assert_eq!(mitz.assertion_audience, Audience::IssuerOrTokenEndpoint);
    // the others keep what is usual
    let usual = Limits::default();
    assert_eq!(mitz.front.limits.per_address, usual.per_address);
    assert_eq!(mitz.front.limits.running_max, usual.running_max);
}

#[test]
fn each_example_is_a_configuration_of_its_role() {
    for (role, text) in EXAMPLES {
        let config = read(text).unwrap_or_else(|why| panic!("{role}: {why}"));
        assert_eq!(config.roles(), [role]);
        assert_eq!(config.state, Path::new("/var/lib/sluis"));
    }
}

#[test]
fn an_example_says_what_it_means() {
    let config = read(mitz()).expect("good");
    let role = config.mitz.as_ref().expect("named");
    assert_eq!(role.front.url, "https://mitz.example.nl");
    assert_eq!(role.dvas.len(), 1);
    assert!(matches!(&config.trust.revocation, Revocation::Crls(crls) if crls.len() == 1));
    assert!(matches!(&config.home, HomeConfig::Postgresql { .. }));
    let sites: Vec<&str> = config.sites().iter().map(|(name, _)| *name).collect();
    assert_eq!(sites, ["mitz.front", "mitz.back", "mitz.register"]);
}

#[test]
fn the_keys_of_a_purpose_are_replaced_as_often_as_the_file_says() {
    let said = mitz().replace("# rotate_days", "rotate_days");
    let plan = |text: &str, purpose| read(text).expect("good").schedule.of(purpose);
    assert_eq!(plan(&said, Purpose::Tokens).rotate_s, 30 * 86_400);
    assert_eq!(plan(&said, Purpose::Rows), plan(mitz(), Purpose::Rows));
}

#[test]
fn the_environment_names_secret_files_before_the_file_does() {
    let file = written(mitz());
    let variable = |name: &str| match name {
        MASTER_FILE => Some("/run/credentials/master.key".to_owned()),
        PASSWORD_FILE => Some("/run/credentials/db".to_owned()),
        _ => None,
    };
    let config = Config::read(&file.0, variable).expect("good");
    assert_eq!(config.master_file, Path::new("/run/credentials/master.key"));
    let HomeConfig::Postgresql { password_file, .. } = config.home else {
        panic!("another home");
    };
    assert_eq!(
        password_file.as_deref(),
        Some(Path::new("/run/credentials/db"))
    );
}

#[test]
fn a_password_stays_out_of_the_address_until_it_is_used() {
    let secret = private("it's \\ secret%41\n");
    let with = |address: &str| HomeConfig::Postgresql {
        address: address.to_owned(),
        password_file: Some(secret.0.clone()),
        settings: store::postgres::Settings::default(),
    };
    let url = with("postgresql://sluis@db/sluis?sslmode=disable");
    assert_eq!(
        url.address("mitz").expect("readable"),
        "postgresql://sluis:it's%20%5C%20secret%2541@db/sluis?sslmode=disable&schema=sluis_mitz"
    );
    let members = with("host=/run/postgresql user=sluis");
    assert_eq!(
        members.address("dva").expect("readable"),
        "host=/run/postgresql user=sluis schema=sluis_dva password='it\\'s \\\\ secret%41'"
    );
}

/// design §5: secrets are files.
#[test]
fn a_password_in_the_address_is_refused_in_either_form_and_not_told() {
    let line = mitz().lines().find(|line| line.starts_with("address ="));
    let line = line.expect("an address");
    let with = |address: &str| mitz().replace(line, &format!("address = \"{address}\""));
    for address in [
        "postgresql://sluis:s3kr1t@db.example.nl/sluis",
        "pgsql://sluis:s3kr1t@db.example.nl/sluis",
        "postgresql://sluis:s3kr1t@a.example.nl:5432,b.example.nl:5432/sluis",
        "postgresql://db.example.nl/sluis?user=sluis&password=s3kr1t",
        "host=/run/postgresql user=sluis password=s3kr1t",
        "host=/run/postgresql password = 's3kr1t' user=sluis",
    ] {
        let why = refused(&with(address));
        assert!(why.contains("store.address: the password belongs"), "{why}");
        assert!(!why.contains("s3kr1t"), "{why}");
    }
    assert!(read(&with("host=/run/postgresql user=password")).is_ok());
}

#[test]
fn a_slip_of_the_pen_is_told_with_its_line_and_the_setting_that_was_meant() {
    let text = mitz().replace("min_level =", "min_levl =");
    let line = 1 + text
        .lines()
        .position(|l| l.contains("min_levl"))
        .expect("there");
    assert_eq!(
        refused(&text),
        format!(
            "sluis.toml:{line}: there is no setting `min_levl` here; did you mean `min_level`?"
        )
    );
}

/// What is put in the place of what, in the example of Mitz, and what is said then.
const FAULTS: &[(&str, &str, &str)] = &[
    (
        "# audit_days = 1827",
        "audit_days = 0",
        "store.audit_days: expected at least 1",
    ),
    (
        "http://crl.pkioverheid.nl/",
        "http://u:secret@crl.pkioverheid.nl/",
        "trust.crls: a list is public",
    ),
    (
        "# connections_max = 4096",
        "connections_max = 0",
        "listeners.public.connections_max: expected at least 1",
    ),
    (
        "https://lokalisatie.internal.example.nl\"\n#",
        "https://:secret@lokalisatie.internal.example.nl\"\n#",
        "mitz.lokalisatie: expected an https URL",
    ),
    (
        "home = \"postgresql\"",
        "home = \"mysql\"",
        "store.home: expected \"sqlite\" or \"postgresql\"",
    ),
    (
        "home = \"postgresql\"",
        "home = \"sqlite\"",
        "store.address: an address belongs to home = \"postgresql\"",
    ),
    (
        "postgresql://sluis@",
        "postgresql://sluis:s3kr1t@",
        "store.address: the password belongs in a file",
    ),
    (
        "\"[::]:443\"",
        "\"127.0.0.1:9090\"",
        "admin.listen: is the address of listeners.public.listen already",
    ),
    (
        "\"[::]:443\"",
        "\"443\"",
        "listeners.public.listen: expected an address and a port",
    ),
    (
        "listener = \"public\"",
        "listener = \"pulbic\"",
        "mitz.front.listener: no such listener; did you mean `public`?",
    ),
    (
        "host = \"toestemmingen.example.nl\"",
        "proxies = [\"proxy.example.nl\"]\nhost = \"toestemmingen.example.nl\"",
        "mitz.register.proxies: a proxy proves itself by a certificate",
    ),
    (
        "host = \"toestemmingen.example.nl\"",
        "host = \"mitz.example.nl\"",
        "mitz.register.host: is the host of mitz.front already",
    ),
    (
        "https://dva.example.nl/jwks",
        "http://dva.example.nl/jwks",
        "mitz.dva[0].jwks_uri: expected an https URL",
    ),
    (
        "[\"00000659\"]",
        "[]",
        "mitz.dva[0].uras: expected at least one URA",
    ),
    ("[\"00000659\"]", "[\"659x\"]", "mitz.dva[0].uras: "),
    (
        "min_level = \"substantieel\"",
        "min_level = \"high\"",
        "mitz.min_level: expected basis, midden, substantieel or hoog",
    ),
    (
        "crls = [\"http://crl.pkioverheid.nl/PrivateRootLatestCRL-G1.crl\"]",
        "",
        "trust.crls: name the revocation list of every authority",
    ),
    (
        "roots = [\"/etc/sluis/trust/pkioverheid-private-g1.pem\"]",
        "roots = []",
        "trust.roots: expected at least one PEM file",
    ),
    (
        "master_file = \"/etc/sluis/secret/master.key\"",
        "",
        "keys: `master_file` (or SLUIS_KEYS_MASTER_FILE) must name",
    ),
    (
        "# rotate_days = { tokens = 30, access_tokens = 7 }",
        "rotate_days = { token = 30 }",
        "keys.rotate_days: there are no keys for `token`; there are keys for rows, ",
    ),
    (
        "# rotate_days = { tokens = 30, access_tokens = 7 }",
        "rotate_days = { tokens = 0 }",
        "keys.rotate_days: expected 1 to 3660 days",
    ),
];

#[test]
fn each_fault_is_told_at_its_setting() {
    for (from, to, says) in FAULTS {
        is_told(mitz(), from, to, says);
    }
}

/// With `to` in the place of `from` the text is refused, in these words, with the line of the setting.
fn is_told(text: &str, from: &str, to: &str, says: &str) {
    assert!(text.contains(from), "{from}");
    let why = refused(&text.replacen(from, to, 1));
    let at = why.split_once(": ").map_or("", |(_, after)| after);
    assert!(at.starts_with(says), "{why}");
    let line = why.strip_prefix("sluis.toml:").expect("a line");
    assert!(
        line.starts_with(|digit: char| digit.is_ascii_digit()),
        "{why}"
    );
}

#[test]
fn a_file_without_roles_or_with_an_idle_listener_is_refused() {
    let (common, _) = mitz().split_once("[mitz]").expect("there");
    let why = refused(common);
    assert!(why.contains("no role is named"), "{why}");
    let idle = format!("{}\n[listeners.spare]\nlisten = \"[::]:8443\"\n", mitz());
    let why = refused(&idle);
    assert!(why.ends_with("listeners.spare: no site uses it"), "{why}");
}

#[cfg(not(feature = "pkcs11"))]
#[test]
fn a_module_is_refused_by_a_program_that_cannot_load_one() {
    let module = "[keys.pkcs11]\nmodule = \"/usr/lib/softhsm/libsofthsm2.so\"\ntoken = \"sluis\"\n";
    let why = refused(&mitz().replacen("[admin]", &format!("{module}\n[admin]"), 1));
    assert!(
        why.contains("keys.pkcs11: this program was built without PKCS#11"),
        "{why}"
    );
}
