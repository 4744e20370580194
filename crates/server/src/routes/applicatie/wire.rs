//! The little that the demo's applications read of FHIR.

use serde_json::Value;

/// A searchset.
pub(in crate::routes) struct Bundle(Value);

impl Bundle {
    pub(in crate::routes) const fn of(bundle: Value) -> Self {
        Self(bundle)
    }

    /// The resources in it.
    pub(in crate::routes) fn resources(&self) -> impl Iterator<Item = &Value> {
        let entries = self.0.get("entry").and_then(Value::as_array);
        let entries = entries.map_or(&[][..], Vec::as_slice).iter();
        entries.filter_map(|entry| entry.get("resource"))
    }
}

/// A text member.
pub(in crate::routes) fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member)?.as_str()
}

/// The reference in the extension whose URL ends so.
pub(in crate::routes) fn extension_reference<'a>(
    resource: &'a Value,
    ends_with: &str,
) -> Option<&'a str> {
    let extensions = resource.get("extension")?.as_array()?;
    let is_it =
        |extension: &&Value| text(extension, "url").is_some_and(|url| url.ends_with(ends_with));
    let extension = extensions.iter().find(is_it)?;
    extension.pointer("/valueReference/reference")?.as_str()
}
