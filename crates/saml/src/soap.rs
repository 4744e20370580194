//! The SOAP 1.1 envelope around messages of the back channel (SAML bindings 3.2).

use crate::names::SOAP;
use crate::reader::Element;
use crate::writer::El;

/// A finished message in an envelope, with an XML declaration.
pub(crate) fn envelope(message: String) -> String {
    let envelope = El::new("soapenv:Envelope")
        .attr("xmlns:soapenv", SOAP)
        .child(El::new("soapenv:Body").finished(message));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}",
        envelope.to_xml()
    )
}

/// A message that says that the sender's could not be taken (SOAP 1.1 §4.4). It goes with HTTP
/// status 500 (§6.2); `text` holds nothing about a person.
pub fn fault(text: &str) -> String {
    let fault = El::new("soapenv:Fault")
        .attr("xmlns:soapenv", SOAP)
        .child(El::new("faultcode").text("soapenv:Client"))
        .child(El::new("faultstring").text(text));
    envelope(fault.to_xml())
}

/// The one element in the body of an envelope. Header blocks are passed over, unless one must be
/// understood (SOAP 1.1 §4.2.3): we understand none.
pub(crate) fn content(envelope: Element<'_>) -> Option<Element<'_>> {
    let must_understand = |block: Element<'_>| {
        let value = block.attribute_of(SOAP, "mustUnderstand");
        value.is_some_and(|value| value != "0")
    };
    let refused = envelope
        .all(SOAP, "Header")
        .flat_map(Element::children)
        .any(must_understand);
    if !envelope.is(SOAP, "Envelope") || refused {
        return None;
    }
    let mut content = envelope.only(SOAP, "Body")?.children();
    let first = content.next()?;
    content.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader;

    fn has_content(inside: &str) -> bool {
        let xml = format!("<s:Envelope xmlns:s='{SOAP}'>{inside}</s:Envelope>");
        let document = reader::parse(xml.as_bytes()).expect("readable");
        content(document.root()).is_some_and(|el| el.is("u", "m"))
    }

    #[test]
    fn an_envelope_gives_back_the_message_that_was_put_in() {
        let xml = envelope("<m xmlns='u'>x</m>".to_owned());
        let document = reader::parse(xml.as_bytes()).expect("readable");
        let message = content(document.root()).expect("content");
        assert!(message.is("u", "m"));
        assert_eq!(message.text().as_deref(), Some("x"));
    }

    #[test]
    fn a_fault_names_its_code_and_says_why() {
        let xml = fault("no <thing>");
        let document = reader::parse(xml.as_bytes()).expect("readable");
        let fault = content(document.root()).expect("content");
        assert!(fault.is(SOAP, "Fault"));
        let said: Vec<_> = fault.children().map(Element::text).collect();
        assert_eq!(
            said,
            [
                Some("soapenv:Client".to_owned()),
                Some("no <thing>".to_owned())
            ]
        );
    }

    #[test]
    fn a_header_is_passed_over_unless_it_must_be_understood() {
        let body = "<s:Body><m xmlns='u'/></s:Body>";
        assert!(has_content(&format!("<s:Header><h/></s:Header>{body}")));
        assert!(has_content(&format!(
            "<s:Header><h s:mustUnderstand='0'/></s:Header>{body}"
        )));
        // SOAP 1.1 §4.2.3
        assert!(!has_content(&format!(
            "<s:Header><h s:mustUnderstand='1'/></s:Header>{body}"
        )));
    }

    #[test]
    fn a_body_holds_exactly_one_message() {
        assert!(has_content("<s:Body><m xmlns='u'/></s:Body>"));
        assert!(!has_content("<s:Body/>"));
        assert!(!has_content(
            "<s:Body><m xmlns='u'/><m xmlns='u'/></s:Body>"
        ));
        assert!(!has_content("<s:Body><m xmlns='u'/></s:Body><s:Body/>"));
        assert!(!has_content("<m xmlns='u'/>"));
        let other = reader::parse(b"<Envelope><Body><m xmlns='u'/></Body></Envelope>");
        assert!(content(other.expect("readable").root()).is_none());
    }
}
