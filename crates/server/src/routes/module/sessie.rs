//! A session of the module: what was launched, for as long as the person works on it.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use koppeltaal::launch::Context;
use protocol::handle::{Handle, Purpose};
use serde_json::json;
use verdict::{
    Actor, BadRow, Body, Clear, Entropy, Event, Expect, Key, Record, Secrets, Space, Step, Verdict,
};

use super::ModuleRole;
use crate::settle::{Journey, Outage, Run, settle};
use crate::web::{self, Visit};

/// The cookie that leads to a session, and its purpose.
const COOKIE: &str = "__Host-module-sessie";
const SESSIE: Purpose = Purpose("module.sessie");
/// The purpose of the forms of a session.
pub(super) const FORM: &str = "module.sessie";
/// Seconds that a session lasts.
const SESSIE_S: u32 = 3_600;

/// What was launched.
#[derive(Clone)]
pub(super) struct Sessie {
    pub(super) context: Context,
}

impl Sessie {
    /// Keeps what was launched; the cookie that leads to it.
    pub(super) async fn open(
        role: &Arc<ModuleRole>,
        visit: &Visit,
        context: Context,
    ) -> Option<(HeaderName, HeaderValue)> {
        let app = &role.module.app;
        let id = settle(app, visit.trace, Opening(Self { context })).await;
        let handle = Handle {
            id: id.ok()?,
            generation: 0,
        };
        let text = app.handles.make(SESSIE, handle);
        Some(web::set_cookie(COOKIE, &text, SESSIE_S))
    }

    /// The session of this browser, with the cookie's text.
    pub(super) async fn of(role: &ModuleRole, visit: &Visit) -> Option<(Self, String)> {
        let app = &role.module.app;
        let text = visit.cookie(COOKIE)?;
        let handle = app.handles.open(SESSIE, text)?;
        let found = app
            .load::<Self>(Self::key(handle.id), app.clock.now())
            .await;
        Some((found.ok()??.value, text.to_owned()))
    }

    const fn key(id: [u8; 16]) -> Key {
        Key::Grant(Self::SPACE, id)
    }

    fn kept(&self, run: &Run, entropy: &Entropy) -> Step<[u8; 16], ()> {
        let id = entropy.bytes("module.sessie");
        let what = "a launch was taken";
        Step::Done(Verdict {
            reply: id,
            changes: vec![self.put(Self::key(id), Expect::Absent, run.now.plus_s(SESSIE_S))],
            events: vec![Event::granted("koppeltaal case 106", what, Actor::Person)],
        })
    }
}

struct Opening(Sessie);

impl Journey for Opening {
    type Reply = [u8; 16];
    type Question = ();

    fn begin(&self, run: &Run) -> Step<[u8; 16], ()> {
        self.0.kept(run, &run.entropy)
    }

    async fn answer(&self, run: &Run, (): ()) -> Result<Step<[u8; 16], ()>, Outage> {
        Ok(self.begin(run))
    }
}

impl Record for Sessie {
    const SPACE: Space = Space("module.sessie");

    fn to_body(&self) -> Clear {
        Body {
            private: Secrets::new(json!(self.context).to_string().into_bytes()),
            ..Body::open(json!({ "v": 1 }))
        }
    }

    fn from_body(body: &Clear) -> Result<Self, BadRow> {
        let context = serde_json::from_slice(body.private.reveal()).map_err(|_| BadRow {
            space: Self::SPACE.0,
            member: "private part",
        })?;
        Ok(Self { context })
    }
}
