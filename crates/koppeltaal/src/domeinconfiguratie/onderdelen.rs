//! One application, role or IdP of a declaration, as the administration reads, shows and patches it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::reading::{
    Fout, Reading, Regels, fout, role, written_application, written_idp, written_role,
};
use super::written::{IdentityProvider, Rights};
use super::{Applicatie, ClientId, Domeinconfiguratie, Idp, written};
use crate::permissie::Permissie;

impl Domeinconfiguratie {
    /// An application as it stands in the declaration.
    pub fn applicatie_json(&self, id: ClientId) -> Option<Value> {
        let written = written_application((&id, self.applicaties.get(&id)?));
        Some(value(&written))
    }

    /// What a role allows, as it stands in the declaration.
    pub fn rol_json(&self, naam: &str) -> Option<Value> {
        Some(value(&written_role(self.rollen.get(naam)?)))
    }

    /// An IdP as it stands in the declaration.
    pub fn idp_json(&self, naam: &str) -> Option<Value> {
        let (naam, idp) = self.idps.get_key_value(naam)?;
        Some(value(&written_idp((naam, idp))))
    }
}

impl Applicatie {
    /// Reads what is said of one application. Its `client_id` need not be said again; without a status
    /// it is one that was asked for.
    ///
    /// # Errors
    /// [`Fout`] names the member. What other parts of the domain say of it is not looked at.
    pub fn read(id: ClientId, said: Value, regels: Regels) -> Result<Self, Fout> {
        let mut said = named(said, "client_id", &id.to_string())?;
        said.entry("status")
            .or_insert_with(|| Value::from(super::Status::Pending.naam()));
        let written: written::Application = parse(said)?;
        Reading { regels }.application(&member, written)
    }

    /// The same application with a merge patch on it (RFC 7396).
    ///
    /// # Errors
    /// As [`Applicatie::read`].
    pub fn gepatcht(&self, id: ClientId, patch: &Value, regels: Regels) -> Result<Self, Fout> {
        if !patch.is_object() {
            return Err(fout("", "expected an object"));
        }
        let mut said = value(&written_application((&id, self)));
        merge(&mut said, patch);
        Self::read(id, said, regels)
    }
}

impl Idp {
    /// Reads what is said of one IdP. Its name need not be said again.
    ///
    /// # Errors
    /// [`Fout`] names the member.
    pub fn read(naam: &str, said: Value, regels: Regels) -> Result<Self, Fout> {
        let written: IdentityProvider = parse(named(said, "name", naam)?)?;
        let (_, idp) = Reading { regels }.idp(&member, written)?;
        Ok(idp)
    }
}

/// Reads what is said of one role: `{ "Task": { "read": "all" } }`.
///
/// # Errors
/// [`Fout`] names the member.
pub fn read_rol(naam: &str, said: Value) -> Result<Vec<Permissie>, Fout> {
    let types = serde_json::from_value::<BTreeMap<String, Rights>>(said);
    let types = types.map_err(|why| fout("", why.to_string()))?;
    let read = role((naam.to_owned(), types));
    let (_, permissies) = read.map_err(|fault| fault.within(&format!("roles.{naam}")))?;
    Ok(permissies)
}

impl Fout {
    /// The same fault as it is told to who said no more than this part.
    #[must_use]
    pub fn within(self, part: &str) -> Self {
        let inside = self.at.strip_prefix(part);
        match inside.map(|rest| rest.trim_start_matches(['.', ' '])) {
            Some(at) => Self {
                at: at.to_owned(),
                why: self.why,
            },
            None => self,
        }
    }
}

/// A member of the part itself.
fn member(name: &str) -> String {
    name.to_owned()
}

/// The object, with the name that its address says: the same one, if it says one itself.
fn named(said: Value, member: &str, name: &str) -> Result<Map<String, Value>, Fout> {
    let Value::Object(mut said) = said else {
        return Err(fout("", "expected an object"));
    };
    match said.insert(member.to_owned(), Value::from(name)) {
        Some(other) if other != name => {
            Err(fout(member, "expected the one in the address, or nothing"))
        }
        _ => Ok(said),
    }
}

fn parse<T: DeserializeOwned>(said: Map<String, Value>) -> Result<T, Fout> {
    serde_json::from_value(Value::Object(said)).map_err(|why| fout("", why.to_string()))
}

/// Text keys and plain values: this cannot fail.
fn value(written: &impl Serialize) -> Value {
    serde_json::to_value(written).unwrap_or_default()
}

/// RFC 7396 §2: what is `null` goes, objects are merged, everything else takes the place of what was.
/// As deep as the patch, whose depth its reader bounds.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else {
        return;
    };
    for (name, said) in patch {
        if said.is_null() {
            target.remove(name);
        } else {
            merge(target.entry(name.as_str()).or_insert(Value::Null), said);
        }
    }
}
