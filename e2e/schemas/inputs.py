"""The schemas, the sample, and the cases of the reader's own tests."""

import dataclasses
import json
import pathlib

from jsonschema import Draft202012Validator

ROOT = pathlib.Path(__file__).parents[2]
SCHEMAS = ROOT / "sample" / "schemas"
CASES = ROOT / "crates" / "server" / "tests" / "input" / "cases"


def schema(name: str) -> dict:
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))


def names() -> list[str]:
    return sorted(path.name.removesuffix(".schema.json") for path in SCHEMAS.iterdir())


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name))


def name_of(path: str) -> str | None:
    """The schema of a file of an input folder; none for a file that has none."""
    folder, _, file = path.rpartition("/")
    if not file.endswith(".json"):
        return None
    name = {"": file.removesuffix(".json"), "records": "records"}.get(folder)
    return name if name in names() else None


@dataclasses.dataclass
class Case:
    """A folder as crates/server/tests/input/case.rs reads it: bytes by path, and its verdict."""

    name: str
    files: dict[str, bytes]
    verdict: str


def cases() -> list[Case]:
    return [case(path) for path in sorted(CASES.iterdir())]


def case(path: pathlib.Path) -> Case:
    folder, _, end = path.read_text("utf-8").rpartition("\n=== ")
    files = {}
    for part in folder.split("\n--- ")[1:]:
        head, _, text = part.partition("\n")
        name, _, kind = head.partition(": ")
        if kind in ("", "in Latin-1"):
            files[name] = text.encode("latin-1" if kind else "utf-8")
    return Case(path.stem, files, end.partition("\n")[0])
