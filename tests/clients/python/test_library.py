"""Finding libadvect, and refusing what is none or of another version."""
import os
import shutil

import advect
from advect import _library
from support import BOARD, LIBRARY, FolderTest, compiled, python

LOAD = "import advect, sys; advect.load(sys.argv[1]); print('loaded')"
FAKE = 'const char *adv_version(void);\nconst char *adv_version(void) {{ return "{}"; }}\n'


class TestLibrary(FolderTest):
    def fake(self, version):
        path = self.at("fake.so")
        self.assertIsNone(compiled(FAKE.format(version), path, "-shared", "-fPIC"))
        return path

    def refusal(self, path):
        status, said = python(LOAD, BOARD, ADVECT_LIBRARY=path)
        self.assertEqual(status, 1)
        self.assertIn("advect.errors.LibraryError", said)
        return said.splitlines()[-1]

    def test_a_missing_library_says_where_one_may_be(self):
        said = self.refusal(self.at("absent.so"))
        self.assertIn("cannot load libadvect 0.1", said)
        self.assertIn("absent.so", said)
        self.assertIn("ADVECT_LIBRARY", said)

    def test_a_fit_says_so_too(self):
        status, said = python("import advect; advect.fit([[0.5 * i] for i in range(20)], steps=1)",
                              ADVECT_LIBRARY=self.at("absent.so"))
        self.assertEqual(status, 1)
        self.assertIn("advect.errors.LibraryError", said.splitlines()[-1])

    def test_without_one_in_the_system_the_places_are_told(self):
        status, said = python(LOAD, BOARD, ADVECT_LIBRARY=None, LD_LIBRARY_PATH=None)
        if status == 0:
            self.skipTest("a libadvect is installed in the system")
        self.assertIn("libadvect.so.0.1", said)

    def test_an_older_one_is_refused_with_the_version_that_is_wanted(self):
        said = self.refusal(self.fake("0.0.9"))
        self.assertIn("is libadvect 0.0.9", said)
        self.assertIn(f"advect {advect.__version__} of Python wants 0.1", said)

    def test_one_of_that_version_without_a_function_is_refused_by_its_name(self):
        self.assertIn("has no function adv_cpu_count", self.refusal(self.fake("0.1.0")))

    def test_another_library_is_refused(self):
        path = self.at("other.so")
        self.assertIsNone(compiled("int here;\n", path, "-shared", "-fPIC"))
        self.assertIn("it has no adv_version", self.refusal(path))

    def test_versions_that_serve_are_those_of_the_promise(self):
        own = _library.__version__
        self.addCleanup(setattr, _library, "__version__", own)
        for package, library, serves in (
            ("0.1.0", "0.1.7", True), ("0.1.0", "0.2.0", False), ("0.2.0", "0.1.0", False),
            ("1.2.0", "1.2.0", True), ("1.2.0", "1.3.1", True), ("1.2.0", "1.1.9", False),
            ("1.2.0", "2.2.0", False), ("1.0.0", "0.9.0", False),
        ):  # fmt: skip
            _library.__version__ = package
            self.assertEqual(_library._serves(library), serves, (package, library))

    def test_it_is_found_in_the_systems_places(self):
        os.symlink(LIBRARY, self.at("libadvect.so.0.1"))
        status, said = python(LOAD, BOARD, ADVECT_LIBRARY=None, LD_LIBRARY_PATH=self.folder)
        self.assertEqual((status, said), (0, "loaded\n"))

    def test_it_is_found_beside_the_package(self):
        package = os.path.dirname(advect.__file__)
        shutil.copytree(package, self.at("advect"))
        os.symlink(LIBRARY, self.at("advect/libadvect.so.0.1"))
        status, said = python(LOAD, BOARD, ADVECT_LIBRARY=None, LD_LIBRARY_PATH=None,
                              PYTHONPATH=self.folder)
        self.assertEqual((status, said), (0, "loaded\n"))
