//! What no change may bring into a domain. A row that has it from before is read as ever, and everything else
//! of its domain may change.

use std::collections::BTreeSet;

use super::{Domeinconfiguratie, Fout, fout};

/// Visible characters that no URI has (RFC 3986 §2); readers of a URL differ in what they make of them.
const NOT_OF_A_URI: &[u8] = br#""<>\^`{|}"#;

/// Whether a domain may become this.
///
/// # Errors
/// [`Fout`] names the first thing that may not come into it.
pub(crate) fn may_become(
    was: Option<&Domeinconfiguratie>,
    wordt: &Domeinconfiguratie,
) -> Result<(), Fout> {
    urls_are_spelled_out(was, wordt)?;
    scopes_fit(was, wordt)
}

/// A URL is kept and used as it was written, and was understood after blanks were taken out of it.
fn urls_are_spelled_out(
    was: Option<&Domeinconfiguratie>,
    wordt: &Domeinconfiguratie,
) -> Result<(), Fout> {
    let known: BTreeSet<&str> = was.into_iter().flat_map(urls).map(|(_, url)| url).collect();
    let is_of_a_uri = |byte: u8| byte.is_ascii_graphic() && !NOT_OF_A_URI.contains(&byte);
    let odd = urls(wordt).find(|(_, url)| !known.contains(url) && !url.bytes().all(is_of_a_uri));
    // RFC 3986 §2
    odd.map_or(Ok(()), |(at, _)| {
        Err(fout(
            at,
            "expected the characters of a URI alone, others as %XX",
        ))
    })
}

/// Every URL of a domain, with its place.
fn urls(domein: &Domeinconfiguratie) -> impl Iterator<Item = (String, &str)> {
    let upstream = ("fhir.upstream".to_owned(), domein.upstream.as_str());
    let back = domein.applicaties.iter().flat_map(|(id, applicatie)| {
        let uris = applicatie.redirect_uris.iter();
        uris.map(move |uri| (format!("applications {id} redirect_uris"), uri.as_str()))
    });
    std::iter::once(upstream).chain(domein.elders()).chain(back)
}

fn scopes_fit(was: Option<&Domeinconfiguratie>, wordt: &Domeinconfiguratie) -> Result<(), Fout> {
    for id in wordt.applicaties.keys() {
        let rechten = wordt.rechten(*id);
        if was.is_some_and(|was| was.rechten(*id) == rechten) {
            continue;
        }
        // koppeltaal.md §2.3: who may do so much gets a token that nobody takes
        if let Err(why) = wordt.scopes(*id).text() {
            return Err(fout(format!("applications {id} role"), why.to_string()));
        }
    }
    Ok(())
}
