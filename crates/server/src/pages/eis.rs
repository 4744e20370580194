//! What a specification asks, for who wonders about a refusal.

/// A requirement.
#[derive(Clone, Debug)]
pub struct Eis {
    /// Its id: `RFC 7636 §4.6`.
    pub id: String,
    /// What it asks; empty for a source as a whole.
    pub tekst: String,
    /// The title of its source.
    pub bron: String,
    /// Which release of the source.
    pub release: String,
    /// Where the source stands in public: an absolute `https` URL of ours.
    pub url: Option<String>,
}

page!(Eis, |_| "eis", "eis.html");

impl Eis {
    fn voorbeelden() -> Vec<Self> {
        let eis = |tekst: &str, url: Option<&str>| Self {
            id: String::from("RFC 7636 §4.6"),
            tekst: tekst.to_owned(),
            bron: String::from("Proof key for code exchange (PKCE)"),
            release: String::from("September 2015"),
            url: url.map(str::to_owned),
        };
        let url = "https://www.rfc-editor.org/rfc/rfc7636#section-4.6";
        vec![
            eis("The verifier fits the challenge <test>.", Some(url)),
            eis("", None),
        ]
    }
}
