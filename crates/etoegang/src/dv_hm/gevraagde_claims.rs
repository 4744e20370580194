//! The `claims` parameter (OIDC Core §5.5; etoegang.md §4.3): what an app wants to know by name.
//!
//! Of attributes only those count that the catalogue declares for the service; others are passed over,
//! as OpenID Connect has it. A level or a person that is asked for is a condition.

use serde_json::{Map, Value};

use crate::betrouwbaarheidsniveau::Betrouwbaarheidsniveau;
use crate::dienstencatalogus::Dienst;

/// Bytes of the parameter, at most.
const BYTES_MAX: usize = 8 * 1024;
/// Claims that one may ask for by name, at most, in each of the two places.
const CLAIMS_MAX: usize = 64;

/// What was asked for by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GevraagdeClaims {
    /// Attributes that AD or MR may declare.
    pub attributen: Vec<GevraagdeClaim>,
    /// The level that must be reached, where `acr` is essential with values.
    pub niveau: Option<Betrouwbaarheidsniveau>,
    /// The person that it must be, as this DV knows him.
    pub sub: Option<String>,
}

/// An attribute that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GevraagdeClaim {
    /// Its name in the catalogue.
    pub naam: String,
    /// Whether the app says that it cannot do without. That alone stops no login.
    pub essentieel: bool,
    /// Where it is wanted.
    pub in_id_token: bool,
}

/// Why the parameter is refused, for the operator.
pub type Reden = &'static str;

/// One claim as it was asked for.
struct Vraag<'a> {
    is_essential: bool,
    values: Vec<&'a str>,
}

impl GevraagdeClaims {
    /// Reads the parameter for a service; without it nothing is asked for.
    ///
    /// # Errors
    /// [`Reden`]: it is no object of the form of OIDC Core §5.5, or asks for a level above the
    /// service's (etoegang.md §3).
    pub fn read(parameter: Option<&str>, dienst: &Dienst) -> Result<Self, Reden> {
        let Some(text) = parameter else {
            return Ok(Self::default());
        };
        if text.len() > BYTES_MAX {
            return Err("claims is too long");
        }
        let asked: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| "claims is no JSON object")?;
        let mut read = Self::default();
        for (place, in_id_token) in [("id_token", true), ("userinfo", false)] {
            match asked.get(place) {
                None | Some(Value::Null) => {}
                Some(Value::Object(claims)) => read.add(claims, in_id_token, dienst)?,
                Some(_) => return Err("claims asks in a form that there is not"),
            }
        }
        Ok(read)
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
                naam if dienst.attributen.iter().any(|known| known == naam) => {
                    self.attributen.push(GevraagdeClaim {
                        naam: naam.to_owned(),
                        essentieel: vraag.is_essential,
                        in_id_token,
                    });
                }
                _ => {} // OIDC Core §5.5: what is not understood is passed over
            }
        }
        Ok(())
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
    use crate::testing::dienst;
    use serde_json::json;

    const NAME: &str = "urn:etoegang:1.11:attribute-represented:CompanyName";

    fn service() -> Dienst {
        let mut dienst = dienst();
        dienst.attributen = vec![NAME.into()];
        dienst
    }

    fn read(claims: &Value) -> Result<GevraagdeClaims, Reden> {
        GevraagdeClaims::read(Some(&claims.to_string()), &service())
    }

    #[test]
    fn oidc_core_5_5_an_attribute_counts_when_the_catalogue_declares_it() {
        let other = "urn:etoegang:1.11:attribute-represented:VATRegistrationNumber";
        let asked = json!({
            "id_token": {NAME: {"essential": true}, "given_name": null},
            "userinfo": {NAME: null, other: {"essential": true}},
            "surprise": 1,
        });
        let claim = |essentieel, in_id_token| GevraagdeClaim {
            naam: NAME.into(),
            essentieel,
            in_id_token,
        };
        // OIDC Core §5.5; etoegang.md §3
        let read = read(&asked).expect("a good form");
        assert_eq!(read.attributen, [claim(true, true), claim(false, false)]);
        assert_eq!((read.niveau, read.sub), (None, None));
        let nothing = GevraagdeClaims::read(None, &service());
        assert_eq!(nothing, Ok(GevraagdeClaims::default()));
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
