//! What `sluis check` asks of a module.

use super::super::custody::TokenFault;
use super::module::{Access, Module};
use crate::config::Pkcs11Config;

/// What was found of one part: its name in the configuration or in the standard, and how it is or what
/// is wrong.
pub type Looked = (&'static str, Result<String, String>);

/// Loads the module, finds the token, logs in once and asks for what we need. What comes after a fault
/// is not looked at.
pub fn look(config: &Pkcs11Config) -> Vec<Looked> {
    let text = |fault: TokenFault| fault.to_string();
    let module = match Module::load(config) {
        Ok(module) => module,
        Err(fault) => return vec![("module", Err(text(fault)))],
    };
    let _inside = module.library.enter();
    let mut looked = vec![("module", Ok(of_module(&module)))];
    let told = of_token(&module).map_err(text);
    let is_there = told.is_ok();
    looked.push(("token", told));
    if is_there {
        let login = module.session(Access::Read);
        let login = login.map(|session| {
            let _ = session.close();
            "the token takes it".to_owned()
        });
        looked.push(("pin_file", login.map_err(text)));
        let es256 = module.mechanisms();
        let es256 = es256.map(|()| "CKM_ECDSA and CKM_EC_KEY_PAIR_GEN for P-256".to_owned());
        looked.push(("mechanism", es256.map_err(text)));
    }
    looked
}

fn of_module(module: &Module) -> String {
    module.functions().get_library_info().map_or_else(
        |_| "it is loaded".to_owned(),
        |info| {
            let (maker, version) = (info.manufacturer_id().trim_end(), info.library_version());
            format!("{maker} {version}, PKCS#11 {}", info.cryptoki_version())
        },
    )
}

/// How many wrong PINs a token has seen is worth a word before it locks itself.
fn of_token(module: &Module) -> Result<String, TokenFault> {
    let info = module.functions().get_token_info(module.slot()?);
    let info = info.map_err(super::away("it cannot be asked"))?;
    let warning = if info.user_pin_locked() {
        "; its PIN is locked"
    } else if info.user_pin_final_try() {
        "; one more wrong PIN locks it"
    } else if info.user_pin_count_low() {
        "; a wrong PIN was tried"
    } else {
        ""
    };
    let (label, model) = (info.label().trim_end(), info.model().trim_end());
    let serial = info.serial_number().trim_end();
    Ok(format!("{label}: {model}, serial number {serial}{warning}"))
}
