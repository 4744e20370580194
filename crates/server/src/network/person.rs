//! A person with a browser, as far as the pages of the demo need one: cookies, redirects, forms.

use std::collections::BTreeMap;

use http::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use uppsala::{Document, NodeId};
use url::Url;

use crate::door::TraceId;
use crate::outside::{Answer, Headers, Outside};

/// Redirects that one click may lead through; a login passes seven.
const REDIRECTS_MAX: usize = 20;

/// A person at a browser.
#[derive(Clone)]
pub struct Person {
    outside: Outside,
    cookies: BTreeMap<(String, String), String>,
    trace: TraceId,
    stop_at: Option<String>,
}

/// A page that the person sees.
pub struct Shown {
    /// Where it is.
    pub url: Url,
    /// The status of the answer.
    pub status: u16,
    /// The page.
    pub html: String,
}

/// A form of a page, with what its fields hold.
#[derive(Debug)]
pub struct Form {
    action: Url,
    /// Name and value of every field that would be sent as the page stands.
    pub fields: Vec<(String, String)>,
    /// Every radio button and option that could be chosen.
    pub choices: Vec<(String, String)>,
}

impl Person {
    /// A browser without cookies. Its requests carry the trace id, so that the run can be found.
    pub fn new(outside: Outside, trace: TraceId) -> Self {
        Self {
            outside,
            cookies: BTreeMap::new(),
            trace,
            stop_at: None,
        }
    }

    /// The same browser, which follows no redirect to a URL that begins so: a client that is not
    /// there reads its answer from [`Shown::url`].
    #[must_use]
    pub fn stopping_at(mut self, url: &str) -> Self {
        self.stop_at = Some(url.to_owned());
        self
    }

    /// Opens a page and follows where it leads.
    ///
    /// # Errors
    /// A text: which host did not answer, or that redirects do not end.
    pub async fn open(&mut self, url: &str) -> Result<Shown, String> {
        let url = Url::parse(url).map_err(|_| format!("{url} is no URL"))?;
        self.go(url, None).await
    }

    /// Sends a form and follows where it leads.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn send(&mut self, form: Form) -> Result<Shown, String> {
        self.go(form.action, Some(form.fields)).await
    }

    /// One click: the request, and every redirect that follows.
    async fn go(
        &mut self,
        mut url: Url,
        mut fields: Option<Vec<(String, String)>>,
    ) -> Result<Shown, String> {
        for _ in 0..REDIRECTS_MAX {
            let answer = self.request(&url, fields.take()).await?;
            self.keep_cookies(&url, &answer);
            let Some(next) = answer
                .headers
                .get(LOCATION)
                .filter(|_| answer.status.is_redirection())
            else {
                return Ok(Shown {
                    url,
                    status: answer.status.as_u16(),
                    html: String::from_utf8_lossy(&answer.body).into_owned(),
                });
            };
            let next = next
                .to_str()
                .map_err(|_| format!("{url} redirects to nowhere"))?;
            url = url
                .join(next)
                .map_err(|_| format!("{url} redirects to no URL"))?;
            let stop = self.stop_at.as_deref();
            if stop.is_some_and(|stop| url.as_str().starts_with(stop)) {
                return Ok(Shown {
                    url,
                    status: answer.status.as_u16(),
                    html: String::new(),
                });
            }
        }
        Err(format!(
            "more than {REDIRECTS_MAX} redirects, the last to {}",
            bare(&url)
        ))
    }

    async fn request(
        &self,
        url: &Url,
        fields: Option<Vec<(String, String)>>,
    ) -> Result<Answer, String> {
        let mut headers = Headers::none().correlation_id(self.trace);
        if let Some(cookies) = self.cookies_for(url) {
            headers = headers.with(COOKIE, &cookies);
        }
        let answer = match fields {
            None => self.outside.get(url.as_str(), headers).await,
            Some(fields) => {
                let headers = headers.with(ORIGIN, &url.origin().ascii_serialization());
                let fields: Vec<(&str, &str)> = fields
                    .iter()
                    .map(|(n, v)| (n.as_str(), v.as_str()))
                    .collect();
                self.outside.post_form(url.as_str(), &fields, headers).await
            }
        };
        answer.map_err(|error| format!("{}: {error}", bare(url)))
    }

    fn cookies_for(&self, url: &Url) -> Option<String> {
        let host = url.host_str()?;
        let of_host = self.cookies.iter().filter(|((of, _), _)| of == host);
        let pairs: Vec<String> = of_host.map(|((_, n), v)| format!("{n}={v}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn keep_cookies(&mut self, url: &Url, answer: &Answer) {
        let host = url.host_str().unwrap_or_default().to_owned();
        let lines = answer
            .headers
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|v| v.to_str().ok());
        for line in lines {
            let pair = line.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let key = (host.clone(), name.trim().to_owned());
            if value.is_empty() {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.to_owned());
            }
        }
    }
}

/// A URL without its query, which may hold codes and artifacts.
fn bare(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

impl Shown {
    /// The form of the page that leads to this path.
    ///
    /// # Errors
    /// A text with the page's heading, when there is no such form.
    pub fn form(&self, path: &str) -> Result<Form, String> {
        let page = self.document()?;
        let forms = page.get_elements_by_tag_name("form");
        let found = forms
            .into_iter()
            .find(|form| attribute(&page, *form, "action") == path);
        let form = found
            .ok_or_else(|| format!("the person saw no form for {path}, but {}", self.in_short()))?;
        let action = self
            .url
            .join(path)
            .map_err(|_| format!("{path} is no path"))?;
        let mut read = Form {
            action,
            fields: Vec::new(),
            choices: Vec::new(),
        };
        for field in page.descendants(form) {
            read.take(&page, field);
        }
        Ok(read)
    }

    /// Status and address, without what the query may hold.
    pub fn in_short(&self) -> String {
        format!("HTTP {} at {}", self.status, bare(&self.url))
    }

    /// The page's heading, in whatever language it is.
    pub fn heading(&self) -> String {
        let text = |page: &Document<'_>| {
            let heading = page.get_elements_by_tag_name("h1").into_iter().next()?;
            Some(page.text_content_deep(heading))
        };
        let heading = self.document().ok().as_ref().and_then(text);
        format!(
            "HTTP {}, {}",
            self.status,
            heading.unwrap_or_else(|| "no page".to_owned())
        )
    }

    /// The demo's pages are well-formed XML, so that a program can read them too.
    fn document(&self) -> Result<Document<'_>, String> {
        let html = self.html.trim_start_matches("<!DOCTYPE html>").trim_start();
        uppsala::parse(html)
            .map_err(|_| format!("{} answered HTTP {}", bare(&self.url), self.status))
    }
}

impl Form {
    /// A field as a browser would send it: text and hidden fields, what is ticked, what is selected.
    fn take(&mut self, page: &Document<'_>, node: NodeId) {
        let Some(element) = page.element(node) else {
            return;
        };
        let value = |name| attribute(page, node, name);
        let has = |name| {
            element
                .attributes
                .iter()
                .any(|a| &*a.name.local_name == name)
        };
        let pair = (value("name"), value("value"));
        match &*element.name.local_name {
            "input" => match value("type").as_str() {
                "radio" => {
                    if has("checked") {
                        self.fields.push(pair.clone());
                    }
                    self.choices.push(pair);
                }
                "checkbox" => {
                    if has("checked") {
                        self.fields.push((pair.0, on_if_empty(pair.1)));
                    }
                }
                "submit" => {}
                _ => self.fields.push(pair),
            },
            "option" if has("selected") => {
                if let Some(select) = page
                    .ancestors(node)
                    .into_iter()
                    .find(|a| is_select(page, *a))
                {
                    self.fields.push((attribute(page, select, "name"), pair.1));
                }
            }
            _ => {}
        }
    }

    /// The form with this field set.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The form without this field.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    /// The form with the second of each pair of radio buttons chosen: every name that can be
    /// answered with `value`.
    #[must_use]
    pub fn with_every(mut self, value: &str) -> Self {
        let names: Vec<String> = self
            .choices
            .iter()
            .filter(|(_, v)| v == value)
            .map(|(name, _)| name.clone())
            .collect();
        for name in names {
            self = self.with(&name, value);
        }
        self
    }
}

fn attribute(page: &Document<'_>, node: NodeId, name: &str) -> String {
    let element = page.element(node);
    element
        .and_then(|e| e.get_attribute(name))
        .unwrap_or_default()
        .to_owned()
}

fn is_select(page: &Document<'_>, node: NodeId) -> bool {
    page.element(node)
        .is_some_and(|e| &*e.name.local_name == "select")
}

fn on_if_empty(value: String) -> String {
    if value.is_empty() {
        "on".to_owned()
    } else {
        value
    }
}
