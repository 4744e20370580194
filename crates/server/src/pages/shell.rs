//! What every page has in common, and what a page is once it is rendered.

use std::fmt;

use askama::Template;

use super::Lang;

/// What every page needs beside its own context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    /// In which language.
    pub lang: Lang,
    /// Who speaks.
    pub party: Brand,
    /// The number under which the request can be found again.
    pub trace: String,
    /// Where the language switch leads: path and query of a page that can be had by GET, without
    /// `taal` (see [`without_taal`]). Anything but a local path counts as `/`.
    pub url_without_taal: String,
    /// To which origins beside our own a form of this page may lead, redirects included.
    pub form_action: Vec<Origin>,
}

/// The party whose page it is: its name and its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Brand {
    /// The personal health environment (persoonlijke gezondheidsomgeving).
    Pgo,
    /// The authorization server of Mitz.
    Mitz,
    /// The consent register of Mitz (toestemmingenregister).
    Toestemmingen,
    /// A Dienstverlener aanbieder.
    Dva,
    /// The simulator that stands in for DigiD.
    DigidSimulator,
    /// The Koppeltaal voorziening.
    Koppeltaal,
    /// The identity provider of the demo's launches.
    Idp,
    /// The portal of the demo, which launches.
    Portaal,
    /// The module of the demo, which is launched.
    Module,
    /// The broker of eToegang (herkenningsmakelaar).
    Hm,
    /// The authentication service of eToegang.
    Ad,
    /// The mandate register of eToegang.
    Mr,
    /// The service provider of eToegang, with its app.
    Dv,
    /// The observer of the demo.
    Netwerk,
}

impl Brand {
    /// The text that holds its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pgo => "merk-pgo",
            Self::Mitz => "merk-mitz",
            Self::Toestemmingen => "merk-toestemmingen",
            Self::Dva => "merk-dva",
            Self::DigidSimulator => "merk-digid-simulator",
            Self::Koppeltaal => "merk-koppeltaal",
            Self::Idp => "merk-idp",
            Self::Portaal => "merk-portaal",
            Self::Module => "merk-module",
            Self::Hm => "merk-hm",
            Self::Ad => "merk-ad",
            Self::Mr => "merk-mr",
            Self::Dv => "merk-dv",
            Self::Netwerk => "merk-netwerk",
        }
    }

    /// The class that brings its colour.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Pgo => "van-pgo",
            Self::Mitz => "van-mitz",
            Self::Toestemmingen => "van-toestemmingen",
            Self::Dva => "van-dva",
            Self::DigidSimulator => "van-digid-simulator",
            Self::Koppeltaal => "van-koppeltaal",
            Self::Idp => "van-idp",
            Self::Portaal => "van-portaal",
            Self::Module => "van-module",
            Self::Hm => "van-hm",
            Self::Ad => "van-ad",
            Self::Mr => "van-mr",
            Self::Dv => "van-dv",
            Self::Netwerk => "van-netwerk",
        }
    }
}

impl Shell {
    /// A shell for a page whose forms stay on our own origin.
    pub const fn new(lang: Lang, party: Brand, trace: String, url_without_taal: String) -> Self {
        Self {
            lang,
            party,
            trace,
            url_without_taal,
            form_action: Vec::new(),
        }
    }

    /// Each language, where to find this page in it, and whether this is that page.
    pub(super) fn languages(&self) -> [(Lang, String, bool); 2] {
        Lang::ALL.map(|lang| (lang, self.url_in(lang), lang == self.lang))
    }

    fn url_in(&self, lang: Lang) -> String {
        let url = self.url_without_taal.as_str();
        let url = if is_local(url) { url } else { "/" };
        let joint = if url.contains('?') { '&' } else { '?' };
        format!("{url}{joint}taal={}", lang.code())
    }
}

/// `path_and_query` without its `taal`, for [`Shell::url_without_taal`].
pub fn without_taal(path_and_query: &str) -> String {
    let Some((path, query)) = path_and_query.split_once('?') else {
        return path_and_query.to_owned();
    };
    let is_taal = |pair: &&str| pair.split('=').next() == Some("taal");
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_taal(pair)).collect();
    if kept.is_empty() {
        return path.to_owned();
    }
    format!("{path}?{}", kept.join("&"))
}

/// Whether a browser takes `url` as a path on the same host. A browser drops tabs and line ends and
/// reads `\` as `/`, so `/\evil.example` and `/<tab>/evil.example` are other hosts.
fn is_local(url: &str) -> bool {
    let plain = |c: char| !c.is_control() && c != '\\';
    url.starts_with('/') && !url.starts_with("//") && url.chars().all(plain)
}

/// An origin that may stand in a content security policy: `https://pgo.example:8443`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// Where an app on the person's own machine waits (RFC 8252 §7.3). A policy has no spelling for the
/// other address, `[::1]`: its hosts are names, or this one address.
const LOOPBACK: &str = "http://127.0.0.1";

/// The refusal of a URL that has no origin we would name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnOrigin;

impl Origin {
    /// The origin of an absolute `https` URL (a validated redirect URI), or of an app that waits on
    /// the person's own machine. The host is written in letters, digits, dots and hyphens: anything
    /// else, a semicolon for one, could end the directive and begin another.
    ///
    /// # Errors
    /// [`NotAnOrigin`] for any other URL, also for one with user information.
    pub fn of(url: &str) -> Result<Self, NotAnOrigin> {
        if let Some(rest) = url.strip_prefix(LOOPBACK) {
            return Self::of_loopback(rest);
        }
        let rest = url.strip_prefix("https://").ok_or(NotAnOrigin)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, port) = rest[..end].split_once(':').unwrap_or((&rest[..end], "443"));
        let in_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        let host_is_good = !host.is_empty() && host.bytes().all(in_host);
        let port_is_good = port.bytes().all(|byte| byte.is_ascii_digit());
        if host_is_good && port_is_good && port.parse::<u16>().is_ok() {
            return Ok(Self(url[..url.len() - rest.len() + end].to_owned()));
        }
        Err(NotAnOrigin)
    }

    /// RFC 8252 §7.3: registered without a port, an app may listen on any.
    fn of_loopback(rest: &str) -> Result<Self, NotAnOrigin> {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let authority = &rest[..end];
        let port = match authority.strip_prefix(':') {
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port,
            None if authority.is_empty() => "*",
            _ => return Err(NotAnOrigin),
        };
        if port == "*" || port.parse::<u16>().is_ok() {
            return Ok(Self(format!("{LOOPBACK}:{port}")));
        }
        Err(NotAnOrigin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for NotAnOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an https URL with a plain host name, nor one of 127.0.0.1")
    }
}

impl std::error::Error for NotAnOrigin {}

/// A rendered page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The document, `text/html; charset=utf-8`.
    pub html: String,
    /// The value of its `Content-Security-Policy` header.
    pub csp: String,
}

impl Page {
    pub(super) fn of(view: &impl Template, shell: &Shell) -> Self {
        // Writing to a String cannot fail, and no template calls anything else that can.
        let html = view.render().unwrap_or_default();
        Self {
            html: html.chars().map(xml_char).collect(),
            csp: csp(shell.party, &shell.form_action),
        }
    }
}

/// No script, no style of the page's own, no frame; forms lead home and to the named origins. The
/// observer's pages alone may run the script that its host serves, and listen to what is new there.
fn csp(party: Brand, form_action: &[Origin]) -> String {
    let script = match party {
        Brand::Netwerk => "script-src 'self'; connect-src 'self'; ",
        Brand::Pgo
        | Brand::Mitz
        | Brand::Dva
        | Brand::Toestemmingen
        | Brand::DigidSimulator
        | Brand::Koppeltaal
        | Brand::Idp
        | Brand::Portaal
        | Brand::Module
        | Brand::Hm
        | Brand::Ad
        | Brand::Mr
        | Brand::Dv => "",
    };
    let mut policy = format!(
        "default-src 'none'; {script}style-src 'self'; img-src 'self'; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self'"
    );
    for origin in form_action {
        policy.push(' ');
        policy.push_str(&origin.0);
    }
    policy
}

/// A character that XML 1.0 §2.2 does not know becomes U+FFFD: what a record system sends may hold
/// any, and a page must stay readable for an XML parser.
const fn xml_char(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'.. => c,
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> String {
        let (lang, trace) = (Lang::Nl, String::from("t"));
        Shell::new(lang, Brand::Pgo, trace, url.to_owned()).url_in(Lang::En)
    }

    #[test]
    fn the_language_switch_keeps_the_rest_of_the_query() {
        assert_eq!(at("/"), "/?taal=en");
        assert_eq!(
            at("/toestemming?aanvraag=1"),
            "/toestemming?aanvraag=1&taal=en"
        );
    }

    #[test]
    fn the_language_switch_never_leaves_the_host() {
        for foreign in [
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(at(foreign), "/?taal=en", "{foreign:?}");
        }
    }

    #[test]
    fn taal_is_taken_out_of_a_query_wherever_it_stands() {
        assert_eq!(without_taal("/a"), "/a");
        assert_eq!(without_taal("/a?taal=en"), "/a");
        assert_eq!(without_taal("/a?b=1&taal=en&c=2"), "/a?b=1&c=2");
        assert_eq!(without_taal("/a?taal&taalgids=1"), "/a?taalgids=1");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_else() {
        let origin = |url| Origin::of(url).map(|origin| origin.to_string());
        for (url, expected) in [
            (
                "https://pgo.localhost:8443/terug?x=1",
                "https://pgo.localhost:8443",
            ),
            ("https://pgo.example", "https://pgo.example"),
            (
                "https://pgo.example?x=https://a.example",
                "https://pgo.example",
            ),
            ("http://127.0.0.1:53123/terug", "http://127.0.0.1:53123"),
            ("http://127.0.0.1/terug", "http://127.0.0.1:*"),
            ("http://127.0.0.1", "http://127.0.0.1:*"),
        ] {
            assert_eq!(origin(url).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_url_that_could_add_to_the_policy_has_no_origin() {
        for bad in [
            "http://pgo.example/",
            "http://localhost:53123/terug",
            "http://[::1]:53123/terug",
            "http://127.0.0.1.pgo.example/",
            "http://127.0.0.1@pgo.example/",
            "http://127.0.0.1:*/",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1:/",
            "https://",
            "https://:8443/",
            "https://a;script-src *",
            "https://a.example script-src",
            "https://a.example,b.example",
            "https://user@a.example/",
            "https://a.example:99999/",
            "https://a.example:/",
            "https://a.example:+1/",
            "https://*.example/",
            "javascript:alert(1)",
        ] {
            assert_eq!(Origin::of(bad), Err(NotAnOrigin), "{bad}");
        }
    }

    #[test]
    fn the_policy_names_the_origins_after_self() {
        let origins = [Origin::of("https://pgo.example/terug").expect("an origin")];
        let of_mitz = csp(Brand::Mitz, &origins);
        assert!(of_mitz.ends_with("form-action 'self' https://pgo.example"));
        assert!(csp(Brand::Pgo, &[]).ends_with("form-action 'self'"));
    }

    #[test]
    fn the_observers_pages_alone_may_run_a_script_and_only_one_of_their_own_host() {
        for party in [
            Brand::Pgo,
            Brand::Mitz,
            Brand::Toestemmingen,
            Brand::DigidSimulator,
        ] {
            let policy = csp(party, &[]);
            assert!(
                policy.starts_with("default-src 'none'; style-src"),
                "{party:?}"
            );
            assert!(!policy.contains("script-src") && !policy.contains("connect-src"));
        }
        let observers = csp(Brand::Netwerk, &[]);
        assert!(observers.contains("script-src 'self'; connect-src 'self';"));
        assert!(!observers.contains("unsafe"));
    }

    #[test]
    fn characters_that_xml_does_not_know_are_replaced() {
        // XML 1.0 §2.2
        let from = "a\0b\u{b}\tc\u{FFFE}\u{1F600}";
        let cleaned: String = from.chars().map(xml_char).collect();
        assert_eq!(cleaned, "a\u{FFFD}b\u{FFFD}\tc\u{FFFD}\u{1F600}");
    }
}
