#!/usr/bin/env python3
"""Writes records/*.json: what the care providers of the sample have on file, as FHIR R4.

usage: generate.py            write the files
       generate.py --check    exit 1 if the files are not what this would write

Everything is invented. The same input gives the same bytes: no clock, no chance. The tables come
first; how a row becomes a resource stands below them.
"""

import base64
import datetime
import json
import pathlib
import sys

HOSPITAL, PRACTICE, PHARMACY, MENTAL_CARE = "00000659", "00000666", "00000673", "00000680"

# Per person: BSN, the sex that a Patient carries, and the number in the records. Ids of resources
# start with that number: they stand in URLs, where nothing may tell who a person is. The rest of the
# person is in people.json.
PEOPLE = {
    "verhoeven": ("900186021", "female", "r1043"),
    "vandam": ("900029365", "male", "r1187"),
    "postma": ("900231968", "male", "r1206"),
    "brouwer": ("900242395", "female", "r1311"),
    "hoekstra": ("900252832", "male", "r1374"),
    "lopes": ("900263271", "female", "r1420"),
    "bakker": ("900284134", "female", "r1522"),
    "noor": ("900294565", "female", "r1587"),
}

# What can be measured: category, LOINC code, Dutch name, unit as shown, UCUM unit.
# What a laboratory calls usual stands in USUAL.
MEASURES = {
    "weight": ("vital-signs", "29463-7", "Lichaamsgewicht", "kg", "kg"),
    "height": ("vital-signs", "8302-2", "Lichaamslengte", "cm", "cm"),
    "pulse": ("vital-signs", "8867-4", "Hartfrequentie", "slagen per minuut", "/min"),
    "temperature": ("vital-signs", "8310-5", "Lichaamstemperatuur", "°C", "Cel"),
    "saturation": ("vital-signs", "59408-5", "Zuurstofsaturatie", "%", "%"),
    "glucose": ("laboratory", "14771-0", "Glucose, nuchter", "mmol/L", "mmol/L"),
    "hba1c": ("laboratory", "59261-8", "HbA1c", "mmol/mol", "mmol/mol"),
    "creatinine": ("laboratory", "14682-9", "Kreatinine", "µmol/L", "umol/L"),
    "ldl": ("laboratory", "22748-8", "LDL-cholesterol", "mmol/L", "mmol/L"),
    "cholesterol": ("laboratory", "14647-2", "Totaal cholesterol", "mmol/L", "mmol/L"),
    "potassium": ("laboratory", "2823-3", "Kalium", "mmol/L", "mmol/L"),
    "haemoglobin": ("laboratory", "59260-0", "Hemoglobine", "mmol/L", "mmol/L"),
    "tsh": ("laboratory", "11579-0", "TSH", "mU/L", "m[IU]/L"),
    "crp": ("laboratory", "1988-5", "CRP", "mg/L", "mg/L"),
}

# The reference range of a measure: lower and upper end, None where it is open.
USUAL = {
    "glucose": (4.0, 6.1),
    "hba1c": (20, 42),
    "creatinine": (49, 90),
    "ldl": (None, 2.6),
    "cholesterol": (None, 5.0),
    "potassium": (3.5, 5.0),
    "haemoglobin": (7.5, 10.0),
    "tsh": (0.4, 4.0),
    "crp": (None, 10),
}

# Per provider and person: measure, date of the first value, days between values, values. A blood
# pressure is a pair; "<1" is a value of which only the bound is known.
SERIES = {
    HOSPITAL: {
        "verhoeven": [
            ("pressure", "2024-02-13", 91, [(148, 88), (144, 86), (141, 84), (139, 85), (136, 82),
                                            (138, 81), (134, 80), (132, 79), (135, 80), (131, 78),
                                            (133, 79)]),
            ("weight", "2024-02-13", 182, [84.2, 82.9, 81.0, 80.4, 79.8, 79.1]),
            ("hba1c", "2024-02-13", 91, [62, 60, 58, 57, 55, 54, 53, 53, 52, 54, 52]),
            ("creatinine", "2024-02-13", 182, [78, 80, 79, 82, 81, 83]),
            ("ldl", "2024-02-13", 182, [3.1, 2.6, 2.3, 2.1, 2.0, 1.9]),
            ("cholesterol", "2024-02-13", 182, [5.6, 5.1, 4.7, 4.5, 4.3, 4.2]),
            ("crp", "2024-02-13", 364, [4, "<1", "<1"]),
            ("potassium", "2024-02-13", 182, [4.2, 4.4, 4.3, 4.5, 4.4, 4.3]),
            ("haemoglobin", "2024-02-13", 364, [8.4, 8.3, 8.5]),
        ],
        "hoekstra": [
            ("pressure", "2025-01-20", 98, [(152, 92), (146, 90), (142, 86), (140, 85), (138, 84),
                                            (141, 83)]),
            ("pulse", "2025-01-20", 98, [112, 88, 76, 72, 74, 70]),
            ("saturation", "2025-01-20", 196, [95, 96, 97]),
            ("creatinine", "2025-01-20", 98, [96, 101, 99, 104, 102, 103]),
            ("potassium", "2025-01-20", 98, [4.6, 4.5, 4.7, 4.4, 4.6, 4.5]),
        ],
        "bakker": [
            ("pressure", "2025-05-06", 160, [(138, 84), (134, 82), (136, 83)]),
            ("haemoglobin", "2025-05-06", 14, [8.1, 6.9, 7.4]),
            ("crp", "2025-05-06", 14, [3, 64, 11]),
        ],
        "noor": [
            ("height", "2026-09-12", 42, [129, 129.5]),
            ("weight", "2026-09-12", 42, [27.4, 27.6]),
        ],
    },
    PRACTICE: {
        "verhoeven": [
            ("pressure", "2024-03-26", 84, [(150, 90), (146, 86), (142, 84), (140, 82), (138, 82),
                                            (136, 80), (134, 80), (136, 78), (132, 80), (134, 78),
                                            (132, 76)]),
            ("weight", "2021-04-13", 364, [88.3, 87.1, 85.6]),
            ("weight", "2024-03-26", 168, [84.0, 82.1, 80.9, 80.0, 79.5, 79.0]),
            ("hba1c", "2021-04-13", 182, [69, 67, 66, 66, 64, 63]),
            ("cholesterol", "2021-04-13", 364, [6.4, 6.1, 5.8]),
            ("glucose", "2024-03-26", 84, [8.9, 8.4, 8.1, 7.8, 7.4, 7.2, 7.0, 6.9, 7.1, 6.8, 6.9]),
            ("pulse", "2024-03-26", 168, [78, 76, 74, 74, 72, 73]),
        ],
        "vandam": [
            ("saturation", "2024-10-08", 180, [97, 98, 96, 98, 98]),
            ("weight", "2024-10-08", 360, [88.0, 86.5, 85.2]),
            ("pulse", "2024-10-08", 360, [70, 68, 66]),
            ("crp", "2025-12-02", 9, [58, 8]),
        ],
        "postma": [
            ("height", "2023-06-26", 365, [141, 148, 155, 162]),
            ("weight", "2023-06-26", 365, [33.5, 38.2, 43.6, 49.8]),
            ("temperature", "2026-02-10", 3, [39.1, 37.2]),
        ],
        "bakker": [
            ("pressure", "2024-09-17", 120, [(146, 90), (142, 86), (138, 84), (136, 84), (134, 82),
                                             (132, 80)]),
            ("weight", "2024-09-17", 240, [71.3, 70.8, 70.1]),
            ("tsh", "2024-09-17", 120, [6.8, 4.9, 3.6, 2.8, 2.5, 2.6]),
        ],
    },
}

# Per provider and person: SNOMED CT code, Dutch name, since when, until when or None.
CONDITIONS = {
    HOSPITAL: {
        "verhoeven": [
            ("44054006", "Diabetes mellitus type 2", "2014-05-19", None),
            ("38341003", "Hypertensie", "2009-10-02", None),
            ("4855003", "Diabetische retinopathie, lichte vorm", "2023-11-14", None),
            ("239720000", "Scheur in de meniscus van de knie", "2019-03-08", "2019-07-22"),
        ],
        "hoekstra": [
            ("49436004", "Atriumfibrilleren", "2025-01-20", None),
            ("38341003", "Hypertensie", "1999-04-12", None),
            ("397825006", "Maagzweer", "2011-06-30", "2011-09-15"),
        ],
        "bakker": [
            ("239872002", "Artrose van de heup", "2023-02-11", "2025-05-06"),
            ("40930008", "Hypothyreoïdie", "2024-09-17", None),
        ],
        "noor": [("65966004", "Gebroken onderarm", "2026-09-12", "2026-10-24")],
    },
    PRACTICE: {
        "verhoeven": [
            ("44054006", "Diabetes mellitus type 2", "2014-05-12", None),
            ("38341003", "Hypertensie", "2009-10-02", None),
            ("13644009", "Verhoogd cholesterol", "2014-06-03", None),
            ("68566005", "Urineweginfectie", "2025-08-19", "2025-08-27"),
        ],
        "vandam": [
            ("195967001", "Astma", "1996-03-14", None),
            ("61582004", "Hooikoorts", "1999-05-20", None),
            ("233604007", "Longontsteking", "2025-12-02", "2025-12-23"),
        ],
        "postma": [
            ("65363002", "Middenoorontsteking", "2026-02-10", "2026-02-19"),
            ("43116000", "Constitutioneel eczeem", "2014-11-05", None),
        ],
        "bakker": [
            ("40930008", "Hypothyreoïdie", "2024-09-17", None),
            ("38341003", "Hypertensie", "2020-01-28", None),
            ("239872002", "Artrose van de heup", "2023-02-11", None),
        ],
    },
    MENTAL_CARE: {
        "brouwer": [
            ("35489007", "Depressieve stoornis", "2025-03-04", None),
            ("21897009", "Gegeneraliseerde angststoornis", "2025-04-01", None),
        ],
    },
}

# Per provider and person: SNOMED CT code, Dutch name, kind, criticality, how it showed.
ALLERGIES = {
    HOSPITAL: {
        "verhoeven": [
            ("91936005", "Allergie voor penicilline", "medication", "high", "Huiduitslag en benauwdheid"),
            ("300916003", "Allergie voor latex", "environment", "low", "Jeuk aan de handen"),
        ],
        "bakker": [("293586001", "Allergie voor acetylsalicylzuur", "medication", "low", "Galbulten")],
    },
    PRACTICE: {
        "verhoeven": [
            ("91936005", "Allergie voor penicilline", "medication", "high", "Huiduitslag en benauwdheid"),
        ],
        "vandam": [
            ("418689008", "Allergie voor graspollen", "environment", "low", "Niezen en tranende ogen"),
            ("232350006", "Allergie voor huisstofmijt", "environment", "low", "Piepende ademhaling"),
        ],
        "postma": [("91935009", "Allergie voor pinda", "food", "high", "Zwelling van de lippen")],
    },
}

# Per provider and person: ATC code, vaccine, dates.
VACCINATIONS = {
    HOSPITAL: {"hoekstra": [("J07AL02", "Pneumokokkenvaccin", ["2021-10-04"])]},
    PRACTICE: {
        "verhoeven": [
            ("J07BB02", "Griepvaccin", ["2023-10-24", "2024-10-22", "2025-10-21", "2026-10-20"]),
            ("J07AL02", "Pneumokokkenvaccin", ["2022-10-11"]),
        ],
        "vandam": [("J07BB02", "Griepvaccin", ["2024-10-29", "2025-10-28", "2026-10-27"])],
        "postma": [
            ("J07CA02", "DKTP-vaccin", ["2013-08-19", "2013-10-21", "2014-05-26", "2017-06-12"]),
            ("J07BD52", "BMR-vaccin", ["2014-08-25", "2022-04-11"]),
            ("J07AH08", "Meningokokkenvaccin ACWY", ["2014-08-25"]),
        ],
        "bakker": [("J07BB02", "Griepvaccin", ["2025-10-22", "2026-10-21"])],
    },
}

# Per provider and person: what for, by whom, dates. An admission has two, first and last day.
ENCOUNTERS = {
    HOSPITAL: {
        "verhoeven": [
            ("Controle diabetes", "Internist", ["2024-02-13", "2024-08-13", "2025-02-11", "2025-08-12",
                                                "2026-02-10", "2026-08-11"]),
            ("Controle van het netvlies", "Oogarts", ["2023-11-14", "2024-11-12", "2025-11-11"]),
        ],
        "hoekstra": [
            ("Hartkloppingen, opname voor onderzoek", "Cardioloog", [("2025-01-20", "2025-01-22")]),
            ("Controle hartritme", "Cardioloog", ["2025-04-28", "2025-11-10", "2026-05-25"]),
        ],
        "bakker": [
            ("Plaatsing heupprothese rechts", "Orthopedisch chirurg", [("2025-05-06", "2025-05-09")]),
            ("Controle na heupprothese", "Orthopedisch chirurg", ["2025-06-17", "2026-05-12"]),
        ],
        "noor": [("Gebroken onderarm", "Chirurg", ["2026-09-12", "2026-09-19", "2026-10-24"])],
    },
    PRACTICE: {
        "verhoeven": [
            ("Driemaandelijkse diabetescontrole", "Praktijkondersteuner",
             ["2025-05-20", "2025-08-12", "2025-11-04", "2026-01-27", "2026-04-21", "2026-07-14"]),
            ("Pijn bij het plassen", "Huisarts", ["2025-08-19"]),
        ],
        "vandam": [
            ("Jaarlijkse astmacontrole", "Praktijkondersteuner", ["2024-10-08", "2025-10-07", "2026-09-29"]),
            ("Hoesten met koorts", "Huisarts", ["2025-12-02", "2025-12-11"]),
        ],
        "postma": [("Oorpijn", "Huisarts", ["2026-02-10", "2026-02-13"])],
        "bakker": [
            ("Vermoeidheid", "Huisarts", ["2024-09-17"]),
            ("Controle schildklier en bloeddruk", "Praktijkondersteuner",
             ["2025-01-15", "2025-09-12", "2026-05-10"]),
        ],
    },
    MENTAL_CARE: {
        "brouwer": [
            ("Intakegesprek", "GZ-psycholoog", ["2025-03-04"]),
            ("Behandelgesprek", "GZ-psycholoog", ["2025-03-25", "2025-04-15", "2025-05-13", "2025-06-10",
                                                  "2025-09-09", "2026-01-13", "2026-06-09"]),
        ],
    },
}

# Per provider and person: ATC code, medicine, how to take it, from when, until when or None,
# handed out or prescribed on, and by whom if it was not the provider itself.
MEDICATION = {
    HOSPITAL: {
        "verhoeven": [
            ("A10BA02", "Metformine tablet 850 mg", "2 maal per dag 1 tablet bij het eten", "2014-06-17", None, []),
            ("A10AE04", "Insuline glargine 100 E/ml", "1 maal per dag 14 eenheden, 's avonds", "2024-02-13", None,
             ["2024-02-13", "2025-02-11", "2026-02-10"], "Internist"),
            ("A10BB09", "Gliclazide tablet 30 mg", "1 maal per dag 2 tabletten bij het ontbijt",
             "2019-09-10", "2024-02-13", []),
            ("N02AX02", "Tramadol capsule 50 mg", "Zo nodig 3 maal per dag 1 capsule, 10 dagen",
             "2019-05-17", "2019-05-27", []),
        ],
        "hoekstra": [
            ("B01AF02", "Apixaban tablet 5 mg", "2 maal per dag 1 tablet", "2025-01-21", None,
             ["2025-01-21"], "Cardioloog"),
            ("C07AB02", "Metoprolol retard tablet 50 mg", "1 maal per dag 1 tablet", "2025-01-21", None,
             ["2025-01-21"], "Cardioloog"),
        ],
        "bakker": [
            ("N02BE01", "Paracetamol tablet 1000 mg", "3 maal per dag 1 tablet, twee weken",
             "2025-05-06", "2025-05-20", []),
        ],
    },
    PRACTICE: {
        "verhoeven": [
            ("A10BA02", "Metformine tablet 850 mg", "2 maal per dag 1 tablet bij het eten", "2014-05-19", None, []),
            ("C09AA03", "Lisinopril tablet 10 mg", "1 maal per dag 1 tablet", "2023-04-18", None,
             ["2026-04-21"], "Huisarts"),
            ("C03AA03", "Hydrochloorthiazide tablet 12,5 mg", "1 maal per dag 1 tablet", "2009-10-02", "2023-04-18", []),
            ("C10AA05", "Atorvastatine tablet 20 mg", "1 maal per dag 1 tablet, 's avonds", "2024-02-27", None,
             ["2026-04-21"], "Huisarts"),
            ("C10AA01", "Simvastatine tablet 40 mg", "1 maal per dag 1 tablet, 's avonds", "2014-06-03", "2024-02-27", []),
            ("J01XE01", "Nitrofurantoïne capsule 100 mg", "2 maal per dag 1 capsule, 5 dagen",
             "2025-08-19", "2025-08-24", ["2025-08-19"]),
        ],
        "vandam": [
            ("R03AK08", "Beclometason/formoterol inhalator 100/6 µg", "2 maal per dag 1 inhalatie",
             "2018-04-10", None, []),
            ("R03AC02", "Salbutamol inhalator 100 µg", "Zo nodig 1 tot 2 inhalaties", "1996-03-14", None, []),
            ("J01AA02", "Doxycycline tablet 100 mg", "1 maal per dag 1 tablet, eerste dag 2, 7 dagen",
             "2025-12-02", "2025-12-09", ["2025-12-02"]),
        ],
        "postma": [
            ("N02BE01", "Paracetamol tablet 500 mg", "Zo nodig 1 tablet, ten hoogste 4 per dag",
             "2026-02-10", "2026-02-17", []),
        ],
        "bakker": [
            ("H03AA01", "Levothyroxine tablet 75 µg", "1 maal per dag 1 tablet, nuchter", "2024-09-17", None, []),
            ("C03AA03", "Hydrochloorthiazide tablet 12,5 mg", "1 maal per dag 1 tablet", "2020-01-28", None, []),
        ],
    },
    PHARMACY: {
        "vandam": [
            ("R03AK08", "Beclometason/formoterol inhalator 100/6 µg", "2 maal per dag 1 inhalatie",
             "2018-04-10", None, ["2025-09-15", "2025-12-15", "2026-03-16", "2026-06-15", "2026-09-14"]),
            ("R03AC02", "Salbutamol inhalator 100 µg", "Zo nodig 1 tot 2 inhalaties",
             "1996-03-14", None, ["2025-10-20", "2026-05-04"]),
            ("R06AX27", "Desloratadine tablet 5 mg", "1 maal per dag 1 tablet tijdens het hooikoortsseizoen",
             "2026-04-20", "2026-08-31", ["2026-04-20", "2026-06-22"]),
            ("J01AA02", "Doxycycline tablet 100 mg", "1 maal per dag 1 tablet, eerste dag 2, 7 dagen",
             "2025-12-02", "2025-12-09", ["2025-12-02"]),
        ],
        "lopes": [
            ("H03AA01", "Levothyroxine tablet 100 µg", "1 maal per dag 1 tablet, nuchter",
             "2011-02-07", None, ["2025-11-24", "2026-02-23", "2026-05-18", "2026-08-17"]),
            ("A02BC01", "Omeprazol capsule 20 mg", "1 maal per dag 1 capsule voor het ontbijt",
             "2022-08-30", None, ["2025-12-08", "2026-03-09", "2026-06-08", "2026-09-07"]),
            ("A11CC05", "Colecalciferol capsule 800 IE", "1 maal per dag 1 capsule",
             "2024-10-14", None, ["2025-10-13", "2026-04-13"]),
            ("N02CC01", "Sumatriptan tablet 50 mg", "Zo nodig 1 tablet bij migraine",
             "2019-06-18", None, ["2026-01-19", "2026-07-06"]),
        ],
    },
    MENTAL_CARE: {
        "brouwer": [
            ("N06AB06", "Sertraline tablet 50 mg", "1 maal per dag 1 tablet", "2025-03-25", None,
             ["2025-03-25", "2025-06-10"]),
        ],
    },
}

# Per provider and person: LOINC code of the kind, title, date, author, text.
DOCUMENTS = {
    HOSPITAL: {
        "verhoeven": [
            ("11488-4", "Brief polikliniek Interne geneeskunde", "2026-02-10", "Internist",
             "Uw HbA1c is 54 mmol/mol. De bloeddruk is goed geregeld. De medicijnen blijven gelijk."),
            ("11488-4", "Brief polikliniek Interne geneeskunde", "2026-08-11", "Internist",
             "Uw HbA1c is 52 mmol/mol. De nierfunctie is stabiel. Volgende controle over zes maanden."),
            ("11488-4", "Brief polikliniek Oogheelkunde", "2025-11-11", "Oogarts",
             "Lichte afwijkingen van het netvlies, gelijk aan vorig jaar. Behandeling is niet nodig."),
            ("18842-5", "Ontslagbrief Orthopedie", "2019-05-17", "Orthopedisch chirurg",
             "Kijkoperatie van de linkerknie zonder problemen. U mag de knie belasten op geleide van de pijn."),
        ],
        "hoekstra": [
            ("18842-5", "Ontslagbrief Cardiologie", "2025-01-22", "Cardioloog",
             "Opname wegens nieuw ontdekt atriumfibrilleren. U kreeg een bloedverdunner en een bètablokker."),
            ("11488-4", "Brief polikliniek Cardiologie", "2026-05-25", "Cardioloog",
             "Het hartritme is rustig, 70 slagen per minuut. De behandeling gaat zo door."),
        ],
        "bakker": [
            ("18842-5", "Ontslagbrief Orthopedie", "2025-05-09", "Orthopedisch chirurg",
             "Plaatsing van een heupprothese rechts verliep goed. Oefen dagelijks met de fysiotherapeut."),
        ],
    },
    MENTAL_CARE: {
        "brouwer": [
            ("11488-4", "Behandelplan", "2025-04-01", "GZ-psycholoog",
             "Cognitieve gedragstherapie, twaalf gesprekken, naast medicatie. Evaluatie na drie maanden."),
            ("11488-4", "Evaluatie van de behandeling", "2026-06-09", "GZ-psycholoog",
             "De klachten zijn duidelijk minder. De gesprekken gaan naar eenmaal per half jaar."),
        ],
    },
}

HERE = pathlib.Path(__file__).resolve().parent
FHIR_CODES = "http://terminology.hl7.org/CodeSystem/"
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
ATC, UCUM = "http://www.whocc.no/atc", "http://unitsofmeasure.org"


def main():
    wrong = []
    for ura, name in names().items():
        text = file_text(records(ura, name))
        path = HERE / "records" / f"{ura}.json"
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            wrong.append(path.name)
    if wrong:
        sys.exit(f"not what generate.py writes: {', '.join(wrong)}")


def names():
    """Name of every provider that keeps records, by URA."""
    providers = json.loads((HERE / "providers.json").read_text(encoding="utf-8"))
    keep = (HOSPITAL, PRACTICE, PHARMACY, MENTAL_CARE)
    return {p["ura"]: p["weergavenaam"] for p in providers if p["ura"] in keep}


def file_text(resources):
    """A JSON array with one resource per line, so that a change shows as one line."""
    lines = (json.dumps(resource, ensure_ascii=False) for resource in resources)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def records(ura, provider):
    """Everything one provider has on file, person by person."""
    about = {p["bsn"]: p for p in json.loads((HERE / "people.json").read_text(encoding="utf-8"))}
    tables = [
        (CONDITIONS, condition), (ALLERGIES, allergy), (VACCINATIONS, vaccination),
        (ENCOUNTERS, encounter), (SERIES, series), (MEDICATION, medication), (DOCUMENTS, document),
    ]
    for person, (bsn, sex, number) in PEOPLE.items():
        found = [(rows[ura][person], build) for rows, build in tables if person in rows.get(ura, {})]
        if not found:
            continue  # No treatment relation: not one resource.
        yield patient(number, about[bsn], sex)
        for rows, build in found:
            made = [resource for row in rows for resource in build(number, provider, *row)]
            for nth, resource in enumerate(made, 1):
                kind = resource["resourceType"]
                yield {"resourceType": kind, "id": f"{number}-{kind.lower()}-{nth:02}", **resource}


def patient(number, about, sex):
    *given, family = about["name"].split(" ", 1)
    return {
        "resourceType": "Patient",
        "id": number,
        "identifier": [{"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": about["bsn"]}],
        "active": True,
        "name": [{"use": "official", "text": about["name"], "family": family, "given": given}],
        "gender": sex,
        "birthDate": about["birth_date"],
    }


def condition(patient_id, provider, code, text, since, until):
    resource = {
        "resourceType": "Condition",
        "clinicalStatus": concept(FHIR_CODES + "condition-clinical", "resolved" if until else "active"),
        "verificationStatus": concept(FHIR_CODES + "condition-ver-status", "confirmed"),
        "category": [concept(FHIR_CODES + "condition-category", "problem-list-item")],
        "code": concept(SNOMED, code, text),
        "subject": subject(patient_id),
        "onsetDateTime": since,
        "recordedDate": since,
        "asserter": {"display": provider},
    }
    if until:
        resource["abatementDateTime"] = until
    yield resource


def allergy(patient_id, provider, code, text, category, criticality, reaction):
    yield {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": concept(FHIR_CODES + "allergyintolerance-clinical", "active"),
        "verificationStatus": concept(FHIR_CODES + "allergyintolerance-verification", "confirmed"),
        "type": "allergy",
        "category": [category],
        "criticality": criticality,
        "code": concept(SNOMED, code, text),
        "patient": subject(patient_id),
        "asserter": {"display": provider},
        "reaction": [{"manifestation": [{"text": reaction}]}],
    }


def vaccination(patient_id, provider, code, text, dates):
    for date in dates:
        yield {
            "resourceType": "Immunization",
            "status": "completed",
            "vaccineCode": concept(ATC, code, text),
            "patient": subject(patient_id),
            "occurrenceDateTime": date,
            "performer": [{"actor": {"display": provider}}],
        }


def encounter(patient_id, provider, reason, by, dates):
    for date in dates:
        first, last = date if isinstance(date, tuple) else (date, date)
        kind = ("IMP", "opname") if isinstance(date, tuple) else ("AMB", "ambulant")
        yield {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"system": FHIR_CODES + "v3-ActCode", "code": kind[0], "display": kind[1]},
            "subject": subject(patient_id),
            "participant": [{"individual": {"display": by}}],
            "period": {"start": first, "end": last},
            "reasonCode": [{"text": reason}],
            "serviceProvider": {"display": provider},
        }


def series(patient_id, provider, measure, first, step_days, values):
    start = datetime.date.fromisoformat(first)
    for nth, value in enumerate(values):
        date = start + datetime.timedelta(days=step_days * nth)
        yield observation(patient_id, provider, measure, date.isoformat(), value)


def observation(patient_id, provider, measure, date, value):
    category = "vital-signs" if measure == "pressure" else MEASURES[measure][0]
    resource = {
        "resourceType": "Observation",
        "status": "final",
        "category": [concept(FHIR_CODES + "observation-category", category)],
        "subject": subject(patient_id),
        "effectiveDateTime": date,
        "performer": [{"display": provider}],
    }
    if measure == "pressure":
        resource["code"] = concept(LOINC, "85354-9", "Bloeddruk")
        parts = (("8480-6", "Bovendruk", value[0]), ("8462-4", "Onderdruk", value[1]))
        resource["component"] = [
            {"code": concept(LOINC, code, text), "valueQuantity": quantity(mmhg, "mmHg", "mm[Hg]")}
            for code, text, mmhg in parts
        ]
    else:
        _, code, text, unit, ucum = MEASURES[measure]
        resource["code"] = concept(LOINC, code, text)
        resource["valueQuantity"] = quantity(value, unit, ucum)
        if measure in USUAL:
            ends = zip(("low", "high"), USUAL[measure])
            usual = {end: quantity(number, unit, ucum) for end, number in ends if number is not None}
            resource["referenceRange"] = [usual]
    return resource


def medication(patient_id, provider, code, text, dosage, since, until, handed_out, by=None):
    """One MedicationStatement for the use, one MedicationRequest for each time it was handed out."""
    medicine = concept(ATC, code, text)
    period = {"start": since, "end": until} if until else {"start": since}
    yield {
        "resourceType": "MedicationStatement",
        "status": "completed" if until else "active",
        "medicationCodeableConcept": medicine,
        "subject": subject(patient_id),
        "effectivePeriod": period,
        "informationSource": {"display": provider},
        "dosage": [{"text": dosage}],
    }
    for date in handed_out:
        yield {
            "resourceType": "MedicationRequest",
            "status": "completed",
            "intent": "order",
            "medicationCodeableConcept": medicine,
            "subject": subject(patient_id),
            "authoredOn": date,
            "requester": {"display": by or provider},
            "dosageInstruction": [{"text": dosage}],
        }


def document(patient_id, provider, code, title, date, author, text):
    data = base64.b64encode(f"{title}\n\n{text}\n\n{author}, {provider}\n".encode()).decode()
    yield {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": concept(LOINC, code, title),
        "subject": subject(patient_id),
        "date": f"{date}T12:00:00+01:00",
        "author": [{"display": f"{author}, {provider}"}],
        "description": title,
        "content": [{"attachment": {
            "contentType": "text/plain; charset=utf-8", "language": "nl-NL",
            "data": data, "title": title, "creation": date,
        }}],
    }


def subject(patient_id):
    return {"reference": f"Patient/{patient_id}"}


def concept(system, code, text=None):
    coded = {"coding": [{"system": system, "code": code}]}
    return {**coded, "text": text} if text else coded


def quantity(value, unit, ucum):
    known = {"value": value, "unit": unit, "system": UCUM, "code": ucum}
    if isinstance(value, str):
        return {**known, "value": int(value.removeprefix("<")), "comparator": "<"}
    return known


if __name__ == "__main__":
    main()
