//! The [FHIR resource service] of a domain, in front of any server of FHIR R4: what a token's scopes
//! allow of a request, what is asked of the server behind it, and what of its answer may leave
//! (TOP-KT-002, TOP-KT-005).
//!
//! [`begin`] reads what is asked ([`request`]), takes the union of the scopes ([`reach`]), and goes on
//! with `read`, `create`, `update`, `delete` or `list`. Every fact is a question ([`Vraag`]); the end is
//! an [`Antwoord`]. Nothing here trusts what the FHIR server was asked for: what it answers is judged by
//! the type and the owner that stand in it.
//!
//! A client without a scope learns nothing but that. Under scopes that reach some owners only, what is
//! somebody else's and what is not there are answered alike (design §5 "Koppeltaal existence").

mod antwoord;
mod capabilities;
mod create;
mod delete;
mod exchange;
mod gebeurtenis;
mod list;
mod media;
mod page;
mod reach;
mod read;
mod refused;
mod request;
mod resource;
mod search;
mod secret;
mod subscription;
mod trace;
mod update;
mod vraag;

use std::sync::Arc;

use url::form_urlencoded;
use verdict::Step;

pub use antwoord::{Antwoord, Cursor, Inhoud, Lijst};
pub use capabilities::Capabilities;
pub use exchange::Asked;
pub use gebeurtenis::{Gebeurtenis, Interactie, Verwijzing};
pub use media::FHIR_JSON;
pub use reach::Caller;
pub use refused::Refused;
pub use request::{Id, Instance, Interaction, Request};
pub use resource::RESOURCE_ORIGIN_URL;
pub use trace::Sporen;
pub use vraag::{
    BladzijdeVraag, CapabilitiesVraag, Storing, UpstreamAnswer, UpstreamRequest, UpstreamVraag,
    Vraag,
};

use exchange::Exchange;
use secret::is_secret;
use vraag::Wachtend;

/// The first step of a request whose sender is known. May it be asked, is asked before what is asked:
/// who may not learns nothing of the rest (koppeltaal.md §2.5).
pub fn begin(asked: &Arc<Asked>) -> Step<Antwoord, Vraag> {
    let interaction = match asked.request.interaction() {
        Ok(interaction) => interaction,
        Err(why) => return asked.refused(None, why),
    };
    let Some(reach) = asked.caller.reach_of(&interaction) else {
        // koppeltaal case 50, koppeltaal case 59
        return asked.refused(Some(&interaction), Refused::Forbidden);
    };
    let exchange = Exchange {
        asked: Arc::clone(asked),
        interaction,
        reach,
    };
    if asked.request.bears(is_secret) {
        // koppeltaal case 113
        return exchange.refused(Refused::Parameter("No token is taken as a parameter."));
    }
    match &exchange.interaction {
        Interaction::Search(..) | Interaction::HistoryType(_) | Interaction::HistoryInstance(_) => {
            list::begin(&exchange)
        }
        _ => match acceptable(&asked.request) {
            Ok(()) => one(&exchange),
            Err(why) => exchange.refused(why),
        },
    }
}

/// What is about one resource, or none.
fn one(exchange: &Exchange) -> Step<Antwoord, Vraag> {
    match &exchange.interaction {
        Interaction::Read(at) | Interaction::Vread(at, _) => read::begin(exchange, at),
        Interaction::Create(resource) => create::begin(exchange, resource),
        Interaction::Update(at) => update::begin(exchange, at),
        Interaction::Delete(at) => delete::begin(exchange, at),
        _ => Step::Ask(Vraag::Capabilities(Box::new(CapabilitiesVraag {
            exchange: exchange.clone(),
            waiting: Wachtend::Niets,
        }))),
    }
}

fn acceptable(request: &Request) -> Result<(), Refused> {
    let mut pairs = form_urlencoded::parse(request.query.as_bytes());
    let format = pairs.find(|(name, _)| name == "_format");
    media::acceptable(
        request.accept.as_deref(),
        format.as_ref().map(|(_, value)| &**value),
    )
}
