//! Subscriptions: a FHIR server that notifies by itself goes past the gateway. Nothing may go there that
//! could not have been read here (koppeltaal.md §3.7).

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::reach::Caller;
use super::refused::Refused;
use super::resource::{Members, Reach};
use super::search::Search;
use crate::permissie::ResourceType;
use crate::scope::{Actions, RESOURCE_ORIGIN};

/// The type that is looked into.
pub(super) const TYPE: &str = "Subscription";

#[derive(Deserialize)]
struct Channel {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    endpoint: String,
    #[serde(default)]
    payload: Option<Value>,
}

/// The subscription with its criteria narrowed to what its owner may find (koppeltaal case 81). A
/// notification says that something changed, and not what.
///
/// # Errors
/// [`Refused::Subscription`] for another channel than a POST without a body to an address with TLS;
/// [`Refused::Forbidden`] for criteria that the owner may not search by.
pub(super) fn narrowed(mut members: Members, caller: &Caller) -> Result<Members, Refused> {
    const FORM: Refused = Refused::Subscription("The criteria are a search on one type.");
    let channel: Channel = members.read_as("channel").ok_or(Refused::Subscription(
        "The channel is malformed, or there is none.",
    ))?;
    judged(&channel)?;
    let criteria: String = members.read_as("criteria").ok_or(FORM)?;
    let (name, query) = criteria.split_once('?').unwrap_or((&criteria, ""));
    let resource = ResourceType::parse(name).ok_or(FORM)?;
    let search = Search::read(&resource, query.as_bytes())?;
    let reach = caller.reach(&resource, Actions::SEARCH);
    let reach = reach.ok_or(Refused::Forbidden)?;
    if !caller.may_use(&search.needs) {
        return Err(Refused::Forbidden);
    }
    if let Reach::Of(owners) = reach.and(search.asked.as_ref()) {
        if owners.is_empty() {
            return Err(Refused::Forbidden);
        }
        let narrowed = narrowed_criteria(&resource, &search, &owners);
        members.set("criteria", &Value::from(narrowed));
    }
    Ok(members)
}

fn judged(channel: &Channel) -> Result<(), Refused> {
    if channel.kind != "rest-hook" {
        // koppeltaal case 79
        return Err(Refused::Subscription("The channel is rest-hook only."));
    }
    if channel.payload.is_some() {
        // koppeltaal case 79
        return Err(Refused::Subscription("A notification has no payload."));
    }
    let url = Url::parse(&channel.endpoint).ok();
    let is_good = url.is_some_and(|url| {
        let is_plain = url.username().is_empty() && url.password().is_none();
        url.scheme() == "https" && url.has_host() && is_plain
    });
    // koppeltaal case 78
    is_good
        .then_some(())
        .ok_or(Refused::Subscription("The endpoint is an https URL."))
}

fn narrowed_criteria(
    resource: &ResourceType,
    search: &Search,
    owners: &BTreeSet<crate::domein::ClientId>,
) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(&search.filters);
    let owners: Vec<String> = owners.iter().map(|owner| owner.device()).collect();
    query.append_pair(RESOURCE_ORIGIN, &owners.join(","));
    format!("{resource}?{}", query.finish())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::domein::ClientId;
    use crate::scope::Scopes;

    const ME: ClientId = ClientId::of([1; 16]);

    fn judge(scopes: &str, subscription: &Value) -> Result<String, Refused> {
        let resource = ResourceType::parse(TYPE).expect("a type");
        let members = Members::read(subscription.to_string().as_bytes(), &resource);
        let caller = Caller {
            client_id: Some(ME),
            scopes: Arc::new(Scopes::parse(scopes).expect("scopes")),
        };
        let narrowed = narrowed(members.expect("a subscription"), &caller)?;
        Ok(narrowed.read_as("criteria").expect("criteria"))
    }

    fn subscription(criteria: &str) -> Value {
        json!({
            "resourceType": "Subscription", "criteria": criteria,
            "channel": { "type": "rest-hook", "endpoint": "https://module.example/hook" },
        })
    }

    #[test]
    fn koppeltaal_case_078_and_079_a_notification_is_an_empty_post_over_tls() {
        for (member, value) in [
            ("endpoint", json!("http://module.example/hook")),
            ("endpoint", json!("https://me:secret@module.example/hook")),
            ("endpoint", json!("")),
            ("type", json!("websocket")),
            ("type", json!("email")),
            ("payload", json!("application/fhir+json")),
            ("payload", json!("")),
        ] {
            let mut bad = subscription("Task?status=ready");
            bad["channel"][member] = value.clone();
            // koppeltaal case 78, koppeltaal case 79
            let refused = judge("system/Task.rs", &bad);
            assert!(
                matches!(refused, Err(Refused::Subscription(_))),
                "{member} {value}"
            );
        }
    }

    #[test]
    fn koppeltaal_case_081_criteria_reach_as_far_as_the_scopes() {
        let own = format!("system/Task.rs?resource-origin={}", ME.device());
        let device = format!("Device%2F{ME}");
        let judged = |scopes: &str, criteria| judge(scopes, &subscription(criteria));
        // koppeltaal case 81
        let narrowed = format!("Task?status=ready&resource-origin={device}");
        assert_eq!(judged(&own, "Task?status=ready"), Ok(narrowed.clone()));
        assert_eq!(judged(&own, &narrowed), Ok(narrowed.clone()));
        assert_eq!(judged("system/Task.rs", "Task"), Ok("Task".to_owned()));
        let other = format!("Task?resource-origin=Device/{}", ClientId::of([2; 16]));
        for (scopes, criteria) in [
            (&*own, &*other),
            ("system/Patient.rs", "Task?status=ready"),
            ("system/Task.r", "Task?status=ready"),
            ("system/Task.rs", "Task?patient:Patient.name=x"),
        ] {
            assert_eq!(
                judged(scopes, criteria),
                Err(Refused::Forbidden),
                "{criteria}"
            );
        }
        for criteria in ["", "?_type=Task", "Task/1?x=1", "Task?_include=Task:owner"] {
            assert!(judged("system/*.cruds", criteria).is_err(), "{criteria}");
        }
    }
}
