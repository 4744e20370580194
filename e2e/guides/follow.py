"""Follows a guide of docs/start: every command in it is run, in order, and what the guide shows as
its output must come.

usage: follow.py SLUIS RESULTS [GUIDE...]; without a guide all of docs/start, and only then RESULTS
is written.

In a guide,
- a ```sh fence holds commands. All fences of a guide run in one bash with `set -e`, in an empty folder;
- a ```text fence right after it is the output, errors included, line by line; `…` is anything;
- <!-- the person … --> stands where the reader goes to his browser; `PERSON` says who does it here;
- `PORT=8443` and `OWN=9443` on lines of their own become ports that are free, and `REPO=~/sluis` a
  folder with the build, the documents and the sample.
Nothing else may look like commands (`SHELLISH`), and nothing is run that the guide does not say. It must
be over within three minutes.
"""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
GUIDES = HERE.parent.parent / "docs" / "start"

# A reader needs ten minutes, most of them to read.
SECONDS_MAX = 180
# How long the programs that a guide started may take to end.
END_SECONDS_MAX = 15

# Fences in which readers expect commands; ours are `sh`, so that none is left out by mistake.
SHELLISH = {"bash", "shell", "console", "shell-session", "zsh", "terminal", ""}

# What the reader does in his browser, and who does it here.
PERSON = {
    "the person opens the URL of pgo.txt, logs in as Saskia and consents": "consents pgo.txt Saskia",
    "the person collects as Saskia at pgo.localhost": "collects Saskia",
    "the person opens the task Mijn oefening at portaal.localhost and logs in as Anna": "launches Anna",
    "the person logs in at dv.localhost as t.teller for Visserij Voorbeeld V.O.F.": (
        "chooses t.teller 'Visserij Voorbeeld V.O.F.'"
    ),
    "the person opens the URL of app.txt and logs in as b.bakker for Bakkerij Voorbeeld B.V.": (
        "comesBack app.txt b.bakker 'Bakkerij Voorbeeld B.V.'"
    ),
    "the person opens the URL of app.txt and logs in as z.zelf": "comesBack app.txt z.zelf",
    "the person withdraws her consent for mijnpgo.localhost": "withdraws Saskia mijnpgo.localhost",
}


@dataclass
class Block:
    """Commands, the line of the guide where they stand, and their output if the guide shows it."""

    line: int
    commands: str
    output: str | None = None


class Fault(Exception):
    """What is wrong with a guide, for whoever mends it."""


def blocks(guide: Path) -> list[Block]:
    """What is to be done, in order."""
    found: list[Block] = []
    # The block before, while nothing but empty lines came after it.
    just_before: Block | None = None
    lines = iter(enumerate(guide.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        fence = re.fullmatch(r"(`{3,})(.*)", line.strip())
        if fence:
            inside = "".join(f"{text}\n" for text in until(lines, fence[1]))
            kind = fence[2].strip()
            if kind in SHELLISH:
                raise Fault(f"line {number}: a fence ```{kind}; commands stand in ```sh")
            if kind == "text":
                if not just_before:
                    raise Fault(f"line {number}: an output that no commands stand before")
                just_before.output = inside
            if kind == "sh":
                found.append(Block(number, inside))
            just_before = found[-1] if kind == "sh" else None
        elif comment := re.fullmatch(r"<!-- (.*) -->", line.strip()):
            if comment[1] not in PERSON:
                raise Fault(f"line {number}: nobody knows how to do: {comment[1]}")
            person = f'node {shlex.quote(str(HERE / "person.mjs"))} {PERSON[comment[1]]}\n'
            found.append(Block(number, person))
            just_before = None
        elif line.strip():
            just_before = None
    if not found:
        raise Fault("there is no command in it")
    return found


def check_versions(guide: str) -> None:
    """npm installs for a reader what our own tests run with."""
    package = json.loads((HERE.parent / "package.json").read_text(encoding="utf-8"))
    for install in re.findall(r"^npm install .*$", guide, flags=re.MULTILINE):
        for name, version in re.findall(r"([\w-]+)@([\d.]+)", install):
            ours = package["devDependencies"].get(name)
            if version != ours:
                raise Fault(f"{name}@{version} is installed, and e2e/package.json has {ours}")


def until(lines, mark: str):
    """The lines of a fence that ends with this mark."""
    for number, line in lines:
        if line.strip() == mark:
            return
        yield line
    raise Fault(f"line {number}: a fence has no end")


def script(todo: list[Block], outputs: Path, settings: dict[str, str]) -> str:
    """One bash for all of them; the output of each goes to a file of its own."""
    parts = ["set -e", "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT"]
    for index, block in enumerate(todo):
        commands = block.commands
        for name, value in settings.items():
            commands = re.sub(rf"^{name}=\S+$", f"{name}={value}", commands, flags=re.MULTILINE)
        parts.append(f"exec >{shlex.quote(str(outputs / str(index)))} 2>&1\n{commands}")
    return "\n".join(parts) + "\n"


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def as_written(output: str, guide: str, ports: dict[str, int]) -> str:
    """The output with the ports that the guide says."""
    for name, port in ports.items():
        said = re.search(rf"^{name}=(\d+)$", guide, flags=re.MULTILINE)
        if said:
            output = output.replace(str(port), said[1])
    return output


def compare(block: Block, output: str) -> None:
    """The output is what the guide shows; `…` is anything within a line, and alone any lines."""
    if block.output is None:
        return
    expected = block.output.strip("\n").split("\n")
    anything = r"(?:[^\n]*\n)*"
    pattern = "".join(
        anything if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
        for line in expected
    )
    if not re.fullmatch(pattern, output.rstrip("\n") + "\n"):
        raise Fault(f"line {block.line}: the guide shows\n\n{block.output}\nand this came\n\n{output}")


def follow(guide: Path, sluis: Path) -> None:
    """Does what a guide says; a `Fault` when something else comes of it."""
    todo = blocks(guide)
    text = guide.read_text(encoding="utf-8")
    check_versions(text)
    ports = dict(zip(("PORT", "OWN"), free_ports(2)))
    root = Path(tempfile.mkdtemp(prefix="sluis-guide-"))
    folder, outputs, repository = root / "here", root / "output", root / "sluis"
    for each in (folder, outputs, root / "home", repository / "target" / "release"):
        each.mkdir(parents=True)
    (repository / "target" / "release" / "sluis").symlink_to(sluis)
    (repository / "docs").symlink_to(GUIDES.parent)
    (repository / "sample").symlink_to(GUIDES.parent.parent / "sample")
    settings = {name: str(port) for name, port in ports.items()} | {"REPO": str(repository)}
    bash = subprocess.Popen(
        ["bash", "-c", script(todo, outputs, settings)],
        cwd=folder,
        env={**os.environ, "HOME": str(root / "home")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        is_late = False
        try:
            bash.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            is_late = True
            end(bash)
        for index, block in enumerate(todo):
            written = outputs / str(index)
            if not written.exists():
                break
            last = index + 1 == len(todo) or not (outputs / str(index + 1)).exists()
            output = as_written(written.read_text(encoding="utf-8", errors="replace"), text, ports)
            if last and (is_late or bash.returncode != 0):
                why = f"took over {SECONDS_MAX} s" if is_late else f"ended with {bash.returncode}"
                raise Fault(f"line {block.line}: {why}\n\n{block.commands}\n{output}")
            compare(block, output)
    finally:
        end(bash)
        shutil.rmtree(root, ignore_errors=True)


def end(bash: subprocess.Popen) -> None:
    """Ends what is left of a guide's own session: bash first, whose trap ends what it started."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(bash.pid, how)
        except ProcessLookupError:
            return
        give_up = time.monotonic() + END_SECONDS_MAX
        while time.monotonic() < give_up and is_alive(bash):
            time.sleep(0.05)


def is_alive(bash: subprocess.Popen) -> bool:
    bash.poll()
    try:
        os.killpg(bash.pid, 0)
    except ProcessLookupError:
        return False
    return True


def main(sluis: str, results: str, *named: str) -> int:
    guides = [Path(name) for name in named] or sorted(GUIDES.glob("*.md"))
    lines = []
    for guide in guides:
        began = time.monotonic()
        name = f"the_commands_of_the_guide_{guide.stem}_do_what_it_says"
        try:
            follow(guide, Path(sluis))
            outcome = "ok"
        except Fault as fault:
            outcome = "FAILED"
            print(f"{guide.name}, {fault}", file=sys.stderr)
        lines.append(f"test {name} ... {outcome}\n")
        print(f"{lines[-1].strip()} ({time.monotonic() - began:.1f} s)", flush=True)
    if not named:
        Path(results).write_text("".join(lines), encoding="utf-8")
    return 0 if lines and all(line.endswith(" ok\n") for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
