//! The names of systems and services in eToegang (etoegang.md §1).

use crate::Oin;
use crate::text::text_identifier;

/// The EntityID of a system: `urn:etoegang:ROLE:OIN:entities:INDEX`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityId(Box<str>);

text_identifier!(EntityId, NotAnEntityId, "an EntityID of eToegang");

/// What a system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rol {
    /// Dienstverlener.
    Dv,
    /// Herkenningsmakelaar.
    Hm,
    /// Authenticatiedienst.
    Ad,
    /// Machtigingenregister.
    Mr,
    /// eIDAS-berichtenservice.
    Eb,
}

/// The ServiceID of a service of one DV: `urn:etoegang:DV:OIN:services:INDEX`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceId(Box<str>);

text_identifier!(ServiceId, NotAServiceId, "a ServiceID of eToegang");

/// The ServiceUUID of a service, unique in the whole network, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceUuid(Box<str>);

text_identifier!(ServiceUuid, NotAServiceUuid, "a UUID in lower case");

/// The highest index of an EntityID; from 9000 on they are test systems.
const ENTITY_INDEX_MAX: u32 = 9999;

impl Rol {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Dv, "DV"),
        (Self::Hm, "HM"),
        (Self::Ad, "AD"),
        (Self::Mr, "MR"),
        (Self::Eb, "EB"),
    ];
}

impl EntityId {
    /// Reads an EntityID.
    pub fn parse(text: &str) -> Result<Self, NotAnEntityId> {
        let (role, oin, index) = parts(text, "entities").ok_or(NotAnEntityId)?;
        let known = Rol::ALL.iter().any(|(_, name)| *name == role);
        if known && Oin::parse(oin).is_ok() && index <= ENTITY_INDEX_MAX {
            Ok(Self(text.into()))
        } else {
            Err(NotAnEntityId)
        }
    }

    /// What the system is.
    pub fn rol(&self) -> Rol {
        let role = self.0.split(':').nth(2).unwrap_or_default();
        let found = Rol::ALL.iter().find(|(_, name)| *name == role);
        found.map_or(Rol::Dv, |(rol, _)| *rol)
    }

    /// The digits of the OIN in it.
    pub fn oin(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }
}

impl ServiceId {
    /// Reads a ServiceID; its index counts from 1.
    pub fn parse(text: &str) -> Result<Self, NotAServiceId> {
        match parts(text, "services") {
            Some(("DV", oin, index)) if index >= 1 && Oin::parse(oin).is_ok() => {
                Ok(Self(text.into()))
            }
            _ => Err(NotAServiceId),
        }
    }

    /// The digits of the OIN of its DV.
    pub fn oin(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }
}

impl ServiceUuid {
    /// Reads 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12; upper case is one spelling too many.
    pub fn parse(text: &str) -> Result<Self, NotAServiceUuid> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let groups: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        if lengths == [8, 4, 4, 4, 12] && groups.iter().all(|group| group.bytes().all(is_digit)) {
            Ok(Self(text.into()))
        } else {
            Err(NotAServiceUuid)
        }
    }
}

/// Role, OIN and index of `urn:etoegang:ROLE:OIN:KIND:INDEX`; one spelling for each index.
fn parts<'a>(text: &'a str, kind: &str) -> Option<(&'a str, &'a str, u32)> {
    let mut parts = text.strip_prefix("urn:etoegang:")?.split(':');
    let (role, oin, named, index) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_plain =
        index.bytes().all(|b| b.is_ascii_digit()) && (index == "0" || !index.starts_with('0'));
    if named != kind || parts.next().is_some() || !is_plain {
        return None;
    }
    Some((role, oin, index.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_entity_says_its_role_and_its_oin() {
        let hm = EntityId::parse("urn:etoegang:HM:00000003273226310000:entities:9001");
        let hm = hm.expect("an EntityID");
        assert_eq!((hm.rol(), hm.oin()), (Rol::Hm, "00000003273226310000"));
        for (rol, name) in Rol::ALL {
            let text = format!("urn:etoegang:{name}:00000003273226310000:entities:0");
            assert_eq!(EntityId::parse(&text).expect("an EntityID").rol(), rol);
        }
        for bad in [
            "",
            "urn:etoegang:KR:00000003273226310000:entities:1",
            "urn:etoegang:HM:0000000327322631000:entities:1",
            "urn:etoegang:HM:00000003273226310000:entities:10000",
            "urn:etoegang:HM:00000003273226310000:entities:01",
            "urn:etoegang:HM:00000003273226310000:entities:1:1",
            "urn:etoegang:HM:00000003273226310000:services:1",
        ] {
            assert_eq!(EntityId::parse(bad), Err(NotAnEntityId), "{bad}");
        }
    }

    #[test]
    fn a_service_is_named_within_its_dv_and_counts_from_one() {
        let service = ServiceId::parse("urn:etoegang:DV:00000001234567890000:services:1");
        assert_eq!(service.expect("a ServiceID").oin(), "00000001234567890000");
        for bad in [
            "urn:etoegang:DV:00000001234567890000:services:0",
            "urn:etoegang:HM:00000001234567890000:services:1",
            "urn:etoegang:DV:00000001234567890000:services:",
            "urn:etoegang:DV:00000001234567890000:entities:1",
        ] {
            assert_eq!(ServiceId::parse(bad), Err(NotAServiceId), "{bad}");
        }
    }

    #[test]
    fn a_service_uuid_has_one_spelling() {
        let text = "2c9d1c2e-1d0a-4d6b-8f5e-000000000001";
        assert_eq!(ServiceUuid::parse(text).expect("a UUID").as_str(), text);
        for bad in ["", &text.to_uppercase(), &text[1..], &text.replace('-', "")] {
            assert_eq!(ServiceUuid::parse(bad), Err(NotAServiceUuid), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_comes_back_unchanged(
            text in "\\PC*|urn:etoegang:[A-Z]{2}:[0-9]{19,21}:(entities|services):[0-9]{1,5}"
        ) {
            if let Ok(id) = EntityId::parse(&text) {
                prop_assert_eq!(id.to_string(), text.clone());
            }
            if let Ok(id) = ServiceId::parse(&text) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
