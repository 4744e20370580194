//! The short pages: what happened, what it means, and where to go from here.

use super::texts::Texts;
use super::{Page, Shell};

/// A page that only tells something.
pub(super) struct Melding {
    /// The message in the texts; its parts `uitleg` and `advies` are the two paragraphs.
    pub(super) key: &'static str,
    /// Where to go from here: a local path, and the key of its text.
    pub(super) link: Option<(&'static str, &'static str)>,
}

#[derive(askama::Template)]
#[template(path = "melding.html")]
struct View<'a> {
    titel: String,
    page: &'a Melding,
    shell: &'a Shell,
    t: &'static Texts,
}

impl Melding {
    pub(super) fn render(&self, shell: &Shell) -> Page {
        let t = super::texts::texts(shell.lang);
        let (titel, page) = (t.say(self.key), self);
        Page::of(
            &View {
                titel,
                page,
                shell,
                t,
            },
            shell,
        )
    }
}
