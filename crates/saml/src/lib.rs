//! The SAML 2.0 that DigiD 3.x and 4.x need: our service provider, and the identity provider of the DigiD
//! simulator.
//!
//! Bytes from outside pass [`reader`] (strict XML) and [`signature`] (which gives back only what
//! was signed) before a rule reads them. Then [`authn_request`], [`artifact`],
//! [`artifact_resolve`] and [`artifact_response`] are the messages in the order in which a login
//! uses them; DigiD 4.x asks by [`entrance`] and names people by [`encryption`]; [`digid::accept`] is the service provider's verdict on the last one. [`logout`] ends
//! what a login began.
//!
//! [`reader`], [`writer`], [`signature`] and [`keys`] know nothing of DigiD: eToegang's service catalogue is
//! read and written with them, within bounds of its own.
//!
//! This crate never opens a socket, reads a clock, draws randomness or keeps a session; it takes
//! identifiers and the present moment as arguments. It never trusts a key that a message carries,
//! never signs or accepts SHA-1, and never reads a value outside the signed element. No error or
//! `Debug` output holds a BSN, an artifact or the text of a message.
//!
//! Start reading at [`digid::accept`].

mod name_id;
mod names;
mod soap;
mod status;

pub mod artifact;
pub mod artifact_resolve;
pub mod artifact_response;
pub mod authn_request;
pub mod digid;
pub mod encryption;
pub mod entrance;
pub mod incoming;
pub mod instant;
pub mod keys;
pub mod logout;
pub mod metadata;
pub mod reader;
pub mod redirect;
pub mod signature;
pub mod writer;

pub use name_id::{BadNameId, NameId, SECTOR_BSN};
pub use soap::fault as soap_fault;

/// An identifier for a message: `_` and 40 hexadecimal digits, as an `xs:ID` may not begin with a
/// digit. 160 random bits, as SAML core 1.3.4 recommends; the caller draws them.
pub fn message_id(random: [u8; 20]) -> String {
    format!("_{}", hex(&random))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;

    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_message_id_is_an_xs_id_of_160_bits() {
        let id = super::message_id([0xa5; 20]);
        // SAML core §1.3.4
        assert_eq!(id, format!("_{}", "a5".repeat(20)));
    }
}
