//! The `claims` parameter (OIDC Core §5.5; etoegang.md §4.3): what an app wants to know by name.
//!
//! Of attributes only those count that the catalogue declares for the service; others are passed over,
//! as OpenID Connect has it. What the catalogue requires is asked for by the service itself. A level or a
//! person that is asked for is a condition.

use serde_json::{Map, Value};

use super::attributen::GevraagdAttribuut;
use crate::attribuut::ATTRIBUTEN_MAX;
use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::dienstencatalogus::{Dienst, Dienstattribuut};

/// Bytes of the parameter, at most.
const BYTES_MAX: usize = 8 * 1024;
/// Claims that one may ask for by name, at most, in each of the two places.
const CLAIMS_MAX: usize = 64;

/// What was asked for by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GevraagdeClaims {
    /// Attributes that AD or MR may declare: those that the app names, and those that the service
    /// requires. Each once, [`ATTRIBUTEN_MAX`] at most.
    pub attributen: Vec<GevraagdAttribuut>,
    /// The level that must be reached, where `acr` is essential with values.
    pub niveau: Option<Betrouwbaarheidsniveau>,
    /// The person that it must be, as this DV knows him.
    pub sub: Option<String>,
}

/// Why the parameter is refused, for the operator.
pub type Reden = &'static str;

/// One claim as it was asked for.
struct Vraag<'a> {
    is_essential: bool,
    values: Vec<&'a str>,
}

impl GevraagdeClaims {
    /// Reads the parameter for a service; without it nothing is asked for but what the service requires.
    ///
    /// # Errors
    /// [`Reden`]: it is no object of the form of OIDC Core §5.5, or asks for a level above the
    /// service's (etoegang.md §3), or for too much.
    pub fn read(parameter: Option<&str>, dienst: &Dienst) -> Result<Self, Reden> {
        let required = dienst.attributen.iter().filter(|asked| asked.verplicht);
        let mut read = Self {
            attributen: required.map(GevraagdAttribuut::van_dienst).collect(),
            ..Self::default()
        };
        if let Some(text) = parameter {
            read.of_app(text, dienst)?;
        }
        if read.attributen.len() > ATTRIBUTEN_MAX {
            return Err("claims asks for too many attributes");
        }
        Ok(read)
    }

    fn of_app(&mut self, text: &str, dienst: &Dienst) -> Result<(), Reden> {
        if text.len() > BYTES_MAX {
            return Err("claims is too long");
        }
        let asked: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| "claims is no JSON object")?;
        for (place, in_id_token) in [("id_token", true), ("userinfo", false)] {
            match asked.get(place) {
                None | Some(Value::Null) => {}
                Some(Value::Object(claims)) => self.add(claims, in_id_token, dienst)?,
                Some(_) => return Err("claims asks in a form that there is not"),
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        claims: &Map<String, Value>,
        in_id_token: bool,
        dienst: &Dienst,
    ) -> Result<(), Reden> {
        if claims.len() > CLAIMS_MAX {
            return Err("claims asks for too many");
        }
        for (naam, asked) in claims {
            let vraag = Vraag::read(asked)?;
            match naam.as_str() {
                "acr" if vraag.is_essential && !vraag.values.is_empty() => {
                    let niveau = niveau(&vraag.values, dienst)?;
                    self.niveau = self.niveau.max(Some(niveau));
                }
                // OIDC Core §3.1.2.2: nobody else's token may be given then
                "sub" if !vraag.values.is_empty() => self.person(vraag.values[0])?,
                naam => {
                    let mut declared = dienst.attributen.iter();
                    // OIDC Core §5.5: what is not understood is passed over
                    if let Some(known) = declared.find(|known| known.naam.as_str() == naam) {
                        let asked = self.attribuut(known);
                        asked.essentieel |= vraag.is_essential;
                        asked.plaatsen.id_token |= in_id_token;
                        asked.plaatsen.userinfo |= !in_id_token;
                    }
                }
            }
        }
        Ok(())
    }

    /// What is asked of this attribute so far.
    fn attribuut(&mut self, known: &Dienstattribuut) -> &mut GevraagdAttribuut {
        let mut asked = self.attributen.iter();
        let at = asked.position(|asked| asked.naam == known.naam);
        let at = at.unwrap_or_else(|| {
            self.attributen.push(GevraagdAttribuut::van_dienst(known));
            self.attributen.len() - 1
        });
        &mut self.attributen[at]
    }

    fn person(&mut self, sub: &str) -> Result<(), Reden> {
        if self.sub.as_deref().is_some_and(|known| known != sub) {
            return Err("claims asks for two persons");
        }
        self.sub = Some(sub.to_owned());
        Ok(())
    }
}

impl<'a> Vraag<'a> {
    /// OIDC Core §5.5.1.
    fn read(asked: &'a Value) -> Result<Self, Reden> {
        const FORM: Reden = "a claim is asked for in a form that there is not";
        let members = match asked {
            Value::Null => {
                return Ok(Self {
                    is_essential: false,
                    values: Vec::new(),
                });
            }
            Value::Object(members) => members,
            _ => return Err(FORM),
        };
        let is_essential = members.get("essential").unwrap_or(&Value::Bool(false));
        let one = members.get("value").into_iter();
        let many = match members.get("values") {
            None => [].iter(),
            Some(Value::Array(values)) => values.iter(),
            Some(_) => return Err(FORM),
        };
        Ok(Self {
            is_essential: is_essential.as_bool().ok_or(FORM)?,
            // Every claim that counts here is text: another value can be met by none.
            values: one.chain(many).filter_map(Value::as_str).collect(),
        })
    }
}

/// The lowest of the levels, each of which would do (OIDC Core §5.5.1.1). None may be above the
/// service's.
fn niveau(values: &[&str], dienst: &Dienst) -> Result<Betrouwbaarheidsniveau, Reden> {
    let levels = values.iter();
    let levels = levels.filter_map(|acr| Betrouwbaarheidsniveau::from_acr(acr).ok());
    let levels: Vec<_> = levels.collect();
    if levels.iter().any(|niveau| *niveau > dienst.niveau) {
        return Err("claims asks for a level above that of the service");
    }
    let lowest = levels.into_iter().min();
    lowest.ok_or("claims asks for a level that there is not")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribuut::Attribuutnaam;
    use crate::dv_hm::attributen::Plaatsen;
    use crate::testing::dienst;
    use serde_json::json;

    const NAME: &str = "urn:etoegang:1.11:attribute-represented:CompanyName";
    const BIRTH: &str = "urn:etoegang:1.9:attribute:DateOfBirth";

    fn asked(naam: &str, verplicht: bool) -> Dienstattribuut {
        let naam = Attribuutnaam::parse(naam).expect("a name");
        Dienstattribuut { naam, verplicht }
    }

    fn service() -> Dienst {
        let mut dienst = dienst();
        dienst.attributen = vec![asked(NAME, false)];
        dienst
    }

    fn read(claims: &Value) -> Result<GevraagdeClaims, Reden> {
        GevraagdeClaims::read(Some(&claims.to_string()), &service())
    }

    #[test]
    fn oidc_core_5_5_an_attribute_counts_when_the_catalogue_declares_it() {
        let other = "urn:etoegang:1.11:attribute-represented:VATRegistrationNumber";
        let asked_for = json!({
            "id_token": {NAME: {"essential": true}, "given_name": null},
            "userinfo": {NAME: null, other: {"essential": true}},
            "surprise": 1,
        });
        // OIDC Core §5.5; etoegang.md §3
        let read = read(&asked_for).expect("a good form");
        let expected = GevraagdAttribuut {
            essentieel: true,
            plaatsen: Plaatsen {
                id_token: true,
                userinfo: true,
            },
            ..GevraagdAttribuut::van_dienst(&asked(NAME, false))
        };
        assert_eq!(read.attributen, [expected]);
        assert_eq!((read.niveau, read.sub), (None, None));
        let nothing = GevraagdeClaims::read(None, &service());
        assert_eq!(nothing, Ok(GevraagdeClaims::default()));
    }

    #[test]
    fn what_the_catalogue_requires_is_asked_for_whether_the_app_names_it_or_not() {
        let mut dienst = service();
        dienst.attributen.push(asked(BIRTH, true));
        let required = GevraagdAttribuut::van_dienst(&asked(BIRTH, true));
        // etoegang.md §3
        let read = |claims| {
            GevraagdeClaims::read(claims, &dienst)
                .expect("good")
                .attributen
        };
        assert_eq!(read(None), std::slice::from_ref(&required));
        let named = format!("{{\"userinfo\":{{\"{BIRTH}\":null}}}}");
        let expected = GevraagdAttribuut {
            plaatsen: Plaatsen {
                id_token: false,
                userinfo: true,
            },
            ..required
        };
        assert_eq!(read(Some(&named)), [expected]);
    }

    #[test]
    fn no_more_attributes_are_asked_for_than_a_browser_can_carry() {
        let names: Vec<String> = (0..=ATTRIBUTEN_MAX)
            .map(|n| format!("urn:etoegang:1.9:attribute:A{n}"))
            .collect();
        let mut dienst = dienst();
        dienst.attributen = names.iter().map(|naam| asked(naam, false)).collect();
        let claims = |many: usize| {
            let some = names.iter().take(many);
            let some: Map<_, _> = some.map(|naam| (naam.clone(), Value::Null)).collect();
            GevraagdeClaims::read(Some(&json!({ "id_token": some }).to_string()), &dienst)
        };
        assert!(claims(ATTRIBUTEN_MAX).is_ok());
        assert!(claims(ATTRIBUTEN_MAX + 1).is_err());
    }

    #[test]
    fn oidc_core_5_5_1_1_an_essential_level_must_be_reached_and_is_not_above_the_service() {
        let acr = |acr: Value| read(&json!({"id_token": {"acr": acr}})).map(|read| read.niveau);
        let urn = |level| format!("urn:etoegang:core:assurance-class:{level}");
        let two = json!({"essential": true, "values": [urn("loa3"), urn("loa2"), "x"]});
        // OIDC Core §5.5.1.1
        assert_eq!(acr(two), Ok(Some(Betrouwbaarheidsniveau::Loa2)));
        let voluntary = json!({"value": urn("loa4")});
        assert_eq!(acr(voluntary), Ok(None));
        assert_eq!(acr(json!({"essential": true})), Ok(None));
        // etoegang case 69
        for refused in [
            json!({"essential": true, "value": urn("loa4")}),
            json!({"essential": true, "value": "x"}),
        ] {
            assert!(acr(refused.clone()).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_person_may_be_named_once_and_another_form_is_refused() {
        let sub = |sub: &str| json!({"value": sub});
        let one = json!({"id_token": {"sub": sub("a")}, "userinfo": {"sub": sub("a")}});
        // OIDC Core §3.1.2.2
        assert_eq!(read(&one).expect("one person").sub.as_deref(), Some("a"));
        for refused in [
            json!({"id_token": {"sub": sub("a")}, "userinfo": {"sub": sub("b")}}),
            json!({"id_token": []}),
            json!({"id_token": {"acr": "loa3"}}),
            json!({"id_token": {"acr": {"essential": "yes"}}}),
            json!({"id_token": {"acr": {"values": "loa3"}}}),
            json!([]),
        ] {
            assert!(read(&refused).is_err(), "{refused}");
        }
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(BYTES_MAX));
        assert!(GevraagdeClaims::read(Some(&long), &service()).is_err());
        let many: Map<_, _> = (0..65).map(|n| (n.to_string(), Value::Null)).collect();
        assert!(read(&json!({"id_token": many})).is_err());
    }
}
