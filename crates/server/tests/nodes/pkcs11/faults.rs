//! Modules, tokens and PINs that will not do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use server::config::{Config, PIN_FILE, Pkcs11Config};
use server::keys::pkcs11::{Token, look};
use server::keys::{SigningToken as _, TokenFault, custody::ObjectId};

use super::soft_hsm::{SoftHsm, with_token};

fn refused(config: &Pkcs11Config) -> String {
    let fault = Token::open(config).err().expect("a fault");
    assert!(matches!(fault, TokenFault::Refused(_)), "{fault:?}");
    fault.to_string()
}

fn looked(config: &Pkcs11Config) -> Vec<String> {
    let parts = look(config).into_iter();
    parts
        .map(|(part, says)| match says {
            Ok(says) => format!("{part}: {says}"),
            Err(why) => format!("{part} FAULT: {why}"),
        })
        .collect()
}

#[test]
fn pkcs11_a_check_tells_of_module_token_pin_and_mechanism() {
    with_token(async |at| {
        let looked = looked(&at.config());
        assert_eq!(looked.len(), 4, "{looked:?}");
        let (module, token) = (&looked[0], &looked[1]);
        let (pin, mechanism) = (&looked[2], &looked[3]);
        assert!(module.starts_with("module: SoftHSM"), "{module}");
        assert!(token.starts_with("token: sluis: SoftHSM v2"), "{token}");
        assert_eq!(pin, "pin_file: the token takes it");
        assert!(mechanism.contains("CKM_ECDSA"), "{mechanism}");
    });
}

/// A token locks itself after some wrong PINs.
#[test]
fn pkcs11_a_wrong_pin_is_refused_and_shown_once() {
    with_token(async |at| {
        let right = at.config();
        let config = Pkcs11Config {
            pin_file: at.write_pin("wrong", "4712"),
            ..right
        };
        let why = refused(&config);
        assert_eq!(why, "the token refused the PIN: PinIncorrect");
        let looked = looked(&config);
        assert_eq!(looked[2], format!("pin_file FAULT: {why}"));
        assert!(
            looked[1].ends_with("a wrong PIN was tried"),
            "{}",
            looked[1]
        );
        assert!(at.opened().is_ok(), "the right one is still taken");
    });
}

#[test]
fn pkcs11_a_pin_that_others_can_read_or_that_is_not_there_is_refused() {
    with_token(async |at| {
        let config = at.config();
        let open = fs::Permissions::from_mode(0o644);
        fs::set_permissions(&config.pin_file, open).expect("ours");
        assert!(refused(&config).contains("say chmod 600"));
        fs::remove_file(&config.pin_file).expect("ours");
        assert!(refused(&config).contains("No such file"));
        at.write_pin("pin", "");
        assert!(refused(&config).ends_with("is empty"));
    });
}

#[test]
fn pkcs11_a_module_that_is_missing_or_none_is_refused_by_its_path() {
    with_token(async |at| {
        let config = Pkcs11Config {
            module: at.0.join("libmissing.so"),
            ..at.config()
        };
        assert!(refused(&config).contains("libmissing.so: cannot be loaded"));
        fs::write(&config.module, "no library").expect("writable");
        assert!(refused(&config).contains("libmissing.so: cannot be loaded"));
        assert_eq!(looked(&config).len(), 1);
    });
}

#[test]
fn pkcs11_a_token_that_is_not_there_is_away_and_signs_nothing() {
    with_token(async |at| {
        let config = Pkcs11Config {
            token: "another".to_owned(),
            ..at.config()
        };
        let token = Token::open(&config).expect("it may come");
        let id = ObjectId::parse(&"0f".repeat(16)).expect("an id");
        assert!(token.signer(id).sign_digest(&[0; 32]).is_err());
        let made = token.make(id, "sluis test");
        let away = "no token is labelled `another`; there is sluis".to_owned();
        assert_eq!(made, Err(TokenFault::Away(away.clone())));
        assert_eq!(looked(&config)[1], format!("token FAULT: {away}"));
    });
}

#[test]
fn pkcs11_a_key_that_is_not_there_is_not_signed_with_and_its_session_stays() {
    with_token(async |at| {
        let token = at.open();
        let ids = ["0a", "0b"].map(|byte| ObjectId::parse(&byte.repeat(16)).expect("an id"));
        let point = token.make(ids[0], "sluis test").expect("made");
        assert_eq!((point.len(), point[0]), (65, 4));
        assert!(token.signer(ids[1]).sign_digest(&[0; 32]).is_err());
        let signed = token.signer(ids[0]).sign_digest(&[0; 32]);
        assert_eq!(signed.expect("signed").len(), 64);
        token.destroy(ids[0]).expect("destroyed");
        assert!(token.signer(ids[0]).sign_digest(&[0; 32]).is_err());
        token.destroy(ids[0]).expect("gone already");
    });
}

/// More at once than there are sessions, and than one thread of the runtime could wait for.
#[test]
fn pkcs11_many_signatures_at_once_are_all_made() {
    with_token(async |at| {
        let token = std::sync::Arc::new(at.open());
        let id = ObjectId::parse(&"0c".repeat(16)).expect("an id");
        token.make(id, "sluis test").expect("made");
        let signing = (0..32).map(|_| {
            let signer = token.signer(id);
            tokio::spawn(async move { signer.sign_digest(&[7; 32]) })
        });
        for signed in futures_util::future::join_all(signing).await {
            assert_eq!(signed.expect("no panic").expect("signed").len(), 64);
        }
    });
}

const EXAMPLE: &str = include_str!("../../../../../packaging/mitz.toml");

/// The example of `packaging/`, with its section of a module as it stands there or otherwise.
fn configured(at: &SoftHsm, from: &str, to: &str) -> Result<Config, String> {
    let (before, section) = EXAMPLE.split_once("# [keys.pkcs11]").expect("an example");
    let (section, after) = section.split_once("\n\n").expect("an end");
    let section = format!("[keys.pkcs11]{}", section.replace("\n# ", "\n"));
    assert!(section.contains(from), "{section}");
    let file = at.0.join("sluis.toml");
    let text = format!("{before}{}\n\n{after}", section.replace(from, to));
    fs::write(&file, text).expect("writable");
    let variable = |name: &str| (name == PIN_FILE && to.is_empty()).then(|| "/run/pin".to_owned());
    Config::read(&file, variable).map_err(|fault| fault.to_string())
}

#[test]
fn pkcs11_the_example_of_a_configuration_is_read_and_its_faults_are_told() {
    with_token(async |at| {
        let read = |from, to| configured(at, from, to).map(|config| config.pkcs11);
        let good = read("sluis", "sluis").expect("good").expect("a module");
        assert_eq!(good.token, "sluis");
        assert_eq!(good.pin_file, Path::new("/etc/sluis/secret/pin"));
        let named = read("pin_file = \"/etc/sluis/secret/pin\"", "");
        let named = named.expect("good").expect("a module");
        assert_eq!(named.pin_file, Path::new("/run/pin"));
        for (from, to, says) in [
            (
                "module = \"/",
                "module = \"",
                "keys.pkcs11.module: expected the whole path",
            ),
            (
                "token = \"sluis\"",
                "token = \"\"",
                "keys.pkcs11.token: expected the label",
            ),
            (
                "pin_file =",
                "# pin_file =",
                "keys.pkcs11: `pin_file` (or SLUIS_KEYS_PKCS11_PIN_FILE)",
            ),
        ] {
            let why = read(from, to).expect_err("a fault");
            assert!(why.contains(says), "{why}");
        }
    });
}
