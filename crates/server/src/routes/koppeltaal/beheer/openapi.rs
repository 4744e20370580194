//! The OpenAPI document of the administration, made from its table.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use koppeltaal::Domein;
use koppeltaal::domeinconfiguratie::{APPLICATIES_MAX, IDPS_MAX, REDIRECT_URIS_MAX, ROLLEN_MAX};
use serde_json::{Map, Value, json};

use super::tabel::{OPERATIES, Operatie, Version};
use crate::routes::koppeltaal::{KoppeltaalRole, no_domain, public};
use crate::web;

/// `GET openapi.json`: it tells of nothing that is in a domain, so anybody may read it.
pub(super) async fn document(
    State(role): State<Arc<KoppeltaalRole>>,
    name: Result<Path<String>, PathRejection>,
) -> Response {
    let known = name.ok().and_then(|Path(name)| Domein::parse(&name).ok());
    match known.and_then(|domein| role.domeinen.now(&domein)) {
        Some(domein) => public(web::json(200, &openapi(&domein.urls.management()))),
        None => no_domain(),
    }
}

/// The document for the administration at `base`.
fn openapi(base: &str) -> Value {
    let mut paths = Map::new();
    for operatie in &OPERATIES {
        let path = paths.entry(operatie.path).or_insert_with(|| path(operatie));
        path[operatie.method.as_str().to_ascii_lowercase()] = operation(operatie);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Koppeltaal domain administration (domeinbeheer)",
            "version": "1",
            "description": "Applications, roles and identity providers of one domain. A domain has one \
                version, its ETag; a change names the version that it begins from in If-Match.",
        },
        "servers": [{ "url": base }],
        "security": [{ "beheersleutel": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "beheersleutel": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An administration key, made by `sluis domain key add`.",
                },
            },
            "schemas": schemas(),
        },
    })
}

/// What the operations of one path share: the names in it.
fn path(operatie: &Operatie) -> Value {
    let names = operatie.path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        let schema = match name {
            "client_id" => json!({ "type": "string", "format": "uuid" }),
            _ => json!({ "type": "string", "maxLength": 100 }),
        };
        Some(json!({ "name": name, "in": "path", "required": true, "schema": schema }))
    });
    let names: Vec<Value> = names.collect();
    if names.is_empty() {
        json!({})
    } else {
        json!({ "parameters": names })
    }
}

fn operation(operatie: &Operatie) -> Value {
    let mut said = json!({
        "operationId": operatie.id,
        "summary": operatie.summary,
        "parameters": parameters(operatie),
        "responses": responses(operatie),
    });
    if let Some((media_type, schema)) = operatie.takes {
        said["requestBody"] = json!({
            "required": operatie.id != "pullBrake",
            "content": { media_type: { "schema": reference(schema) } },
        });
    }
    said
}

fn parameters(operatie: &Operatie) -> Value {
    let header = |name: &str, required: bool, text: &str| {
        json!({
            "name": name, "in": "header", "required": required, "description": text,
            "schema": { "type": "string" },
        })
    };
    let if_match = |required| {
        header(
            "If-Match",
            required,
            "The ETag of the domain, as it was read",
        )
    };
    match (operatie.version, operatie.id) {
        (Version::May, _) => json!([if_match(false)]),
        (Version::Must, _) => json!([if_match(true)]),
        (Version::MustOrNew, _) => {
            let new = header(
                "If-None-Match",
                false,
                "`*`, for what is new; without If-Match",
            );
            json!([if_match(false), new])
        }
        (Version::None, "listChanges") => json!([
            { "name": "limit", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 100 } },
            { "name": "after", "in": "query", "schema": { "type": "string" },
              "description": "`next` of the page before" },
        ]),
        (Version::None, _) => json!([]),
    }
}

/// The answer that is hoped for, and every refusal.
fn responses(operatie: &Operatie) -> Value {
    let (status, schema) = operatie.gives;
    let content = json!({ "application/json": { "schema": reference(schema) } });
    let mut all = Map::new();
    all.insert(
        status.to_string(),
        json!({ "description": "Done", "content": content.clone() }),
    );
    if operatie.version == Version::MustOrNew {
        let made = json!({ "description": "Made", "content": content });
        all.insert("201".to_owned(), made);
    }
    for status in refusals(operatie) {
        let problem = json!({ "application/problem+json": { "schema": reference("Problem") } });
        let (text, content) = (refusal(status), problem);
        all.insert(
            status.to_string(),
            json!({ "description": text, "content": content }),
        );
    }
    Value::Object(all)
}

fn refusals(operatie: &Operatie) -> Vec<u16> {
    let mut all = vec![401, 403, 429, 503];
    all.extend(operatie.refuses);
    if operatie.takes.is_some() {
        all.extend([400, 415, 422]);
    }
    match operatie.version {
        Version::None => {}
        Version::May => all.extend([400, 412]),
        Version::Must | Version::MustOrNew => all.extend([400, 412, 422, 428]),
    }
    if operatie.id == "listChanges" {
        all.push(400);
    }
    all.sort_unstable();
    all.dedup();
    all
}

const fn refusal(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be read",
        401 => "No administration key, or none that works",
        403 => "The key is not for this domain",
        404 => "There is no such thing",
        412 => "The domain has another version",
        415 => "The body has another media type",
        422 => "What is said cannot be; `member` says where",
        428 => "If-Match is missing",
        429 => "Too often; Retry-After says for how long",
        502 => "The FHIR server of the domain does not do it",
        _ => "Not now; Retry-After says for how long",
    }
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

// ── Schemas ─────────────────────────────────────────────────────────────────────────────────────

fn schemas() -> Value {
    let mut all = Map::new();
    for part in [of_declarations(), of_answers()] {
        if let Value::Object(part) = part {
            all.extend(part);
        }
    }
    Value::Object(all)
}

/// What stands in a declaration (`koppeltaal::domeinconfiguratie`).
fn of_declarations() -> Value {
    let url = json!({ "type": "string", "format": "uri", "maxLength": 2048 });
    let uuid = json!({ "type": "string", "format": "uuid" });
    let name = json!({ "type": "string", "minLength": 1, "maxLength": 100 });
    let names = json!({ "type": "array", "items": { "type": "string" } });
    let members = application_members(&url, &uuid, &name, &names);
    let object = |properties: Value, required: &[&str]| {
        json!({
            "type": "object", "properties": properties, "required": required,
            "additionalProperties": false,
        })
    };
    let with_id = {
        let mut with_id = members.clone();
        with_id["client_id"] = uuid.clone();
        with_id
    };
    json!({
        "NewApplication": object(members.clone(), &["name", "jwks_uri"]),
        "Application": object(with_id, &["client_id", "name", "status", "jwks_uri"]),
        "ApplicationPatch": object(members, &[]),
        "Role": {
            "type": "object",
            "description": "By FHIR resource type: what may be done, with whose resources",
            "additionalProperties": object(
                json!({
                    "create": { "const": "own" },
                    "read": reach(), "update": reach(), "delete": reach(),
                }),
                &[],
            ),
        },
        "IdentityProvider": object(
            json!({
                "name": name, "issuer": url, "client_id": name, "claim": name,
                "identifier_system": { "type": "string" }, "extra_scopes": names,
            }),
            &["issuer", "client_id"],
        ),
        "Domain": object(
            json!({
                "schema_version": { "const": 1 },
                "domain": { "type": "string", "pattern": "^[A-Za-z0-9_-]{1,40}$" },
                "service": uuid,
                "fhir": object(json!({ "upstream": url }), &["upstream"]),
                "applications": {
                    "type": "array", "maxItems": APPLICATIES_MAX, "items": reference("Application"),
                },
                "roles": {
                    "type": "object", "maxProperties": ROLLEN_MAX,
                    "additionalProperties": reference("Role"),
                },
                "identity_providers": {
                    "type": "array", "maxItems": IDPS_MAX, "items": reference("IdentityProvider"),
                },
                "default_identity_provider": { "type": "string" },
            }),
            &["schema_version", "domain", "service", "fhir"],
        ),
    })
}

fn application_members(url: &Value, uuid: &Value, name: &Value, names: &Value) -> Value {
    json!({
        "name": name,
        "status": { "enum": ["pending", "approved", "rejected"], "default": "pending" },
        "jwks_uri": url,
        "redirect_uris": { "type": "array", "maxItems": REDIRECT_URIS_MAX, "items": url },
        "role": { "type": ["string", "null"], "description": "A role of the domain" },
        "granted": {
            "type": "array", "items": uuid,
            "description": "Applications of the domain whose resources are granted to it",
        },
        "identity_providers": {
            "type": "object",
            "properties": { "Patient": names, "Practitioner": names, "RelatedPerson": names },
            "additionalProperties": false,
        },
    })
}

fn reach() -> Value {
    json!({ "enum": ["own", "granted", "all"] })
}

/// What is only answered, and small bodies.
fn of_answers() -> Value {
    let version = json!({ "type": ["integer", "null"] });
    let text = json!({ "type": "string" });
    let texts = json!({ "type": "array", "items": text });
    let each = json!({ "type": "array", "items": reference("Change") });
    let changed = json!({ "domain": text, "version": version, "changes": each });
    let mut with_application = changed.clone();
    with_application["application"] = reference("Application");
    with_application["device"] = reference("Device");
    let object = |properties: Value| json!({ "type": "object", "properties": properties });
    json!({
        "Name": object(json!({ "name": { "type": ["string", "null"] } })),
        "Names": object(json!({ "version": version, "roles": texts, "identity_providers": texts })),
        "Applications": object(json!({
            "version": version,
            "applications": { "type": "array", "items": reference("Application") },
        })),
        "Changed": object(changed),
        "ChangedApplication": object(with_application),
        "Change": object(json!({
            "change": { "enum": ["added", "removed", "changed"] },
            "subject": { "enum": ["domain", "role", "identity_provider", "application"] },
            "id": text, "member": text, "was": text, "is": text,
        })),
        "Device": object(json!({
            "made": { "type": "boolean" },
            "why": text,
            "again": { "type": "string", "description": "Where to POST to try again" },
        })),
        "NotBefore": object(json!({
            "not_before": { "type": ["string", "null"], "format": "date-time" },
        })),
        "Log": object(json!({
            "changes": {
                "type": "array",
                "items": object(json!({
                    "time": { "type": "integer", "description": "Seconds since 1970" },
                    "who": text,
                    "version": version,
                    "changes": each,
                    "left_out": { "type": "integer" },
                })),
            },
            "next": { "type": ["string", "null"] },
        })),
        "Problem": object(json!({
            "type": text, "title": text, "status": { "type": "integer" }, "detail": text,
            "member": { "type": "string", "description": "Which member of the body is at fault" },
            "trace_id": text,
        })),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every `$ref` in a value.
    fn references(value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match value.as_str() {
                        Some(to) if name == "$ref" => drop(into.insert(to.to_owned())),
                        _ => references(value, into),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, into)),
            _ => {}
        }
    }

    #[test]
    fn every_schema_is_referred_to_and_every_reference_leads_to_one() {
        let document = openapi("https://kt.example/api/v1/d1/beheer");
        let mut referred = BTreeSet::new();
        references(&document, &mut referred);
        let schemas = document["components"]["schemas"].as_object();
        let schemas = schemas.expect("schemas").keys();
        let there: BTreeSet<String> = schemas
            .map(|name| format!("#/components/schemas/{name}"))
            .collect();
        assert_eq!(referred, there);
    }

    #[test]
    fn every_operation_has_an_id_of_its_own_and_a_method_of_its_path() {
        let ids: BTreeSet<&str> = OPERATIES.iter().map(|operatie| operatie.id).collect();
        assert_eq!(ids.len(), OPERATIES.len());
        let document = openapi("https://kt.example/api/v1/d1/beheer");
        let paths = document["paths"].as_object().expect("paths");
        let operations = paths.values().flat_map(|path| {
            let methods = path.as_object().expect("a path").keys();
            methods.filter(|name| *name != "parameters")
        });
        assert_eq!(operations.count(), OPERATIES.len());
    }
}
