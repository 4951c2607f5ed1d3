#!/usr/bin/env python3
"""Runs the tests of the Python package and ends in a line that counts them.

    tests/clients/python/run.py [test_model.TestSamples.test_...]

Needs the package to be importable (scripts/check-python.sh installs its wheel), the built programs
and library, and a C compiler.
"""
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    sys.path.insert(0, HERE)
    loader = unittest.TestLoader()
    suite = (loader.loadTestsFromNames(sys.argv[1:]) if sys.argv[1:]
             else loader.discover(HERE, top_level_dir=HERE))
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=0, warnings="default").run(suite)
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}")
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed - len(result.skipped)} passed, {failed} failed")
    return 1 if failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
