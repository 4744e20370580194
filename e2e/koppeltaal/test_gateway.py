"""fhirpy works with resources through the gateway, before Medplum's FHIR server."""

from fhirpy.base.exceptions import ForbiddenError, ResourceNotFound

from application.case import EPD, MODULE, ORIGIN, PORTAAL, DomainCase


class Gateway(DomainCase):
    """A server that does not know who made what, and so cannot search for it."""

    def patient(self, number):
        epd = self.client(EPD)
        patient = epd.resource(
            "Patient",
            identifier=[{"system": "https://epd.example/nummer", "value": number}],
            active=True,
            name=[{"use": "official", "family": f"Jansen-{number}", "given": ["Jan"]}],
        )
        patient.save()
        return patient

    def test_koppeltaal_case_056_who_creates_owns(self):
        patient = self.patient("1")
        origins = [e for e in patient["extension"] if e["url"] == ORIGIN]
        self.assertEqual([o["valueReference"]["reference"] for o in origins], [f"Device/{EPD}"])

    def test_koppeltaal_case_051_and_053_a_search_shows_what_may_be_seen(self):
        made = self.patient("2").id
        for client_id, expected in ((EPD, True), (PORTAAL, True), (MODULE, False)):
            found = self.client(client_id).resources("Patient").fetch()
            self.assertEqual(made in [resource.id for resource in found], expected, client_id)

    def test_koppeltaal_case_054_what_others_own_looks_like_what_is_not_there(self):
        made, said = self.patient("3").id, set()
        for unknown in (made, "11111111-1111-4111-8111-111111111111"):
            with self.assertRaises(ForbiddenError) as refused:
                self.client(MODULE).reference("Patient", unknown).to_resource()
            said.add(str(refused.exception))
        self.assertEqual(len(said), 1, said)

    def test_koppeltaal_case_055_with_all_what_is_not_there_is_not_found(self):
        with self.assertRaises(ResourceNotFound):
            self.client(PORTAAL).reference("Patient", "11111111-1111-4111-8111-111111111111").to_resource()

    def test_koppeltaal_case_039_a_granted_task_is_seen_and_another_is_not(self):
        patient = self.patient("4")
        task = self.client(PORTAAL).resource(
            "Task", status="ready", intent="order", **{"for": {"reference": f"Patient/{patient.id}"}}
        )
        task.save()
        seen = self.client(MODULE).resources("Task").fetch()
        self.assertIn(task.id, [resource.id for resource in seen])
        # Neither a role nor a scope: koppeltaal case 50.
        with self.assertRaises(ForbiddenError):
            self.client(EPD).resources("Task").fetch()


class GatewayThatAsksByOrigin(Gateway):
    """The same before a server that can be asked for who made what."""

    medplum_arguments = ("resource-origin",)
