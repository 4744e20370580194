//! eToegang (eHerkenning): the native-app path of the Afsprakenstelsel Elektronische Toegangsdiensten.
//!
//! An app of a service provider (DV) gets its tokens from a broker (HM), which relies on an
//! authentication service (AD) and, when somebody acts for an organisation, on a mandate register
//! (MR). One file per interface or role, named as the scheme names it:
//!
//! | what | file |
//! |---|---|
//! | the HM towards the app: who it is, the code, the tokens | [`dv_hm`] |
//! | the HM towards the AD | [`hm_ad`] |
//! | the HM towards the MR | [`hm_mr`] |
//! | the app of a DV, at the other side of it | [`dv_app`] |
//! | GUC9, the refresh through AD and MR | [`guc::guc9`] |
//! | the AD: means, sessions, pseudonyms | [`authenticatiedienst`] |
//! | what an MR keeps and decides | [`machtiging`] |
//! | what an HM and an AD publish of themselves | [`discovery`] |
//! | what the audit log holds | [`gebeurtenis`] |
//! | who may administer an AD or an MR | [`beheersleutel`] |
//! | attributes of people and organisations | [`attribuut`] |
//! | levels of assurance | [`betrouwbaarheidsniveau`] |
//! | the service catalogue | [`dienstencatalogus`] |
//! | what the scheme leaves open, as settings | [`instellingen`] |
//!
//! This crate never opens a socket or a database, reads a clock or signs anything: it says what to ask,
//! what to store and what to sign. It knows no other framework.
//!
//! Start reading at [`guc::guc9`], then [`dv_hm::family`].

pub mod attribuut;
pub mod authenticatiedienst;
pub mod beheersleutel;
pub mod betrouwbaarheidsniveau;
pub mod dienstencatalogus;
pub mod discovery;
pub mod dv_app;
pub mod dv_hm;
pub mod gebeurtenis;
pub mod guc;
pub mod hm_ad;
pub mod hm_mr;
pub mod instellingen;
pub mod kenmerk;
pub mod keten;
pub mod machtiging;

#[cfg(test)]
mod testing;
