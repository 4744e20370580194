"""Runs the tests of the present folder and leaves a line for each, as cargo's own runner writes them.

usage: ran.py RESULTS [NAME...]; a name is a part of the names of the tests that are to run. When
only some of them run, RESULTS stays as it is.
"""

import logging
import sys
import time
import unittest
import warnings
from pathlib import Path


class Lines(unittest.TextTestResult):
    """Results as `test NAME ... ok`, and how long each test took."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.lines: list[str] = []
        self.failed_here = False
        self.began = 0.0

    def startTest(self, test):
        self.began = time.monotonic()
        self.failed_here = False
        super().startTest(test)

    def addSubTest(self, test, subtest, err):
        self.failed_here = self.failed_here or err is not None
        super().addSubTest(test, subtest, err)

    def addFailure(self, test, err):
        self.failed_here = True
        super().addFailure(test, err)

    def addError(self, test, err):
        self.failed_here = True
        super().addError(test, err)

    def addUnexpectedSuccess(self, test):
        self.failed_here = True
        super().addUnexpectedSuccess(test)

    def stopTest(self, test):
        super().stopTest(test)
        outcome = "FAILED" if self.failed_here else "ok"
        line = f"test {test.id().rpartition('.')[2]} ... {outcome}"
        self.lines.append(line)
        print(f"{line} ({time.monotonic() - self.began:.2f} s)", flush=True)


def chosen(suite: unittest.TestSuite, names: list[str]) -> unittest.TestSuite:
    """The tests whose names contain one of `names`; all when there are none."""
    kept = unittest.TestSuite()
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            kept.addTest(chosen(test, names))
        elif not names or any(name in test.id() for name in names):
            kept.addTest(test)
    return kept


def main(results: str, *names: str) -> int:
    # pysaml2 tells of every signature that it refuses; the tests tell it themselves.
    logging.disable(logging.CRITICAL)
    # It still imports a cipher mode, for what nobody uses here, from where it will not stay.
    warnings.filterwarnings("ignore", message="CFB has been moved")
    found = unittest.defaultTestLoader.discover(str(Path.cwd()), pattern="test_*.py")
    runner = unittest.TextTestRunner(stream=sys.stderr, verbosity=0, resultclass=Lines)
    result = runner.run(chosen(found, list(names)))
    if not names:
        Path(results).write_text("".join(f"{line}\n" for line in result.lines), encoding="utf-8")
    return 0 if result.wasSuccessful() and result.testsRun > 0 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
