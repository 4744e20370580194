//! A message as a page shows it: folded, and open with everything that was told of it.

/// A request and its answer.
#[derive(Clone, Debug)]
pub struct Uitwisseling {
    /// Its number on the page.
    pub nummer: usize,
    /// The method of HTTP.
    pub methode: String,
    /// Scheme, host and path.
    pub url: String,
    /// The status of the answer; none when there was none.
    pub status: Option<u16>,
    /// Who told it.
    pub door: String,
    /// Who was at the other end.
    pub peer: String,
    /// When: any text.
    pub tijd: String,
    /// How long it took, in milliseconds.
    pub duur_ms: u32,
    /// The parameters of the query, as text.
    pub query: Option<String>,
    /// What was asked.
    pub vraag: Zijde,
    /// What was answered.
    pub antwoord: Zijde,
    /// The journey that it may belong to; none on the page of that journey.
    pub trace: Option<String>,
}

/// Headers and body, as text.
#[derive(Clone, Debug, Default)]
pub struct Zijde {
    /// The headers, one a line.
    pub koppen: String,
    /// The body as indented JSON or XML.
    pub inhoud: Option<String>,
    /// Whether the body was longer than what is shown.
    pub afgekort: bool,
    /// How long the body was on the wire, in bytes.
    pub bytes: u64,
}

impl Uitwisseling {
    /// The class of its status.
    pub(super) const fn class(&self) -> &'static str {
        match self.status {
            Some(..400) => "goed",
            Some(_) | None => "fout",
        }
    }

    /// What was asked and what was answered, each with the key of its name and its first line.
    pub(super) fn delen(&self) -> [(&'static str, String, &Zijde); 2] {
        let asked = format!("{} {}", self.methode, self.url);
        let answered = self
            .status
            .map_or_else(String::new, |s| format!("HTTP {s}"));
        [
            ("bericht-vraag", asked, &self.vraag),
            ("bericht-antwoord", answered, &self.antwoord),
        ]
    }

    pub(super) fn voorbeelden() -> Vec<Self> {
        let bericht = |inhoud: Option<&str>, afgekort| Zijde {
            koppen: "content-type: application/json\nx-test: <test>".to_owned(),
            inhoud: inhoud.map(str::to_owned),
            afgekort,
            bytes: 123,
        };
        let some = |nummer, status, trace: Option<&str>| Self {
            nummer,
            methode: "POST".to_owned(),
            url: "https://mitz-back.localhost:8443/token".to_owned(),
            status,
            door: "mitz".to_owned(),
            peer: "pgo.localhost".to_owned(),
            tijd: "2026-11-22 10:46:03".to_owned(),
            duur_ms: 12,
            query: status.map(|_| "{\n  \"a\": \"<test>\"\n}".to_owned()),
            vraag: bericht(Some("{\n  \"grant_type\": \"refresh_token\"\n}"), false),
            antwoord: bericht(
                status.map(|_| "<Zonen>").filter(|_| nummer != 2),
                nummer == 1,
            ),
            trace: trace.map(str::to_owned),
        };
        let trace = "6f0b7c52-4f7e-4c1b-9a58-0a4f5f1f0c03";
        vec![
            some(1, Some(200), None),
            some(2, Some(400), Some(trace)),
            some(3, None, None),
        ]
    }
}
