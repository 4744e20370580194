//! A browser at the administration pages of a role: it keeps cookies, and sends the forms of pages.

use http::Method;
use http::header::{
    ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, HeaderName, LOCATION, ORIGIN, SET_COOKIE,
};
use server::outside::{Answer, Headers, Outside};

const FORM: &str = "application/x-www-form-urlencoded";
/// What forms send back unseen; not every page has each.
const HIDDEN: [&str; 3] = ["formulier", "versie", "aanvraag"];

/// A browser: its cookies, and where it is.
pub(crate) struct Browser<'a> {
    outside: &'a Outside,
    origin: String,
    pub(crate) cookies: Vec<(String, String)>,
    pub(crate) lang: &'static str,
}

impl<'a> Browser<'a> {
    pub(crate) const fn at(outside: &'a Outside, origin: String) -> Self {
        Self {
            outside,
            origin,
            cookies: Vec::new(),
            lang: "nl",
        }
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        more: Headers,
        form: Option<String>,
    ) -> Answer {
        let pairs = self.cookies.iter();
        let pairs = pairs.map(|(name, value)| format!("{name}={value}"));
        let pairs = pairs.collect::<Vec<_>>().join("; ");
        let headers = more.with(ACCEPT_LANGUAGE, self.lang).with(COOKIE, &pairs);
        let url = format!("{}{path}", self.origin);
        let body = form.map(String::into_bytes);
        let answer = self.outside.send(method, &url, headers, body).await;
        let answer = answer.expect("an answer");
        for set in answer.headers.get_all(SET_COOKIE) {
            let set = set.to_str().expect("text");
            assert!(set.contains("; Secure; HttpOnly; SameSite=Lax"), "{set}");
            let (name, rest) = set.split_once('=').expect("a pair");
            self.cookies.retain(|(known, _)| known != name);
            let value = rest.split(';').next().unwrap_or_default();
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, Headers::none(), None).await
    }

    /// Sends a form of the page, with what it has unseen, from our own origin.
    pub(crate) async fn post(
        &mut self,
        page: &Answer,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let origin = self.origin.clone();
        self.post_from(&origin, page, path, fields).await
    }

    /// The same from another origin.
    pub(crate) async fn post_from(
        &mut self,
        origin: &str,
        page: &Answer,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for name in HIDDEN {
            if let Some(value) = hidden(page, name) {
                form.append_pair(name, &value);
            }
        }
        let form = form.extend_pairs(fields).finish();
        let more = Headers::none()
            .with(ORIGIN, origin)
            .with(CONTENT_TYPE, FORM);
        self.send(Method::POST, path, more, Some(form)).await
    }

    /// The page to which an answer leads.
    pub(crate) async fn follow(&mut self, answer: &Answer) -> Answer {
        assert_eq!(answer.status, 303, "{}", html(answer));
        self.get(&header(answer, &LOCATION)).await
    }

    /// Logs in with this key; the page to which that leads.
    pub(crate) async fn log_in(&mut self, secret: &str) -> Answer {
        let page = self.get("/beheer").await;
        let fields = [("sleutel", secret)];
        let answer = self.post(&page, "/beheer/inloggen", &fields).await;
        self.follow(&answer).await
    }
}

pub(crate) fn assert_page(answer: &Answer, status: u16, title: &str) {
    let html = html(answer);
    assert_eq!(answer.status, status, "{html}");
    assert!(html.contains(&format!("<h1>{title}</h1>")), "{html}");
}

pub(crate) fn header(answer: &Answer, name: &HeaderName) -> String {
    let value = answer.headers.get(name).expect("a header");
    value.to_str().expect("text").to_owned()
}

fn html(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// The value of a hidden field.
fn hidden(page: &Answer, name: &str) -> Option<String> {
    let html = html(page);
    let rest = html.split_once(&format!("name=\"{name}\" value=\""))?.1;
    rest.split('"').next().map(str::to_owned)
}
