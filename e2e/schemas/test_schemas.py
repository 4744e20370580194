"""The schemas of `--input`, held against the sample and against what the reader says of each case."""

import json
import unittest

from inputs import ROOT, cases, name_of, names, schema, validator
from jsonschema import Draft202012Validator

# Where a schema holds members by name, and where it holds one schema or several.
BY_NAME = ("properties",)
ONE = ("items", "additionalProperties", "propertyNames")
SEVERAL = ("prefixItems",)


def members(node, place: str):
    """Every member of a document that a schema tells of, with its place."""
    yield place, node
    for word in BY_NAME:
        for name, inner in node.get(word, {}).items():
            yield from members(inner, f"{place}.{name}")
    for word in ONE:
        if isinstance(inner := node.get(word), dict):
            yield from members(inner, f"{place}.{word}")
    for word in SEVERAL:
        for index, inner in enumerate(node.get(word, [])):
            yield from members(inner, f"{place}[{index}]")


def objects(node):
    """Every object of a schema that names its members."""
    return ((place, inner) for place, inner in members(node, "") if inner.get("type") == "object")


def judged(files: dict[str, bytes]) -> str:
    """What the schemas say of a folder's files."""
    verdict = "fits"
    for path, text in files.items():
        if (name := name_of(path)) is None:
            continue
        try:
            document = json.loads(text.decode("utf-8"))
        except ValueError:
            return "no JSON"
        if not validator(name).is_valid(document):
            verdict = "does not fit"
    return verdict


# A FHIR resource; and keys, which may carry members that nobody here knows (RFC 7517 section 4).
OPEN = {
    ("records", ".items"),
    ("koppeltaal-fhir", ".resources.items.resource"),
    ("clients", ".items.jwks"),
    ("clients", ".items.jwks.keys.items"),
    ("etoegang", ".apps.items.jwks"),
    ("etoegang", ".apps.items.jwks.keys.items"),
}


class Schemas(unittest.TestCase):
    def test_every_schema_is_one_of_2020_12_with_a_name_of_its_own(self):
        for name in names():
            with self.subTest(name):
                document = schema(name)
                Draft202012Validator.check_schema(document)
                self.assertEqual(document["$id"], f"urn:sluis:input:{name}")

    def test_every_member_has_a_title_and_a_description(self):
        for name in names():
            for place, node in members(schema(name), name):
                with self.subTest(place):
                    self.assertTrue(node.get("title") and node.get("description"))

    def test_every_object_takes_its_own_members_alone_save_a_resource(self):
        for name in names():
            for place, node in objects(schema(name)):
                with self.subTest(name + place):
                    closed = "additionalProperties" in node
                    self.assertEqual(closed, (name, place) not in OPEN)

    def test_every_example_fits(self):
        for name in names():
            for place, node in members(schema(name), name):
                for example in node.get("examples", []):
                    with self.subTest(place):
                        Draft202012Validator(node).validate(example)

    def test_every_file_of_the_sample_fits(self):
        sample = ROOT / "sample"
        files = [*sample.glob("*.json"), *sample.glob("records/*.json")]
        self.assertGreater(len(files), 10)
        for file in files:
            path = file.relative_to(sample).as_posix()
            with self.subTest(path):
                validator(name_of(path)).validate(json.loads(file.read_text("utf-8")))


class Reader(unittest.TestCase):
    def test_the_schemas_refuse_what_the_reader_refuses_and_take_what_it_takes(self):
        expected = {
            "taken": "fits",
            "refused, by the schema too": "does not fit",
            "refused, by the reader alone": "fits",
            "refused, as no JSON": "no JSON",
        }
        for case in cases():
            with self.subTest(case.name):
                self.assertEqual(judged(case.files), expected[case.verdict])
