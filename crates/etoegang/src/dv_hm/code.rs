//! What a finished login becomes: a family whose first secret is the code (GUC8 in etoegang.md §2.1).

use protocol::grant::CodeTerms;
use protocol::handle::Handle;
use verdict::{Actor, Event, Expect, Moment, Record as _, Verdict};

use super::authorize::{Afgebroken, AuthorizationRequest};
use super::family::{CODE_S, Family, Secret, Vertegenwoordiging};
use crate::attribuut::Attributen;
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::gebeurtenis::Over;
use crate::hm_ad::{AdRefreshToken, AdSessie};

/// A person who logged in at an AD, and who may act for somebody as the MRs said.
#[derive(Clone, Debug)]
pub struct Aanmelding {
    /// The login.
    pub ad: AdSessie,
    /// What the AD gave, if it lets the session be renewed.
    pub ad_token: Option<AdRefreshToken>,
    /// The person, for this DV.
    pub sub: String,
    /// For whom he acts, and which level each MR used; nothing when for himself.
    pub vertegenwoordiging: Option<(Vertegenwoordiging, Vec<Betrouwbaarheidsniveau>)>,
    /// What the AD declared of him, of what was asked.
    pub van_ad: Attributen,
    /// What the MR declared of whom he acts for, of what was asked.
    pub van_mr: Attributen,
}

/// Makes the code of a login at this issuer; `id` is random.
///
/// # Errors
/// [`Afgebroken::NiveauNietGehaald`]: means or mandate are below what was asked.
/// [`Afgebroken::AnderePersoon`]: it is not the person that the app named.
/// [`Afgebroken::GeenAttribuut`]: an attribute that must be had was not declared. No row is written.
pub fn uitgeven(
    issuer: &str,
    request: &AuthorizationRequest,
    aanmelding: Aanmelding,
    id: [u8; 16],
    now: Moment,
) -> Result<Verdict<Handle>, Afgebroken> {
    // OIDC Core §3.1.2.2
    let named = request.claims.sub.as_ref();
    if named.is_some_and(|sub| *sub != aanmelding.sub) {
        return Err(Afgebroken::AnderePersoon);
    }
    let (wie, gebruikt) = match aanmelding.vertegenwoordiging {
        Some((wie, gebruikt)) => (Some(wie), gebruikt),
        None => (None, Vec::new()),
    };
    // etoegang.md §3: the lowest of all
    let niveau = aanmelding.ad.niveau.effectief(gebruikt);
    if niveau < request.vereist() {
        return Err(Afgebroken::NiveauNietGehaald);
    }
    let verklaard = [&aanmelding.van_ad, &aanmelding.van_mr];
    let attributen = request.claims.gegeven(verklaard, wie.as_ref())?;
    let client_id = request.oidc.client.client_id.clone();
    let family = Family {
        issuer: Some(issuer.to_owned()),
        client_id: client_id.clone(),
        dv: request.dv.clone(),
        service_id: request.dienst.service_id.clone(),
        service_uuid: request.dienst.service_uuid.clone(),
        scope: request.oidc.scope.to_string(),
        sub: aanmelding.sub,
        gevraagd: request.gevraagd,
        niveau,
        ad: aanmelding.ad,
        vertegenwoordiging: wie,
        attributen,
        generation: 0,
        uitgegeven: now.unix(),
        secret: Secret::Code {
            terms: CodeTerms {
                redirect_uri: request.oidc.redirect_uri.clone(),
                challenge: request.oidc.challenge.clone(),
            },
            nonce: request.nonce.clone(),
            ad_token: aanmelding.ad_token,
        },
    };
    let event = Event::granted(
        "etoegang.md §4.3",
        "a code was issued",
        Actor::Party(client_id),
    );
    // etoegang case 94
    let is_represented = family.vertegenwoordiging.is_some();
    let over = Over {
        besluit: is_represented.then_some("permitted"),
        ..Over::family(&family)
    };
    Ok(Verdict {
        reply: Handle { id, generation: 0 },
        // etoegang case 75
        changes: vec![family.put(Family::key(id), Expect::Absent, now.plus_s(CODE_S))],
        events: vec![over.in_event(event, id)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribuut::COMPANY_NAME;
    use crate::testing::{
        NOW, ad_token, attributen, family, family_with_code, gegeven, hm, request, request_for,
    };
    use verdict::Then;

    fn login(used: Betrouwbaarheidsniveau) -> Aanmelding {
        let wie = family().vertegenwoordiging.expect("representation");
        Aanmelding {
            ad: family().ad,
            ad_token: Some(ad_token()),
            sub: family().sub,
            vertegenwoordiging: Some((wie, vec![used])),
            van_ad: Attributen::default(),
            van_mr: Attributen::default(),
        }
    }

    #[test]
    fn etoegang_case_075_a_code_is_a_family_that_lasts_a_minute() {
        let now = Moment::from_unix(NOW);
        let verdict = uitgeven(
            &hm().issuer,
            &request(&[]),
            login(Betrouwbaarheidsniveau::Loa4),
            [9; 16],
            now,
        );
        let mut verdict = verdict.expect("a code");
        assert_eq!(verdict.reply.generation, 0);
        let change = verdict.changes.pop().expect("a row");
        assert_eq!(
            (change.key, change.expect),
            (Family::key([9; 16]), Expect::Absent)
        );
        let Then::Put { until, body } = change.then else {
            panic!("a row");
        };
        // etoegang case 75
        assert_eq!(until, now.plus_s(60));
        let mut expected = family_with_code();
        if let Secret::Code { nonce, .. } = &mut expected.secret {
            *nonce = "nonce-van-precies-lang-genoeg".into();
        }
        assert_eq!(Family::from_body(&body), Ok(expected));
    }

    #[test]
    fn a_mandate_below_the_level_of_the_service_brings_no_code() {
        let now = Moment::from_unix(NOW);
        let verdict = uitgeven(
            &hm().issuer,
            &request(&[]),
            login(Betrouwbaarheidsniveau::Loa2),
            [9; 16],
            now,
        );
        // etoegang.md §3
        assert_eq!(verdict.err(), Some(Afgebroken::NiveauNietGehaald));
    }

    #[test]
    fn oidc_core_3_1_2_2_nobody_elses_code_is_given_to_an_app_that_named_the_person() {
        let now = Moment::from_unix(NOW);
        let named = |sub: &str| {
            let claims = format!("{{\"id_token\":{{\"sub\":{{\"value\":\"{sub}\"}}}}}}");
            let request = request(&[("claims", &claims)]);
            let login = login(Betrouwbaarheidsniveau::Loa3);
            uitgeven(&hm().issuer, &request, login, [9; 16], now)
                .map(|_| ())
                .err()
        };
        // OIDC Core §3.1.2.2
        assert_eq!(named(&family().sub), None);
        assert_eq!(named("iemand-anders"), Some(Afgebroken::AnderePersoon));
        let refusal = request(&[]).afgebroken(Afgebroken::AnderePersoon);
        assert_eq!(refusal.error, "login_required");
    }

    #[test]
    fn etoegang_md_4_3_a_login_without_an_attribute_that_must_be_had_brings_no_code() {
        let now = Moment::from_unix(NOW);
        let claims = |how: &str| {
            let asked = format!("{{\"userinfo\":{{\"{COMPANY_NAME}\":{how}}}}}");
            request_for(&[COMPANY_NAME], &[("claims", &asked)])
        };
        let issued = |request: &AuthorizationRequest, van_mr: &[(&str, &str)]| {
            let login = Aanmelding {
                van_mr: attributen(van_mr),
                ..login(Betrouwbaarheidsniveau::Loa3)
            };
            let mut verdict = uitgeven(&hm().issuer, request, login, [9; 16], now)?;
            let Some(Then::Put { body, .. }) = verdict.changes.pop().map(|change| change.then)
            else {
                panic!("a row");
            };
            Ok(Family::from_body(&body).expect("a row").attributen)
        };
        let (essential, voluntary) = (claims("{\"essential\":true}"), claims("null"));
        // etoegang.md §4.3
        assert_eq!(issued(&essential, &[]), Err(Afgebroken::GeenAttribuut));
        assert_eq!(issued(&voluntary, &[]), Ok(Vec::new()));
        let known = issued(&essential, &[(COMPANY_NAME, "Bakkerij")]);
        assert_eq!(known, Ok(gegeven(COMPANY_NAME, "Bakkerij", false)));
    }
}
