//! A mandate as administration writes it and sees it: one form for the API of an MR and for its command.

use identity::ServiceUuid;
use serde::{Deserialize, Serialize};

use super::{Gemachtigde, Machtiging};
use crate::attribuut::Attributen;
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::kenmerk::{Kenmerk, Vestigingsnr};

/// Bytes of a document, at most; one that uses every member has some 500, and each attribute 300 at most,
/// or more where its value is not ASCII.
pub const DOCUMENT_BYTES_MAX: usize = 16_384;

/// A mandate to register (AUC3 in etoegang.md §2.1). The members are those of [`Machtiging`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NieuweMachtiging {
    vertegenwoordigde: Kenmerk,
    gemachtigde: Gemachtigde,
    service_uuid: ServiceUuid,
    niveau: Betrouwbaarheidsniveau,
    beperking: Option<Vestigingsnr>,
    #[serde(default)]
    attributen: Attributen,
    van: i64,
    tot: i64,
}

/// A registered mandate with its reference.
#[derive(Clone, Debug, Serialize)]
pub struct GetoondeMachtiging<'a> {
    id: &'a str,
    vertegenwoordigde: &'a Kenmerk,
    gemachtigde: &'a Gemachtigde,
    service_uuid: &'a ServiceUuid,
    niveau: Betrouwbaarheidsniveau,
    beperking: Option<&'a Vestigingsnr>,
    #[serde(skip_serializing_if = "Attributen::is_empty")]
    attributen: &'a Attributen,
    van: i64,
    tot: i64,
    ingetrokken: Option<i64>,
}

impl From<NieuweMachtiging> for Machtiging {
    fn from(nieuw: NieuweMachtiging) -> Self {
        Self {
            vertegenwoordigde: nieuw.vertegenwoordigde,
            gemachtigde: nieuw.gemachtigde,
            service_uuid: nieuw.service_uuid,
            niveau: nieuw.niveau,
            beperking: nieuw.beperking,
            attributen: nieuw.attributen,
            van: nieuw.van,
            tot: nieuw.tot,
            ingetrokken: None,
            verloop: Vec::new(),
        }
    }
}

impl<'a> GetoondeMachtiging<'a> {
    /// The mandate that stands under this reference.
    pub const fn new(id: &'a str, machtiging: &'a Machtiging) -> Self {
        Self {
            id,
            vertegenwoordigde: &machtiging.vertegenwoordigde,
            gemachtigde: &machtiging.gemachtigde,
            service_uuid: &machtiging.service_uuid,
            niveau: machtiging.niveau,
            beperking: machtiging.beperking.as_ref(),
            attributen: &machtiging.attributen,
            van: machtiging.van,
            tot: machtiging.tot,
            ingetrokken: machtiging.ingetrokken,
        }
    }
}
