//! What the audit log holds of a login and of a refresh beside client, outcome and reason: service, AD,
//! MRs, what the MRs decided, and the number of the transaction (etoegang case 94; etoegang.md §3).
//!
//! No token, no number of a person or an organisation: the log says which registers were asked, not
//! about whom.

use identity::{EntityId, ServiceId};
use verdict::Event;

use crate::dienstencatalogus::Dienst;
use crate::dv_hm::family::{Family, Keten, Vertegenwoordiging};

/// What an event of eToegang is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Over {
    /// The service.
    pub service: Option<ServiceId>,
    /// The AD.
    pub ad: Option<EntityId>,
    /// The MRs, in the order of the chain.
    pub mrs: Vec<EntityId>,
    /// What the MRs decided, when they were asked.
    pub besluit: Option<&'static str>,
}

impl Over {
    /// About a login of which there is a row.
    pub(crate) fn family(family: &Family) -> Self {
        let wie = family.vertegenwoordiging.as_ref();
        Self {
            service: Some(family.service_id.clone()),
            ad: Some(family.ad.ad.clone()),
            mrs: wie.map(mrs).unwrap_or_default(),
            besluit: None,
        }
    }

    /// About a login for this service of which nothing else is known yet.
    pub fn dienst(dienst: &Dienst) -> Self {
        Self {
            service: Some(dienst.service_id.clone()),
            ..Self::default()
        }
    }

    /// The event with all that is known. `transaction` is the run's number: the questions to the MRs
    /// begin with it.
    #[must_use]
    pub fn in_event(&self, event: Event, transaction: [u8; 16]) -> Event {
        let number = format!("{:032x}", u128::from_be_bytes(transaction));
        let names = [
            ("service", self.service.as_ref().map(ToString::to_string)),
            ("ad", self.ad.as_ref().map(ToString::to_string)),
            ("mr", self.mrs.first().map(ToString::to_string)),
            ("mr2", self.mrs.get(1).map(ToString::to_string)),
            ("decision", self.besluit.map(str::to_owned)),
            ("transaction", Some(number)),
        ];
        let known = names
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        known.fold(event, |event, (name, value)| event.with(name, value))
    }
}

/// The MRs of a representation.
fn mrs(wie: &Vertegenwoordiging) -> Vec<EntityId> {
    match &wie.keten {
        Keten::Enkel(schakel) => vec![schakel.mr.clone()],
        Keten::Via { eerste, tweede, .. } => vec![eerste.mr.clone(), tweede.mr.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{dienst, family, keten};
    use verdict::Actor;

    #[test]
    fn etoegang_case_094_an_event_names_service_registers_and_transaction_and_nobody() {
        let mut chain = family();
        chain.vertegenwoordiging = Some(keten());
        let over = Over {
            besluit: Some("permitted"),
            ..Over::family(&chain)
        };
        let event = Event::granted("GUC9 9.5", "tokens were renewed", Actor::Unknown);
        let event = over.in_event(event, [0xab; 16]);
        let details: Vec<_> = event
            .details
            .iter()
            .map(|(n, v)| (*n, v.as_str()))
            .collect();
        let transaction = "ab".repeat(16);
        // etoegang case 94
        let expected = [
            ("ad", "urn:etoegang:AD:00000004000000001000:entities:1"),
            ("decision", "permitted"),
            ("mr", "urn:etoegang:MR:00000004000000002000:entities:1"),
            ("mr2", "urn:etoegang:MR:00000004000000003000:entities:1"),
            ("service", "urn:etoegang:DV:00000001234567890000:services:1"),
            ("transaction", &transaction),
        ];
        assert_eq!(details, expected);
        let early = Over::dienst(&dienst());
        let event = Event::granted("test", "done", Actor::Unknown);
        assert_eq!(early.in_event(event, [0; 16]).details.len(), 2);
    }
}
