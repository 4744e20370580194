//! What the result of the PGO can show: every outcome, every kind of card, and what is strange.

use super::{
    Gebruik, Getal, Grens, Groep, Inhoud, Item, Kaarten, Lijst, Lijstsoort, Medicijn, Medicijnen,
    Meetkaart, Meting, Normaal, PgoResultaat, PgoVoor, ResultaatAanbieder, Rij, Tijd, Uitkomst,
    Waarde,
};

const ZIEKENHUIS: &str = "Ziekenhuis De Plas";
const APOTHEEK: &str = "Apotheek De Brug & Zonen <test>";

impl PgoResultaat {
    pub(super) fn voorbeelden() -> Vec<Self> {
        let of = |aanbieders, kaarten| Self {
            aanbieders,
            kaarten,
            voor: PgoVoor::Mijzelf,
            verbindingen: false,
            opnieuw: vec![
                String::from("ziekenhuisdeplas"),
                String::from("apotheekdebrug"),
            ],
            toestemmingen_url: String::from("https://toestemmingen.localhost:8443/"),
            formulier: String::from("f-123"),
        };
        let gegevens = |groepen| aanbieder(ZIEKENHUIS, Uitkomst::Gegevens(groepen));
        let failed = vec![
            aanbieder(
                "Huisartsenpraktijk De Kade",
                Uitkomst::GeenGegevensBeschikbaar,
            ),
            aanbieder(APOTHEEK, Uitkomst::NietBereikbaar),
            aanbieder("00000659", Uitkomst::NietInMedMij),
            aanbieder("Kliniek De Dijk", Uitkomst::NietVertrouwd),
        ];
        let some = gegevens(vec![
            metingen(),
            afspraken(),
            zonder_datum(),
            regels("Documenten", Vec::new()),
            zonder("Medicatiegegevens", Inhoud::NietVerleend),
            zonder("Laboratoriumresultaten", Inhoud::NietOpgehaald),
        ]);
        let partial = [vec![some], failed.clone()].concat();
        let empty = gegevens(vec![regels("Documenten", Vec::new())]);
        let of_child = Self {
            voor: PgoVoor::Kind(String::from("2015-03-09")),
            verbindingen: true,
            opnieuw: Vec::new(),
            ..of(vec![gegevens(vec![afspraken()])], weinig())
        };
        let authorised = Self {
            voor: PgoVoor::Machtiging(String::from("1961-04-12")),
            ..of_child.clone()
        };
        vec![
            of_child,
            authorised,
            of(partial, kaarten()),
            of(Vec::new(), Kaarten::default()),
            of(vec![gegevens(vec![afspraken()])], weinig()),
            of(failed, Kaarten::default()),
            of(vec![empty], Kaarten::default()),
        ]
    }
}

fn aanbieder(weergavenaam: &str, uitkomst: Uitkomst) -> ResultaatAanbieder {
    ResultaatAanbieder {
        weergavenaam: weergavenaam.to_owned(),
        uitkomst,
    }
}

fn rij(datum: Option<&str>, omschrijving: &str, waarde: Option<Waarde>) -> Rij {
    Rij {
        datum: datum.map(str::to_owned),
        omschrijving: omschrijving.to_owned(),
        waarde,
    }
}

fn regels(titel: &str, rijen: Vec<Rij>) -> Groep {
    let weggelaten = rijen.len() / 3;
    zonder(titel, Inhoud::Regels { rijen, weggelaten })
}

fn zonder(titel: &str, inhoud: Inhoud) -> Groep {
    let titel = titel.to_owned();
    Groep { titel, inhoud }
}

fn tekst(tekst: &str) -> Waarde {
    Waarde::Tekst(tekst.to_owned())
}

fn getal(getal: &str, eenheid: &str) -> Getal {
    Getal {
        grens: None,
        getal: getal.to_owned(),
        eenheid: (!eenheid.is_empty()).then(|| eenheid.to_owned()),
    }
}

fn metingen() -> Groep {
    let mmhg = |naam: &str, waarde| (naam.to_owned(), Waarde::Getal(getal(waarde, "mmHg")));
    let druk = Waarde::Delen(vec![mmhg("Bovendruk", "128"), mmhg("Onderdruk", "82")]);
    let gewicht = Waarde::Getal(getal("74.2", "kg"));
    let rijen = vec![
        rij(Some("2026-10-02T09:30:00+02:00"), "Bloeddruk", Some(druk)),
        rij(
            Some("2026-09-18"),
            "Hemoglobine in bloed <5",
            Some(tekst("8,6 mmol/l")),
        ),
        rij(Some("2026-09"), "Lichaamsgewicht", Some(gewicht)),
        rij(
            None,
            "Glucose (nuchter) in plasma, bepaald met een meter voor thuisgebruik",
            None,
        ),
    ];
    regels("Metingen en uitslagen", rijen)
}

fn afspraken() -> Groep {
    let rijen = vec![
        rij(Some("2026-12-01"), "Controle bij de cardioloog", None),
        rij(Some("2026-06-11"), "Röntgenfoto van de linkerhand", None),
    ];
    regels("Afspraken", rijen)
}

fn zonder_datum() -> Groep {
    regels(
        "Allergieën",
        vec![rij(None, "Penicilline", Some(tekst("Huiduitslag\u{b}")))],
    )
}

/// Every kind of card.
fn kaarten() -> Kaarten {
    Kaarten {
        medicijnen: Some(medicijnen()),
        metingen: vec![bloeddruk(), cholesterol(), tsh(), rookstatus()],
        metingen_weggelaten: 3,
        lijsten: Lijstsoort::ALL.map(lijst).to_vec(),
    }
}

/// As little as there can be on a card.
fn weinig() -> Kaarten {
    let gebruik = Gebruik {
        van: None,
        tot: None,
        loopt: false,
        dosering: None,
        voorschrijver: None,
        aanbieder: APOTHEEK.to_owned(),
    };
    Kaarten {
        medicijnen: Some(Medicijnen {
            in_gebruik: Vec::new(),
            gestopt: vec![medicijn("Codeïne", vec![gebruik])],
            weggelaten: 0,
            vandaag: vandaag(),
        }),
        ..Kaarten::default()
    }
}

fn vandaag() -> Tijd {
    Tijd::of_unix(1_795_305_600)
}

fn medicijnen() -> Medicijnen {
    let gebruik = |van: Option<&str>, tot: Option<&str>, voorschrijver: Option<&str>| Gebruik {
        van: van.map(str::to_owned),
        tot: tot.map(str::to_owned),
        loopt: tot.is_none(),
        dosering: Some(String::from("2 maal per dag 1 tablet")),
        voorschrijver: voorschrijver.map(str::to_owned),
        aanbieder: APOTHEEK.to_owned(),
    };
    let lang = "Beclometason/formoterol inhalator 100/6 µg, met voorzetkamer";
    Medicijnen {
        in_gebruik: vec![
            medicijn(
                "Metformine tablet 850 mg",
                vec![gebruik(Some("2014-05-19"), None, Some("Dr. A. <Test>"))],
            ),
            medicijn(
                lang,
                vec![
                    gebruik(Some("2026-02"), None, None),
                    gebruik(Some("2023"), Some("2024-08-31"), None),
                ],
            ),
        ],
        gestopt: vec![
            medicijn(
                "Nitrofurantoïne capsule 100 mg",
                vec![gebruik(Some("2025-08-19"), Some("2025-08-24"), None)],
            ),
            medicijn("Codeïne", vec![gebruik(None, Some("ooit"), None)]),
        ],
        weggelaten: 1,
        vandaag: vandaag(),
    }
}

fn medicijn(naam: &str, gebruik: Vec<Gebruik>) -> Medicijn {
    let naam = naam.to_owned();
    Medicijn { naam, gebruik }
}

fn kaart(titel: &str, eenheid: &str, delen: &[&str], rijen: Vec<Meting>) -> Meetkaart {
    Meetkaart {
        titel: titel.to_owned(),
        eenheid: (!eenheid.is_empty()).then(|| eenheid.to_owned()),
        delen: delen.iter().map(|naam| (*naam).to_owned()).collect(),
        weggelaten: rijen.len() / 3,
        rijen,
        normaal: None,
    }
}

fn meting(datum: Option<&str>, waarden: Vec<Option<Waarde>>) -> Meting {
    Meting {
        datum: datum.map(str::to_owned),
        waarden,
        aanbieder: ZIEKENHUIS.to_owned(),
    }
}

fn bloeddruk() -> Meetkaart {
    let waarde = |mmhg: &str| Some(Waarde::Getal(getal(mmhg, "mmHg")));
    let rijen = vec![
        meting(
            Some("2026-08-18T09:00:00+02:00"),
            vec![waarde("132"), waarde("76")],
        ),
        meting(Some("2025-03"), vec![waarde("141"), waarde("84")]),
        meting(Some("2024"), vec![waarde("152"), None]),
    ];
    kaart("Bloeddruk", "mmHg", &["Bovendruk", "Onderdruk"], rijen)
}

fn cholesterol() -> Meetkaart {
    let waarde = |getal: Getal| vec![Some(Waarde::Getal(getal))];
    let less = Getal {
        grens: Some(Grens::Onder),
        ..getal("1.5", "mmol/L")
    };
    let rijen = vec![
        meting(Some("2026-08-18"), waarde(less)),
        meting(Some("2025-08-18"), waarde(getal("2.4", "mmol/L"))),
        meting(None, waarde(getal("3.1", "mmol/L"))),
        meting(Some("2024-08-18"), waarde(getal("1e300", "mmol/L"))),
    ];
    Meetkaart {
        normaal: Some(Normaal {
            laag: None,
            hoog: Some(getal("2.6", "mmol/L")),
            aanbieder: ZIEKENHUIS.to_owned(),
        }),
        ..kaart("LDL-cholesterol <test>", "mmol/L", &[""], rijen)
    }
}

fn tsh() -> Meetkaart {
    let waarde = |mu: &str| vec![Some(Waarde::Getal(getal(mu, "mU/L")))];
    let rijen = vec![
        meting(Some("2026-11-20"), waarde("2.60")),
        meting(Some("2026-11-14"), waarde("2.60")),
    ];
    Meetkaart {
        normaal: Some(Normaal {
            laag: Some(getal("0.4", "mU/L")),
            hoog: Some(getal("4.0", "mU/L")),
            aanbieder: APOTHEEK.to_owned(),
        }),
        ..kaart("TSH", "mU/L", &[""], rijen)
    }
}

fn rookstatus() -> Meetkaart {
    let rijen = vec![meting(None, vec![Some(tekst("rookt <niet>"))])];
    Meetkaart {
        normaal: Some(Normaal {
            laag: Some(getal("1", "")),
            hoog: None,
            aanbieder: ZIEKENHUIS.to_owned(),
        }),
        ..kaart("Rookstatus", "", &[""], rijen)
    }
}

/// Lists of one to seven things: a longer one is folded.
fn lijst(soort: Lijstsoort) -> Lijst {
    let item = |nth: usize| Item {
        datum: (nth > 0).then(|| format!("2026-0{nth}-11")),
        tot: (nth > 1).then(|| format!("2026-0{nth}-14")),
        loopt: nth == 1,
        omschrijving: String::from("Penicilline & meer"),
        waarde: (nth < 3).then(|| tekst("Huiduitslag")),
        aanbieders: vec![ZIEKENHUIS.to_owned(), APOTHEEK.to_owned()],
    };
    let length = match soort {
        Lijstsoort::Allergieen => 1,
        Lijstsoort::Contacten => 7,
        _ => 2,
    };
    Lijst {
        soort,
        items: (0..length).map(item).collect(),
        weggelaten: length / 4,
    }
}
