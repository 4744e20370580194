//! Any bytes at any entrance: an error, never a panic; and never another person than DigiD named.

use std::sync::LazyLock;

use proptest::prelude::*;
use saml::artifact::Artifact;
use saml::incoming::ServiceProvider;
use saml::keys::Certificate;
use saml::logout::{self, AskedToLogOut};
use saml::metadata::{IdpMetadata, SpMetadata};
use saml::redirect::{Carried, Redirected};
use saml::{artifact_resolve, authn_request, entrance, reader};

use crate::common::{
    BSN, NOW, RESOLVE, SLO, SP_KEY, SP_SLO, SP_SLO_SOAP, SSO, at, good, idp_metadata, judge,
    judge_bytes, resolve, sp_metadata,
};

/// Sends the bytes to every entrance.
fn everywhere(bytes: &[u8]) {
    let _ = reader::parse(bytes);
    let _ = reader::parse_tolerating_comments(bytes);
    let _ = IdpMetadata::parse(bytes);
    let _ = SpMetadata::parse(bytes);
    let _ = SpMetadata::parse_signed(bytes, &[SP_KEY.trusted()]);
    let _ = Certificate::from_der(bytes);
    let _ = at(RESOLVE, |idp| artifact_resolve::receive(bytes, idp, NOW));
    let _ = judge_bytes(bytes);
    let text = String::from_utf8_lossy(bytes);
    let _ = Artifact::parse(&text);
    let _ = Redirected::read(&text, Carried::Request);
    let _ = Redirected::read(&text, Carried::Response);
    let _ = at(SSO, |idp| authn_request::receive_redirect(&text, idp, NOW));
    let _ = at(SSO, |idp| {
        authn_request::receive_post(&text, None, idp, NOW)
    });
    let _ = at(SSO, |idp| entrance::receive_post(&text, None, idp, NOW));
    let _ = at(SLO, |idp| entrance::receive_logout(&text, idp, NOW));
    let _ = at(SLO, |idp| logout::receive_redirect(&text, idp, NOW));
    let _ = at(SLO, |idp| logout::receive_post(&text, None, idp, NOW));
    let idp = idp_metadata();
    let sp = ServiceProvider {
        url: SP_SLO_SOAP,
        identity_provider: &idp,
    };
    let _ = logout::receive_soap(bytes, sp, NOW);
    let asked = AskedToLogOut {
        request_id: "_logout",
        url: SP_SLO,
        identity_provider: &idp,
    };
    let _ = logout::accept_redirect(&text, asked, NOW);
    let _ = logout::accept_soap(bytes, "_logout", &sp_metadata(), NOW);
}

static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| good().into_bytes());
static RESOLVE_SOAP: LazyLock<Vec<u8>> = LazyLock::new(|| {
    resolve()
        .to_soap(RESOLVE, &SP_KEY.signing)
        .expect("signed")
        .into_bytes()
});
static METADATA: LazyLock<Vec<u8>> = LazyLock::new(|| {
    idp_metadata()
        .to_xml("_idp", &SP_KEY.signing)
        .expect("signed")
        .into_bytes()
});

/// A message with a few bytes changed, cut out or doubled.
fn damaged(message: &'static LazyLock<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let damage = (
        any::<prop::sample::Index>(),
        0..4_u8,
        any::<u8>(),
        1..40_usize,
    );
    prop::collection::vec(damage, 1..4).prop_map(|damages| {
        let mut bytes = LazyLock::force(message).clone();
        for (place, kind, byte, length) in damages {
            let place = place.index(bytes.len());
            let end = (place + length).min(bytes.len());
            match kind {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                2 => drop(bytes.drain(place..end)),
                _ => {
                    let copy = bytes[place..end].to_vec();
                    bytes.splice(place..place, copy);
                }
            }
        }
        bytes
    })
}

proptest! {
    #[test]
    fn any_bytes_give_an_error_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        everywhere(&bytes);
    }

    #[test]
    fn any_text_like_xml_gives_an_error_and_no_panic(text in "[<>/!?&;#x0-9a-z:='\" \\[\\]\\-]{0,200}") {
        everywhere(text.as_bytes());
    }

    #[test]
    fn damaged_messages_give_an_error_and_no_panic(
        bytes in prop_oneof![damaged(&GOOD), damaged(&RESOLVE_SOAP), damaged(&METADATA)]
    ) {
        everywhere(&bytes);
    }

    #[test]
    fn a_damaged_answer_is_refused_or_names_the_same_person(bytes in damaged(&GOOD)) {
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(person) = judge(&text) {
            prop_assert!(person == judge(&good()).expect("accepted"));
            prop_assert!(person.bsn.reveal() == BSN);
        }
    }
}

/// Documents that are hard to read, each close to the bound in size. They cost a program that
/// compares everything with everything minutes; here the whole test takes a moment.
#[test]
fn the_hardest_documents_are_judged_in_bounded_time() {
    let fill = |piece: &str, around: usize| {
        piece.repeat((reader::Bounds::MESSAGE.bytes - around) / piece.len())
    };
    let numbered = |make: fn(usize) -> String, bytes: usize| {
        let mut text = String::new();
        for n in 0.. {
            let piece = make(n);
            if text.len() + piece.len() > bytes {
                break;
            }
            text.push_str(&piece);
        }
        text
    };
    let room = reader::Bounds::MESSAGE.bytes - 4096;
    let prefixes = numbered(|n| format!("p{n} "), 4096);
    let declared = numbered(|n| format!(" xmlns:n{n}='u'"), 200 * 14);
    for hostile in [
        format!("<a{}/>", numbered(|n| format!(" a{n}=''"), room)),
        format!("<a>{}</a>", numbered(|n| format!("<b ID='i{n}'/>"), room)),
        format!("<a>{}</a>", fill("<b/>", 8)),
        format!("<a>{}</a>", fill("&#65;", 8)),
        format!("<a>{}</a>", fill("<![CDATA[x]]>", 8)),
        format!("<a>{}</a>", fill("<!---->", 8)),
        format!(
            "<a{declared}>{}</a>",
            numbered(|n| format!("<n{}:b/>", n % 200), room - 4096)
        ),
        format!(
            "<a>{}</a>",
            numbered(|n| format!("<b xmlns:n{n}='u'/>"), 20 * 1023)
        ),
        format!("{}{}", "<a>".repeat(64), fill("x", 64 * 7)) + &"</a>".repeat(64),
    ] {
        everywhere(hostile.as_bytes());
    }
    let soap = String::from_utf8_lossy(&GOOD).into_owned();
    let long_list = soap.replace("ds saml samlp xs", &prefixes);
    let status = "<samlp:Status>";
    let crowded = long_list.replacen(
        status,
        &format!("{status}{}", fill("<b/>", long_list.len() + 64)),
        1,
    );
    everywhere(crowded.as_bytes());
}
