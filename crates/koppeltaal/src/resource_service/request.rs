//! What a client asks: an interaction of FHIR's REST interface, read from method and path alone, so
//! that who may not ask learns nothing of what else was wrong (koppeltaal.md §3.3).

use super::refused::Refused;
use crate::domein::ClientId;
use crate::permissie::ResourceType;
use crate::scope::Actions;

/// Bytes of a logical id or a version, at most (FHIR R4 §2.24.0.1).
const ID_BYTES_MAX: usize = 64;
/// Resources about which nobody may change or forget anything (koppeltaal.md §2.2, LOG 004).
const NEVER_CHANGED: &str = "AuditEvent";
/// What everybody may read, with a token and without (TGB 001).
const FOR_EVERYBODY: &str = "ImplementationGuide";
/// The methods of what is read only: HEAD is answered as GET, without the body (RFC 9110 §9.3.2).
const READ_ONLY: &str = "GET, HEAD";

/// What a POST to `_search` carries.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// A request as it stands below the FHIR base of a domain.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The path below the base, without a slash at its start.
    pub path: String,
    /// The query, undecoded.
    pub query: String,
    /// `Accept`.
    pub accept: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
    /// `If-None-Exist`.
    pub if_none_exist: Option<String>,
    /// `Prefer`.
    pub prefer: Option<String>,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// An interaction that the service offers (koppeltaal.md §3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interaction {
    /// What the service can do.
    Capabilities,
    /// A resource as it is now.
    Read(Instance),
    /// As it was.
    Vread(Instance, Id),
    /// Everything that it was.
    HistoryInstance(Instance),
    /// What all resources of a type were.
    HistoryType(ResourceType),
    /// Which resources of a type there are; whether the parameters stand in the body.
    Search(ResourceType, InBody),
    /// A new resource.
    Create(ResourceType),
    /// Another version of one.
    Update(Instance),
    /// Its end.
    Delete(Instance),
}

/// Whether the parameters of a search stand in the body (`POST …/_search`).
pub(super) type InBody = bool;

/// One resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    /// Its type.
    pub resource: ResourceType,
    /// Its logical id.
    pub id: Id,
}

/// A logical id or a version, as it stands in a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Id(Box<str>);

impl Request {
    /// What is asked.
    ///
    /// # Errors
    /// [`Refused`]: there is no such path, or it does not take this method. Operations, compartments,
    /// batches, patches, searches and histories of everything are not offered (koppeltaal.md §3.2).
    pub fn interaction(&self) -> Result<Interaction, Refused> {
        let segments: Vec<&str> = self.path.split('/').collect();
        match segments[..] {
            ["metadata"] => self.only_read(Interaction::Capabilities),
            [kind] => self.of_type(resource_type(kind)?),
            [kind, "_search"] => self.only_post(Interaction::Search(resource_type(kind)?, true)),
            [kind, "_history"] => self.only_read(Interaction::HistoryType(resource_type(kind)?)),
            [kind, id] => self.of_instance(instance(kind, id)?),
            [kind, id, "_history"] => {
                self.only_read(Interaction::HistoryInstance(instance(kind, id)?))
            }
            [kind, id, "_history", version] => {
                let version = Id::parse(version).ok_or(Refused::NoSuchPath)?;
                self.only_read(Interaction::Vread(instance(kind, id)?, version))
            }
            // koppeltaal case 71
            _ => Err(Refused::NoSuchPath),
        }
    }

    /// The application whose Device is to end.
    pub fn device_deleted(&self) -> Option<ClientId> {
        match self.interaction().ok()? {
            Interaction::Delete(at) if at.resource.as_str() == "Device" => {
                ClientId::parse(at.id.as_str()).ok()
            }
            _ => None,
        }
    }

    /// Whether the body is a form.
    pub(super) fn is_form(&self) -> bool {
        let media_type = self.content_type.as_deref().unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case(FORM)
    }

    fn only_read(&self, interaction: Interaction) -> Result<Interaction, Refused> {
        match &*self.method {
            "GET" | "HEAD" => Ok(interaction),
            _ => Err(Refused::Method(READ_ONLY)),
        }
    }

    fn only_post(&self, interaction: Interaction) -> Result<Interaction, Refused> {
        match &*self.method {
            "POST" => Ok(interaction),
            _ => Err(Refused::Method("POST")),
        }
    }

    fn of_type(&self, resource: ResourceType) -> Result<Interaction, Refused> {
        match &*self.method {
            "GET" | "HEAD" => Ok(Interaction::Search(resource, false)),
            "POST" => Ok(Interaction::Create(resource)),
            _ => Err(Refused::Method("GET, HEAD, POST")),
        }
    }

    fn of_instance(&self, instance: Instance) -> Result<Interaction, Refused> {
        // koppeltaal case 67
        let is_fixed = instance.resource.as_str() == NEVER_CHANGED;
        match &*self.method {
            "GET" | "HEAD" => Ok(Interaction::Read(instance)),
            _ if is_fixed => Err(Refused::Method(READ_ONLY)),
            "PUT" => Ok(Interaction::Update(instance)),
            "DELETE" => Ok(Interaction::Delete(instance)),
            _ => Err(Refused::Method("GET, HEAD, PUT, DELETE")),
        }
    }
}

impl Interaction {
    /// The type that is asked about; none for the capabilities.
    pub const fn resource(&self) -> Option<&ResourceType> {
        match self {
            Self::Capabilities => None,
            Self::Read(at)
            | Self::Vread(at, _)
            | Self::HistoryInstance(at)
            | Self::Update(at)
            | Self::Delete(at) => Some(&at.resource),
            Self::HistoryType(kind) | Self::Search(kind, _) | Self::Create(kind) => Some(kind),
        }
    }

    /// What a scope must allow for it (koppeltaal.md §2.5; SMART 2.2: the history of a type is a
    /// search).
    pub const fn action(&self) -> Actions {
        match self {
            Self::Capabilities | Self::Read(_) | Self::Vread(..) | Self::HistoryInstance(_) => {
                Actions::READ
            }
            Self::HistoryType(_) | Self::Search(..) => Actions::SEARCH,
            Self::Create(_) => Actions::CREATE,
            Self::Update(_) => Actions::UPDATE,
            Self::Delete(_) => Actions::DELETE,
        }
    }

    /// Whether everybody may ask it, with a token or without (TGB 001).
    pub fn is_public(&self) -> bool {
        let reads = self.action() == Actions::READ || self.action() == Actions::SEARCH;
        // TGB 001
        reads && (self.resource()).is_none_or(|resource| resource.as_str() == FOR_EVERYBODY)
    }
}

impl Id {
    /// Reads letters, digits, `-` and `.` (FHIR R4 §2.24.0.1). Neither `.` nor `..`: these lead
    /// elsewhere in a path.
    pub fn parse(text: &str) -> Option<Self> {
        let is_spelled = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        let fits = (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_spelled);
        (fits && text != "." && text != "..").then(|| Self(text.into()))
    }

    /// A UUID, which is one: of version 4 where it is new (TOP-KT-003).
    pub fn of(uuid: uuid::Uuid) -> Self {
        Self(uuid.to_string().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.resource, self.id)
    }
}

fn resource_type(text: &str) -> Result<ResourceType, Refused> {
    ResourceType::parse(text).ok_or(Refused::NoSuchPath)
}

fn instance(resource: &str, id: &str) -> Result<Instance, Refused> {
    Ok(Instance {
        resource: resource_type(resource)?,
        id: Id::parse(id).ok_or(Refused::NoSuchPath)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &str, path: &str) -> Result<String, Refused> {
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            ..Request::default()
        };
        request.interaction().map(|found| format!("{found:?}"))
    }

    #[test]
    fn koppeltaal_case_071_what_is_not_offered_is_refused_before_anybody_is_asked() {
        for path in [
            "",
            "_history",
            "_search",
            "$export",
            "Patient/$everything",
            "Patient/1/$everything",
            "Patient/1/Task",
            "Patient/..",
            "Patient/.",
            "Patient/%2e%2e",
            "Patient/1/_history/..",
            "Patient//",
            "Patient/1/",
            "patient",
            "../Patient",
        ] {
            // koppeltaal case 71
            assert_eq!(asked("GET", path), Err(Refused::NoSuchPath), "{path}");
        }
        assert_eq!(asked("POST", ""), Err(Refused::NoSuchPath));
        let allowed = |allow| Err(Refused::Method(allow));
        // koppeltaal.md §3.2
        assert_eq!(
            asked("PATCH", "Patient/1"),
            allowed("GET, HEAD, PUT, DELETE")
        );
        assert_eq!(asked("PUT", "Patient"), allowed("GET, HEAD, POST"));
        assert_eq!(asked("DELETE", "Patient"), allowed("GET, HEAD, POST"));
        assert_eq!(asked("POST", "Patient/1/_history"), allowed("GET, HEAD"));
        assert_eq!(asked("HEAD", "Patient/_search"), allowed("POST"));
    }

    #[test]
    fn rfc_9110_9_3_2_head_asks_what_get_asks() {
        for path in [
            "metadata",
            "Patient",
            "Patient/1",
            "Patient/_history",
            "Patient/1/_history",
            "Patient/1/_history/2",
            "AuditEvent/1",
        ] {
            // RFC 9110 §9.3.2
            assert!(asked("HEAD", path).is_ok(), "{path}");
            assert_eq!(asked("HEAD", path), asked("GET", path), "{path}");
        }
    }

    #[test]
    fn koppeltaal_case_067_an_audit_event_stays_as_it_is() {
        for method in ["PUT", "DELETE", "PATCH"] {
            // koppeltaal case 67
            let refused = Err(Refused::Method("GET, HEAD"));
            assert_eq!(asked(method, "AuditEvent/1"), refused);
        }
        assert!(asked("GET", "AuditEvent/1").is_ok());
        assert!(asked("POST", "AuditEvent").is_ok());
    }
}
