//! Subscriptions: a FHIR server that notifies by itself goes past the gateway. Nothing may go there that
//! could not have been read here (koppeltaal.md §3.7).

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use url::Url;

use super::capabilities::Capabilities;
use super::exchange::{Exchange, Stap};
use super::reach::Caller;
use super::refused::Refused;
use super::resource::{Members, Reach};
use super::search::Search;
use super::vraag::{CapabilitiesVraag, Then, UpstreamRequest, Vraag, Wachtend};
use crate::permissie::ResourceType;
use crate::scope::{Actions, RESOURCE_ORIGIN};

/// The type that is looked into.
pub(super) const TYPE: &str = "Subscription";

/// Members that are taken (FHIR R4 Subscription): none of them makes the FHIR server do more than was judged.
/// Of its extensions only `resource-origin` is; `_criteria` bears filters, and others whole resources
/// (the guide that brings FHIR R5 Subscriptions to R4).
const MEMBERS: [&str; 13] = [
    "resourceType",
    "id",
    "meta",
    "language",
    "text",
    "extension",
    "status",
    "contact",
    "end",
    "reason",
    "criteria",
    "error",
    "channel",
];
/// The status of a subscription that tells nobody anything (FHIR R4 SubscriptionStatus).
const OFF: &str = "off";
/// Members of a channel that are taken. `payload` is not, in no form (koppeltaal case 79).
const OF_A_CHANNEL: [&str; 3] = ["type", "endpoint", "header"];
/// Headers that say where a message goes and where it ends (RFC 9110 §7, RFC 9112 §6).
const OF_THE_MESSAGE: [&str; 8] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A subscription that was judged.
#[derive(Debug)]
pub(super) struct Judged {
    /// With its criteria narrowed.
    pub members: Members,
    /// Nothing for one that is off.
    pub notice: Option<Notice>,
}

/// What the FHIR server would do by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    /// Where it would send notifications.
    pub endpoint: String,
    /// The type of which it must know the owners, when it is to tell of some owners' only.
    pub narrowed: Option<ResourceType>,
}

/// A change that waits for what the FHIR server can do.
#[derive(Debug)]
pub(super) struct Pending {
    request: UpstreamRequest,
    then: Then,
    narrowed: ResourceType,
}

/// Sends a resource to the FHIR server: a subscription only where calls may go, and one that is
/// narrowed only when the server says that it can.
pub(super) fn send(
    exchange: &Exchange,
    mut request: UpstreamRequest,
    then: Then,
    notice: Option<Notice>,
) -> Stap {
    let own = host(&exchange.asked.upstream);
    if (notice.as_ref()).is_some_and(|notice| host(&notice.endpoint) == own) {
        // koppeltaal.md §5
        return exchange.refused(Refused::Subscription("The endpoint is the FHIR server."));
    }
    let narrowed = notice.and_then(|notice| {
        request.calls = Some(notice.endpoint);
        notice.narrowed
    });
    let Some(narrowed) = narrowed else {
        return exchange.ask(request, then);
    };
    verdict::Step::Ask(Vraag::Capabilities(Box::new(CapabilitiesVraag {
        exchange: exchange.clone(),
        waiting: Wachtend::Subscription(Box::new(Pending {
            request,
            then,
            narrowed,
        })),
    })))
}

fn host(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    url.host_str()
        .map(|host| host.trim_end_matches('.').to_owned())
}

/// Goes on with what the FHIR server says that it can do. A search is judged when it comes back, a
/// notification never: a server that ignores `resource-origin` would tell of everybody's changes.
pub(super) fn knowing(
    exchange: &Exchange,
    pending: Pending,
    found: Option<&Arc<Capabilities>>,
) -> Stap {
    if found.is_some_and(|known| known.know_owners(&pending.narrowed)) {
        exchange.ask(pending.request, pending.then)
    } else {
        // koppeltaal.md §3.7
        exchange.refused(Refused::Subscription(
            "The FHIR server cannot notify of some owners' resources of this type only.",
        ))
    }
}

/// The subscription with its criteria narrowed to what its owner may find (koppeltaal case 81). A
/// notification says that something changed, and not what. One that is off gives none: neither criteria nor
/// channel matter then.
///
/// # Errors
/// [`Refused::Subscription`] for another channel than a POST without a body to an address with TLS, and
/// for members that nobody judged; [`Refused::Forbidden`] for criteria that the owner may not search by.
pub(super) fn narrowed(mut members: Members, caller: &Caller) -> Result<Judged, Refused> {
    const FORM: Refused = Refused::Subscription("The criteria are a search on one type.");
    if !members.are_among(&MEMBERS) || members.has_other_extensions()? {
        return Err(Refused::Subscription(
            "A subscription has a member or an extension that is not taken.",
        ));
    }
    if members.read_as::<String>("status").as_deref() == Some(OFF) {
        // Who puts it out need not reach what it told of (koppeltaal.md §3.7).
        return Ok(Judged {
            members,
            notice: None,
        });
    }
    let endpoint = channel(&members)?;
    let criteria: String = members.read_as("criteria").ok_or(FORM)?;
    let (name, query) = criteria.split_once('?').unwrap_or((&criteria, ""));
    let resource = ResourceType::parse(name).ok_or(FORM)?;
    let search = Search::read(&resource, query.as_bytes())?;
    let reach = caller.reach(&resource, Actions::SEARCH);
    let reach = reach.ok_or(Refused::Forbidden)?;
    if !caller.may_use(&search.needs) {
        return Err(Refused::Forbidden);
    }
    let mut notice = Notice {
        endpoint,
        narrowed: None,
    };
    if let Reach::Of(owners) = reach.and(search.asked.as_ref()) {
        if owners.is_empty() {
            return Err(Refused::Forbidden);
        }
        let narrowed = narrowed_criteria(&resource, &search, &owners);
        members.set("criteria", &Value::from(narrowed));
        notice.narrowed = Some(resource);
    }
    Ok(Judged {
        members,
        notice: Some(notice),
    })
}

/// Where the channel leads, if it is one that is taken.
fn channel(members: &Members) -> Result<String, Refused> {
    let channel: Members = members.read_as("channel").ok_or(Refused::Subscription(
        "The channel is malformed, or there is none.",
    ))?;
    if !channel.are_among(&OF_A_CHANNEL) {
        // koppeltaal case 79
        return Err(Refused::Subscription(
            "A channel has type, endpoint and header only: a notification has no payload.",
        ));
    }
    if channel.read_as::<String>("type").as_deref() != Some("rest-hook") {
        // koppeltaal case 79
        return Err(Refused::Subscription("The channel is rest-hook only."));
    }
    let headers = if channel.has("header") {
        channel.read_as::<Vec<String>>("header")
    } else {
        Some(Vec::new())
    };
    if !headers.is_some_and(|headers| headers.iter().all(|header| is_header(header))) {
        return Err(Refused::Subscription(
            "A header of a channel is a name, a colon and visible characters.",
        ));
    }
    let endpoint: Option<String> = channel.read_as("endpoint");
    // koppeltaal case 78
    endpoint
        .filter(|endpoint| is_address(endpoint))
        .ok_or(Refused::Subscription(
            "The endpoint is an https URL in its normal form.",
        ))
}

/// One header as it stands on a line (RFC 9110 §5), and none about the message itself.
fn is_header(line: &str) -> bool {
    let Some((name, value)) = line.split_once(':') else {
        return false;
    };
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let is_named = !name.is_empty() && name.bytes().all(is_token);
    let is_visible = value.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    let is_free = !OF_THE_MESSAGE.contains(&&*name.to_ascii_lowercase());
    is_named && is_visible && is_free
}

/// Whether it can be read in one way only: another spelling could lead the FHIR server elsewhere than
/// where we looked (koppeltaal.md §5). The slash of a path that is empty may be missing.
fn is_address(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let is_plain = url.username().is_empty() && url.password().is_none();
    let is_normal = url.as_str() == text || url.as_str().strip_suffix('/') == Some(text);
    // With a dot at its end a name is the same, and another text.
    let is_named = (url.host_str()).is_some_and(|host| !host.is_empty() && !host.ends_with('.'));
    url.scheme() == "https" && is_named && is_plain && is_normal
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
        let judged = narrowed(members.expect("a subscription"), &caller)?;
        Ok(judged.members.read_as("criteria").expect("criteria"))
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
            ("payload", json!(null)),
            ("_payload", json!({ "extension": [] })),
            ("extension", json!([])),
            ("id", json!("1")),
            ("Payload", json!("application/json")),
            ("header", json!(null)),
            ("header", json!(["X: a\r\nHost: internal"])),
            ("header", json!(["X: a\u{0}"])),
            ("header", json!(["Host: internal"])),
            ("header", json!(["Content-Length : 5"])),
            ("header", json!(["no colon"])),
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
    fn koppeltaal_case_078_an_endpoint_is_read_in_one_way_only() {
        for (endpoint, is_taken) in [
            ("https://module.example/hook?x=1", true),
            ("https://module.example", true),
            (" https://module.example/hook", false),
            ("https://module.example/hook\n", false),
            ("https:module.example/hook", false),
            ("https:///module.example/hook", false),
            ("https:\\\\module.example\\hook", false),
            ("HTTPS://module.example/hook", false),
            ("https://MODULE.example/hook", false),
            ("https://module.example:443/hook", false),
            ("https://module.example/a/../hook", false),
            ("https://2130706433/hook", false),
            ("https://127.1/hook", false),
            ("https://module.localhost./hook", false),
        ] {
            let mut written = subscription("Task");
            written["channel"]["endpoint"] = endpoint.into();
            // koppeltaal case 78
            let judged = judge("system/Task.rs", &written);
            assert_eq!(judged.is_ok(), is_taken, "{endpoint}: {judged:?}");
        }
    }

    #[test]
    fn koppeltaal_3_7_what_nobody_judged_is_not_sent_on() {
        let mut good = subscription("Task");
        good["channel"]["header"] = json!(["Authorization: Bearer x", "X-Test:1"]);
        good["reason"] = "why".into();
        assert_eq!(judge("system/Task.rs", &good), Ok("Task".to_owned()));
        for (member, value) in [
            ("_criteria", json!({ "extension": [] })),
            ("_channel", json!({})),
            ("contained", json!([])),
            ("modifierExtension", json!([])),
            ("implicitRules", json!("x")),
            (
                "extension",
                json!([{ "url": "http://x.example/payload-criteria" }]),
            ),
            (
                "channel",
                json!(["rest-hook", "https://module.example/hook"]),
            ),
        ] {
            let mut bad = good.clone();
            bad[member] = value;
            // koppeltaal.md §3.7
            let refused = judge("system/Task.rs", &bad);
            assert!(matches!(refused, Err(Refused::Subscription(_))), "{member}");
        }
    }

    #[test]
    fn koppeltaal_3_7_who_reaches_nothing_of_it_puts_a_subscription_out() {
        let mut off = subscription("Task?status=ready");
        off["status"] = "off".into();
        off["channel"]["payload"] = "application/fhir+json".into();
        // koppeltaal.md §3.7
        let judged = judge("system/Subscription.u", &off);
        assert_eq!(judged, Ok("Task?status=ready".to_owned()));
        off["contained"] = json!([]);
        let refused = judge("system/Subscription.u", &off);
        assert!(matches!(refused, Err(Refused::Subscription(_))));
        for status in [
            json!("requested"),
            json!("active"),
            json!("error"),
            json!(null),
            json!(["off"]),
        ] {
            let mut on = subscription("Task?status=ready");
            on["status"] = status.clone();
            let refused = judge("system/Subscription.u", &on);
            assert_eq!(refused, Err(Refused::Forbidden), "{status}");
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

    #[test]
    fn koppeltaal_case_081_the_server_must_know_owners_when_some_are_reached() {
        let resource = ResourceType::parse(TYPE).expect("a type");
        let own = format!("system/Task.rs?resource-origin={}", ME.device());
        for (scopes, narrowed_type) in [("system/Task.rs", None), (&*own, Some("Task"))] {
            let written = subscription("Task").to_string();
            let members = Members::read(written.as_bytes(), &resource);
            let caller = Caller {
                client_id: Some(ME),
                scopes: Arc::new(Scopes::parse(scopes).expect("scopes")),
            };
            let judged = narrowed(members.expect("a subscription"), &caller).expect("taken");
            // koppeltaal case 81
            let expected = narrowed_type.and_then(ResourceType::parse);
            let notice = judged.notice.expect("a notice");
            assert_eq!(notice.narrowed, expected, "{scopes}");
            assert_eq!(notice.endpoint, "https://module.example/hook");
        }
    }
}
