//! Attributes (attributen): what an AD declares of a person, and an MR of an organisation (etoegang.md
//! §3, §5.4).
//!
//! Its name says whose an attribute is, and with that who may declare it. Values are about people: none of
//! them prints.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// Attributes of one holder or one question, at most. The scheme's catalogue of attributes has some ten.
pub const ATTRIBUTEN_MAX: usize = 16;
/// Characters of a value, at most (etoegang.md §5.4 says so of `CompanyName`).
pub const WAARDE_MAX: usize = 200;
/// Bytes of a name, at most: sixteen of them fit a browser's cookie.
const NAAM_BYTES_MAX: usize = 96;
/// What every name begins with; the version of the scheme follows.
const NAAMRUIMTE: &str = "urn:etoegang:";

/// The name by which an MR declares what an organisation is called.
pub const COMPANY_NAME: &str = "urn:etoegang:1.11:attribute-represented:CompanyName";
/// The last part of the name of a number of the trade register.
pub(crate) const KVK_NUMMER: &str = "KvKnr";
/// What ADs declare of people, as far as sources tell (etoegang.md §5.4).
pub const VAN_PERSONEN: [&str; 3] = [
    "urn:etoegang:1.9:attribute:FirstName",
    "urn:etoegang:1.9:attribute:FamilyName",
    "urn:etoegang:1.9:attribute:DateOfBirth",
];
/// What MRs declare of organisations, without what is of eIDAS alone (etoegang.md §5.4).
pub const VAN_ORGANISATIES: [&str; 5] = [
    COMPANY_NAME,
    "urn:etoegang:1.13:attribute-intermediate:CompanyName",
    "urn:etoegang:1.11:attribute-represented:KvKnr",
    "urn:etoegang:1.11:attribute-represented:VATRegistrationNumber",
    "urn:etoegang:1.11:attribute-represented:LEI",
];

/// The name of an attribute: a URN that says whose it is.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Attribuutnaam {
    urn: Box<str>,
    drager: Drager,
}

/// Whose an attribute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Drager {
    /// The person who acts: `attribute`, from an AD alone.
    Persoon,
    /// Who is represented: `attribute-represented`, from an MR alone.
    Vertegenwoordigde,
    /// Who stands between: `attribute-intermediate`, from an MR alone.
    Tussenpersoon,
}

/// What an attribute says: text on one line, of [`WAARDE_MAX`] characters at most.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Attribuutwaarde(Box<str>);

/// Attributes with their values, [`ATTRIBUTEN_MAX`] at most, each once.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Attributen(BTreeMap<Attribuutnaam, Attribuutwaarde>);

/// The refusal of a name, a value or a collection. It repeats none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeenAttribuut {
    /// No name of an attribute.
    Naam,
    /// No value of one.
    Waarde,
    /// Too many, or one twice.
    Aantal,
}

impl Attribuutnaam {
    /// Reads `urn:etoegang:x.y:attribute:NAME`, or one of `attribute-represented` or
    /// `attribute-intermediate`.
    ///
    /// # Errors
    /// [`GeenAttribuut::Naam`]: nobody is said to declare a name of another form.
    pub fn parse(urn: &str) -> Result<Self, GeenAttribuut> {
        let rest = urn
            .strip_prefix(NAAMRUIMTE)
            .filter(|_| urn.len() <= NAAM_BYTES_MAX);
        let mut parts = rest.ok_or(GeenAttribuut::Naam)?.split(':');
        let drager = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(versie), Some(soort), Some(lokaal), None)
                if is_versie(versie) && is_lokaal(lokaal) =>
            {
                Drager::of(soort)
            }
            _ => None,
        };
        let drager = drager.ok_or(GeenAttribuut::Naam)?;
        let urn = urn.into();
        Ok(Self { urn, drager })
    }

    /// The URN.
    pub fn as_str(&self) -> &str {
        &self.urn
    }

    /// Whose it is.
    pub const fn drager(&self) -> Drager {
        self.drager
    }

    /// What comes last: `FirstName`.
    pub fn lokaal(&self) -> &str {
        self.urn.rsplit(':').next().unwrap_or_default()
    }
}

impl Drager {
    fn of(soort: &str) -> Option<Self> {
        Some(match soort {
            "attribute" => Self::Persoon,
            "attribute-represented" => Self::Vertegenwoordigde,
            "attribute-intermediate" => Self::Tussenpersoon,
            _ => return None,
        })
    }

    /// Whether an AD declares it; an MR declares the others.
    pub const fn is_van_ad(self) -> bool {
        matches!(self, Self::Persoon)
    }
}

fn is_versie(text: &str) -> bool {
    let is_number = |part: &str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.split_once('.')
        .is_some_and(|(x, y)| is_number(x) && is_number(y))
}

fn is_lokaal(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

impl Attribuutwaarde {
    /// Reads a value.
    ///
    /// # Errors
    /// [`GeenAttribuut::Waarde`]: empty, too long, or of more than one line.
    pub fn parse(text: &str) -> Result<Self, GeenAttribuut> {
        let is_line = !text.trim().is_empty() && !text.chars().any(char::is_control);
        if is_line && text.chars().count() <= WAARDE_MAX {
            Ok(Self(text.into()))
        } else {
            Err(GeenAttribuut::Waarde)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Attributen {
    /// A collection of these.
    ///
    /// # Errors
    /// [`GeenAttribuut::Aantal`]: too many, or one of them twice.
    pub fn new(
        pairs: impl IntoIterator<Item = (Attribuutnaam, Attribuutwaarde)>,
    ) -> Result<Self, GeenAttribuut> {
        let mut all = Self::default();
        for (naam, waarde) in pairs {
            if all.0.len() == ATTRIBUTEN_MAX || all.0.insert(naam, waarde).is_some() {
                return Err(GeenAttribuut::Aantal);
            }
        }
        Ok(all)
    }

    /// Those that are asked for, and that are found in what a party signed. What it says beside is passed
    /// over.
    ///
    /// # Errors
    /// [`GeenAttribuut`]: one of them is no value, or more are asked for than there may be.
    pub fn gelezen<'a>(
        gevraagd: impl IntoIterator<Item = &'a Attribuutnaam>,
        said: impl Fn(&str) -> Option<&'a Value>,
    ) -> Result<Self, GeenAttribuut> {
        let said = |naam: &str| said(naam).filter(|said| !said.is_null());
        let found = gevraagd
            .into_iter()
            .filter_map(|naam| Some((naam.clone(), said(naam.as_str())?)));
        let pairs: Result<Vec<_>, _> = found
            .map(|(naam, said)| {
                let text = said.as_str().ok_or(GeenAttribuut::Waarde)?;
                Ok((naam, Attribuutwaarde::parse(text)?))
            })
            .collect();
        Self::new(pairs?)
    }

    /// Those of these names.
    #[must_use]
    pub fn alleen<'a>(&self, namen: impl IntoIterator<Item = &'a Attribuutnaam>) -> Self {
        let found = namen
            .into_iter()
            .filter_map(|naam| self.0.get_key_value(naam));
        Self(
            found
                .map(|(naam, waarde)| (naam.clone(), waarde.clone()))
                .collect(),
        )
    }

    /// The value of one.
    pub fn get(&self, naam: &Attribuutnaam) -> Option<&Attribuutwaarde> {
        self.0.get(naam)
    }

    /// The value of the first with this last part of its name.
    pub(crate) fn lokaal(&self, lokaal: &str) -> Option<&Attribuutwaarde> {
        let mut all = self.0.iter();
        all.find(|(naam, _)| naam.lokaal() == lokaal)
            .map(|(_, waarde)| waarde)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each, in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Attribuutnaam, &Attribuutwaarde)> {
        self.0.iter()
    }

    /// Whether each is of such a holder.
    pub fn zijn_van(&self, is_its: impl Fn(Drager) -> bool) -> bool {
        self.0.keys().all(|naam| is_its(naam.drager()))
    }

    /// Those that stand among other members of an object: for `flatten`. Whatever is none is passed over.
    ///
    /// # Errors
    /// What is read is no object.
    pub fn tussen<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let members = Map::deserialize(from)?;
        let found = members.iter().filter_map(|(name, value)| {
            let naam = Attribuutnaam::parse(name).ok()?;
            Some((naam, Attribuutwaarde::parse(value.as_str()?).ok()?))
        });
        Ok(Self(found.take(ATTRIBUTEN_MAX).collect()))
    }
}

/// Names that are each there once, of somebody of whom this holds.
///
/// # Errors
/// [`GeenAttribuut::Aantal`]: more than [`ATTRIBUTEN_MAX`]. What is no such name is passed over.
pub(crate) fn namen<'a>(
    texts: impl IntoIterator<Item = &'a str>,
    is_its: impl Fn(Drager) -> bool,
) -> Result<Vec<Attribuutnaam>, GeenAttribuut> {
    let parsed = texts
        .into_iter()
        .filter_map(|text| Attribuutnaam::parse(text).ok());
    let mut found: Vec<_> = parsed
        .filter(|naam| is_its(naam.drager()))
        .take(ATTRIBUTEN_MAX + 1)
        .collect();
    if found.len() > ATTRIBUTEN_MAX {
        return Err(GeenAttribuut::Aantal);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

impl<'de> Deserialize<'de> for Attributen {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Attributen;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("attributes, each with its value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributen, A::Error> {
                let mut all = BTreeMap::new();
                while let Some((naam, waarde)) = map.next_entry::<Attribuutnaam, _>()? {
                    if all.len() == ATTRIBUTEN_MAX || all.insert(naam, waarde).is_some() {
                        return Err(A::Error::custom(GeenAttribuut::Aantal));
                    }
                }
                Ok(Attributen(all))
            }
        }

        from.deserialize_map(Each)
    }
}

impl TryFrom<String> for Attribuutnaam {
    type Error = GeenAttribuut;

    fn try_from(text: String) -> Result<Self, GeenAttribuut> {
        Self::parse(&text)
    }
}

impl From<Attribuutnaam> for String {
    fn from(naam: Attribuutnaam) -> Self {
        naam.urn.into()
    }
}

impl TryFrom<String> for Attribuutwaarde {
    type Error = GeenAttribuut;

    fn try_from(text: String) -> Result<Self, GeenAttribuut> {
        Self::parse(&text)
    }
}

impl From<Attribuutwaarde> for String {
    fn from(waarde: Attribuutwaarde) -> Self {
        waarde.0.into()
    }
}

impl fmt::Display for GeenAttribuut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Naam => "expected the name of an attribute: urn:etoegang:, a version, attribute, attribute-represented or attribute-intermediate, and a name",
            Self::Waarde => "expected a value of 1 to 200 characters on one line",
            Self::Aantal => "expected 16 attributes at most, each once",
        })
    }
}

impl std::error::Error for GeenAttribuut {}

impl fmt::Debug for Attribuutnaam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.urn)
    }
}

impl fmt::Debug for Attribuutwaarde {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attribuutwaarde(***)")
    }
}

/// Which there are is told; what they say is not.
impl fmt::Debug for Attributen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn naam(urn: &str) -> Attribuutnaam {
        Attribuutnaam::parse(urn).expect("a name")
    }

    #[test]
    fn a_name_says_whose_the_attribute_is_and_another_form_is_nobodys() {
        // etoegang.md §5.4
        for urn in VAN_PERSONEN {
            assert!(naam(urn).drager().is_van_ad(), "{urn}");
        }
        for urn in VAN_ORGANISATIES {
            assert!(!naam(urn).drager().is_van_ad(), "{urn}");
        }
        assert_eq!(naam(COMPANY_NAME).lokaal(), "CompanyName");
        assert_eq!(naam(VAN_ORGANISATIES[1]).drager(), Drager::Tussenpersoon);
        for none in [
            "",
            "FirstName",
            "urn:etoegang:1.9:attribute",
            "urn:etoegang:1.9:attribute:",
            "urn:etoegang:1.9:attribute:First:Name",
            "urn:etoegang:1.9:attribute:First Name",
            "urn:etoegang:1.9:attribute-other:FirstName",
            "urn:etoegang:1:attribute:FirstName",
            "urn:etoegang:core:ServiceID",
            "URN:etoegang:1.9:attribute:FirstName",
            &format!("urn:etoegang:1.9:attribute:{}", "x".repeat(80)),
        ] {
            assert_eq!(Attribuutnaam::parse(none), Err(GeenAttribuut::Naam));
        }
    }

    #[test]
    fn values_and_collections_are_bounded_and_never_print() {
        let long = "é".repeat(WAARDE_MAX);
        assert!(Attribuutwaarde::parse(&long).is_ok());
        for none in ["", "  ", "two\nlines", &format!("{long}x")] {
            assert_eq!(Attribuutwaarde::parse(none), Err(GeenAttribuut::Waarde));
        }
        let text = r#"{"urn:etoegang:1.9:attribute:FirstName":"Bram"}"#;
        let read: Attributen = serde_json::from_str(text).expect("attributes");
        assert_eq!(serde_json::to_string(&read).expect("JSON"), text);
        let printed = format!("{read:?}");
        assert!(printed.contains("FirstName") && !printed.contains("Bram"));
        let twice = format!("{},{}", &text[..text.len() - 1], &text[1..]);
        let many: Map<_, _> = (0..17)
            .map(|n| (format!("urn:etoegang:1.9:attribute:A{n}"), json!("x")))
            .collect();
        for refused in [twice, json!(many).to_string(), r#"{"x":"y"}"#.to_owned()] {
            let refused = serde_json::from_str::<Attributen>(&refused);
            assert!(refused.is_err_and(|why| !why.to_string().contains("Bram")));
        }
    }

    #[test]
    fn of_what_was_signed_only_what_was_asked_for_is_read() {
        let [first, family, birth] = VAN_PERSONEN.map(naam);
        let said = json!({
            VAN_PERSONEN[0]: "Bram", VAN_PERSONEN[1]: "Bakker", "sub": "x",
        });
        let asked = [first.clone(), birth];
        let read = Attributen::gelezen(&asked, |name| said.get(name)).expect("readable");
        assert_eq!(read.get(&first).map(Attribuutwaarde::as_str), Some("Bram"));
        assert_eq!((read.iter().len(), read.get(&family)), (1, None));
        let wrong = json!({ VAN_PERSONEN[0]: 7 });
        let refused = Attributen::gelezen(&asked, |name| wrong.get(name));
        assert_eq!(refused, Err(GeenAttribuut::Waarde));
    }

    #[test]
    fn names_are_told_apart_and_those_of_others_are_passed_over() {
        let texts = [VAN_PERSONEN[0], VAN_PERSONEN[0], COMPANY_NAME, "x"];
        let found = namen(texts, Drager::is_van_ad).expect("few");
        assert_eq!(found, [naam(VAN_PERSONEN[0])]);
        let many: Vec<String> = (0..17)
            .map(|n| format!("urn:etoegang:1.9:attribute:A{n}"))
            .collect();
        let many = namen(many.iter().map(String::as_str), |_| true);
        assert_eq!(many, Err(GeenAttribuut::Aantal));
    }
}
