//! Modules, tokens and PINs that will not do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use server::config::Pkcs11Config;
use server::keys::pkcs11::{Token, look};
use server::keys::{SigningToken as _, TokenFault, custody::ObjectId};

use super::soft_hsm::with_token;

fn refused(config: &Pkcs11Config) -> String {
    match Token::open(config) {
        Err(TokenFault::Refused(why)) => why,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was taken"),
    }
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
        let [module, token, pin, mechanism] = looked.as_slice() else {
            panic!("{looked:?}");
        };
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
