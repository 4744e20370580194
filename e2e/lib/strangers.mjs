// People that no sample knows, with records of their own: some as they should be, some strange.
//
// `strangers` is the `change` of an `--input` folder.

export const NOOR = { bsn: '900300012', name: 'Noor de Wit', birth_date: '1979-05-06' };
export const PIET = { bsn: '900300024', name: 'Piet Alleman', birth_date: '1950-01-02' };

const HOSPITAL = '00000659';
const PRACTICE = '00000666';
const LOINC = 'http://loinc.org';

/** What stands in each file instead of the sample's. */
export const strangers = {
  'people.json': () => [NOOR, PIET],
  'localisation.json': () => ({ [NOOR.bsn]: [HOSPITAL, PRACTICE], [PIET.bsn]: [PRACTICE] }),
  'consents.json': () => [],
  [`records/${HOSPITAL}.json`]: () => [
    patient(NOOR, 'n1'),
    weight('w1', '2024-03-01', { value: 65.25, unit: 'kg' }),
    weight('w2', '2025-03-01', { value: 63.5, unit: 'kg' }),
    weight('w3', '2025-04', { value: 139, unit: 'lb' }),
    observation('t1', 'laboratory', '6598-7', 'Troponine <b>T</b>', {
      effectiveDateTime: '2026-02-03',
      valueQuantity: { value: 0.01, unit: 'ng/mL', comparator: '<' },
      referenceRange: [{ high: { value: 1e300 } }],
    }),
    // What no provider should send, and some do.
    observation('x1', 'laboratory', '1', 'Zonder waarde', { effectiveDateTime: '0000-99-99' }),
    observation('x2', 'laboratory', '2', 'Veel te veel', { issued: 7, valueQuantity: { value: 1e308, unit: 'x' } }),
    observation('x3', 'laboratory', '3', 'Geen getal', { valueQuantity: { value: 'NaN', unit: [] }, component: {} }),
  ],
  [`records/${PRACTICE}.json`]: () => [
    patient(NOOR, 'n1'),
    patient(PIET, 'p1'),
    weight('w4', '2026-09-15T08:30:00+02:00', { value: 61.75, unit: 'kg' }),
    medication('m1', 'Amoxicilline van Noor', 'completed', { start: '2026-01-05', end: '2026-01-12' }),
    {
      resourceType: 'MedicationRequest',
      id: 'm2',
      status: 'completed',
      intent: 'order',
      subject: { reference: 'Patient/n1' },
      medicationCodeableConcept: { text: 'Amoxicilline van Noor' },
      authoredOn: '2026-01-05',
      requester: { display: 'Kinderarts' },
    },
    medication('m3', 'Ijzer', 'active', { start: '2025' }),
  ],
  'records/00000673.json': () => [],
  'records/00000680.json': () => [],
};

function patient({ bsn, birth_date }, id) {
  const identifier = [{ system: 'http://fhir.nl/fhir/NamingSystem/bsn', value: bsn }];
  return { resourceType: 'Patient', id, identifier, birthDate: birth_date };
}

function weight(id, effectiveDateTime, valueQuantity) {
  return observation(id, 'vital-signs', '29463-7', 'Gewicht van Noor', { effectiveDateTime, valueQuantity });
}

function observation(id, category, code, text, rest) {
  const system = 'http://terminology.hl7.org/CodeSystem/observation-category';
  return {
    resourceType: 'Observation',
    id,
    status: 'final',
    category: [{ coding: [{ system, code: category }] }],
    subject: { reference: 'Patient/n1' },
    code: { coding: [{ system: LOINC, code }], text },
    ...rest,
  };
}

function medication(id, text, status, effectivePeriod) {
  const subject = { reference: 'Patient/n1' };
  const medicationCodeableConcept = { text };
  return { resourceType: 'MedicationStatement', id, status, subject, medicationCodeableConcept, effectivePeriod };
}
