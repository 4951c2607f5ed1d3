"""The layouts and declarations of the package against the headers, by the compiler."""
import ctypes
import re
import subprocess

from advect import _library, _structs
from support import ROOT, FolderTest, compiled

INCLUDE = "-I" + ROOT + "/include"
STRUCTS = {
    of.__doc__.split()[1]: of
    for of in vars(_structs).values()
    if isinstance(of, type) and issubclass(of, ctypes.Structure)
}
CONSTANTS = {
    **{f"ADV_{name}": value for name, value in vars(_structs).items()
       if name == "OK" or name.startswith("E_")},
    **{f"ADV_QUERY_{name}": getattr(_structs, name)
       for name in ("SAMPLES", "TRAJECTORIES", "LOG_DENSITY", "LATENTS", "VELOCITY")},
    **{f"ADV_SPACE_{name.upper()}": i for i, name in enumerate(_structs.SPACES)},
    **{f"ADV_DIVERGENCE_{name.upper()}": i for i, name in enumerate(_structs.DIVERGENCES)},
    **{f"ADV_PRECISION_{name.upper()}": i for i, name in enumerate(_structs.PRECISIONS)},
    "ADV_F32": _structs.DTYPES["float32"], "ADV_F16": _structs.DTYPES["float16"],
    "ADV_BF16": _structs.DTYPES["bfloat16"], "ADV_NO_LABEL": _structs.NO_LABEL,
}  # fmt: skip
HEAD = "#include <advect/advect.h>\n#include <stddef.h>\n#include <stdio.h>\n"


class TestLayout(FolderTest):
    def printed(self, lines):
        program = self.at("program")
        source = f"{HEAD}int main(void)\n{{\n{lines}return 0;\n}}\n"
        self.assertIsNone(compiled(source, program, INCLUDE))
        return subprocess.check_output([program], text=True).split()

    def test_members_are_where_the_headers_have_them(self):
        lines, own = "", []
        for name, struct in STRUCTS.items():
            for member, _ in struct._fields_:
                lines += (f'printf("%zu,%zu ", offsetof(struct {name}, {member}), '
                          f"sizeof ((struct {name} *)0)->{member});\n")
                field = getattr(struct, member)
                own.append(f"{field.offset},{field.size}")
        self.assertEqual(self.printed(lines), own)
        self.assertGreater(len(own), 60)

    def test_sizes_are_the_headers_or_those_of_fewer_members(self):
        """Structs that grow may have members that the package does not know; closed ones not."""
        lines = "".join(f'printf("%zu ", sizeof(struct {name}));\n' for name in STRUCTS)
        for (name, struct), size in zip(STRUCTS.items(), self.printed(lines)):
            if name in ("adv_error", "adv_solver_spec"):
                self.assertEqual(ctypes.sizeof(struct), int(size), name)
            self.assertLessEqual(ctypes.sizeof(struct), int(size), name)

    def test_constants_have_the_headers_values(self):
        lines = "".join(f'printf("%d ", (int){name});\n' for name in CONSTANTS)
        self.assertEqual(self.printed(lines), [str(value) for value in CONSTANTS.values()])

    def test_declarations_are_the_headers(self):
        source = HEAD + _library.PROTOTYPES + "int main(void) { return 0; }\n"
        self.assertIsNone(compiled(source, self.at("same"), INCLUDE, "-Werror"))
        changed = source.replace("size_t adv_model_dim(", "int adv_model_dim(")
        self.assertIn("conflicting types", compiled(changed, self.at("other"), INCLUDE))

    def test_every_declaration_is_read(self):
        declared = re.findall(r"\b(adv_\w+)\(", _library.PROTOTYPES)
        read = [name for _, name, _ in _library._DECLARATION.findall(_library.PROTOTYPES)]
        self.assertEqual(read, declared)
        library = _library.library()
        self.assertIs(library.adv_model_name.restype, ctypes.c_char_p)
        self.assertIs(library.adv_query_cost.restype, ctypes.c_double)
        self.assertIs(library.adv_solver_spec_accurate.restype, _structs.SolverSpec)
        self.assertEqual(library.adv_run_new.argtypes, [ctypes.c_void_p] * 4)
        self.assertEqual(library.adv_model_save.argtypes[1:3], [ctypes.c_char_p, ctypes.c_int])
        self.assertEqual(library.adv_model_shape.argtypes, [ctypes.c_void_p] * 2)
        self.assertEqual(library.adv_version.argtypes, [])

    def test_the_version_is_the_headers(self):
        version = self.printed('printf("%s", ADV_VERSION);\n')
        self.assertEqual(version, [_library.__version__])
