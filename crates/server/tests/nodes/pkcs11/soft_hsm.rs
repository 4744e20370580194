//! A token of SoftHSM for one test alone.
//!
//! SoftHSM reads where its tokens are from a variable of the environment, once per process. So each test
//! runs itself again as a process of its own, with that variable set.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cryptoki::context::Pkcs11;
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::slot::Slot;
use server::config::Pkcs11Config;
use server::keys::pkcs11::Token;
use server::keys::{TokenFault, custody::ObjectId};

/// Where Debian puts the module.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const LABEL: &str = "sluis";
const PIN: &str = "4711-sluis";
/// Names the folder of a test to the process that it is run in.
const FOLDER: &str = "SLUIS_TEST_TOKEN";
/// Written when a test ran to its end, so that none passes by not being found.
const DONE: &str = "done";

/// The token, and the folder of the test.
pub(crate) struct SoftHsm(pub(crate) PathBuf);

/// Runs a test with a token of its own.
pub(crate) fn with_token<T: AsyncFnOnce(&SoftHsm)>(test: T) {
    match std::env::var_os(FOLDER) {
        Some(folder) => {
            let token = SoftHsm(folder.into());
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(test(&token));
            fs::write(token.0.join(DONE), "").expect("writable");
        }
        None => run_again(name_of(&test)),
    }
}

/// The test's name, which a closure carries in its own: `nodes::pkcs11::keys::NAME::{{closure}}`.
fn name_of<T>(test: &T) -> &'static str {
    let name = std::any::type_name_of_val(test);
    let name = name.split("::{{closure}}").next();
    name.and_then(|name| name.split_once("::"))
        .expect("a name")
        .1
}

fn run_again(name: &str) {
    let unique = format!(
        "sluis-hsm-{}-{}",
        std::process::id(),
        name.replace(':', "_")
    );
    let folder = std::env::temp_dir().join(unique);
    fs::create_dir_all(folder.join("tokens")).expect("a folder");
    let conf = folder.join("softhsm2.conf");
    let tokens = folder.join("tokens");
    let text = format!(
        "directories.tokendir = {}\nlog.level = ERROR\n",
        tokens.display()
    );
    fs::write(&conf, text).expect("writable");
    let mut init = Command::new("softhsm2-util");
    init.args([
        "--init-token",
        "--free",
        "--label",
        LABEL,
        "--so-pin",
        "0000",
        "--pin",
        PIN,
    ]);
    ran(init.env("SOFTHSM2_CONF", &conf));
    let token = SoftHsm(folder.clone());
    token.write_pin("pin", PIN);
    let mut again = Command::new(std::env::current_exe().expect("a program"));
    again.args([name, "--exact", "--nocapture"]);
    ran(again.env("SOFTHSM2_CONF", &conf).env(FOLDER, &folder));
    assert!(folder.join(DONE).exists(), "{name} did not run");
    fs::remove_dir_all(folder).expect("removable");
}

fn ran(command: &mut Command) {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .output()
        .expect("SoftHSM is there: apt-get install softhsm2");
    let told = [stdout, stderr].concat();
    assert!(status.success(), "{}", String::from_utf8_lossy(&told));
}

impl SoftHsm {
    /// How it is configured.
    pub(crate) fn config(&self) -> Pkcs11Config {
        Pkcs11Config {
            module: MODULE.into(),
            token: LABEL.to_owned(),
            pin_file: self.0.join("pin"),
        }
    }

    /// The section of `sluis.toml` that says so.
    pub(crate) fn section(&self) -> String {
        let pin = self.0.join("pin");
        let pin = pin.display();
        format!("[keys.pkcs11]\nmodule = \"{MODULE}\"\ntoken = \"{LABEL}\"\npin_file = \"{pin}\"\n")
    }

    /// Opened, as a node does.
    pub(crate) fn open(&self) -> Token {
        self.opened().expect("a token")
    }

    pub(crate) fn opened(&self) -> Result<Token, TokenFault> {
        Token::open(&self.config())
    }

    /// A file with a PIN, for its owner only.
    pub(crate) fn write_pin(&self, name: &str, pin: &str) -> PathBuf {
        let file = self.0.join(name);
        fs::write(&file, format!("{pin}\n")).expect("writable");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("ours");
        file
    }

    /// Takes the token away, as when the network to it fails.
    pub(crate) fn take_away(&self) {
        fs::rename(self.0.join("tokens"), self.0.join("gone")).expect("ours");
    }

    /// Brings it back.
    pub(crate) fn bring_back(&self) {
        let tokens: &Path = &self.0.join("tokens");
        let _ = fs::remove_dir_all(tokens);
        fs::rename(self.0.join("gone"), tokens).expect("ours");
    }
}

/// The ids of the private keys in it. Asks SoftHSM itself, in which the process is logged in.
pub(crate) fn private_keys() -> Vec<ObjectId> {
    let (library, slot) = library();
    let session = library.open_ro_session(slot).expect("a session");
    let wanted = [Attribute::Class(ObjectClass::PRIVATE_KEY)];
    let keys = session.find_objects(&wanted).expect("listed");
    let ids = keys.into_iter().map(|key| {
        let read = session.get_attributes(key, &[AttributeType::Id]);
        let read = read.expect("readable");
        let id = read.iter().find_map(|attribute| match attribute {
            Attribute::Id(id) => ObjectId::parse(&hex(id)),
            _ => None,
        });
        id.expect("an id of ours")
    });
    ids.collect()
}

/// Whether the private part of a key could be read.
pub(crate) fn can_be_taken_out() -> bool {
    let (library, slot) = library();
    let session = library.open_ro_session(slot).expect("a session");
    let wanted = [Attribute::Class(ObjectClass::PRIVATE_KEY)];
    let keys = session.find_objects(&wanted).expect("listed");
    let asked = [
        AttributeType::Extractable,
        AttributeType::NeverExtractable,
        AttributeType::AlwaysSensitive,
        AttributeType::Value,
    ];
    keys.into_iter().any(|key| {
        let read = session.get_attributes(key, &asked).expect("readable");
        let closed = [
            Attribute::Extractable(false),
            Attribute::NeverExtractable(true),
            Attribute::AlwaysSensitive(true),
        ];
        read != closed
    })
}

/// SoftHSM itself, and where its one token is. Whoever opened that has logged in for the whole process.
fn library() -> (Pkcs11, Slot) {
    let library = Pkcs11::new(MODULE).expect("loaded");
    let slots = library.get_slots_with_initialized_token();
    let slot = slots.expect("listed")[0];
    (library, slot)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
