"""libadvect: where it is, whether its version will do, and its functions with their types."""

from __future__ import annotations

import ctypes as c
import os
import re
import threading
from typing import Any, Dict, List, NoReturn, Optional

from . import _structs as s
from . import errors
from ._version import __version__

# The functions that the package calls, as the headers declare them. They are declared once more in
# a test's C program, where the compiler holds them against the headers.
PROTOTYPES = """
const char *adv_version(void);
int adv_cpu_count(void);
enum adv_status adv_pool_new(int n_threads, struct adv_pool **pool, struct adv_error *error);
void adv_pool_free(struct adv_pool *pool);
enum adv_status adv_model_load(const char *path, const struct adv_load_options *options,
                               struct adv_model **model, struct adv_error *error);
enum adv_status adv_model_save(const struct adv_model *model, const char *path,
                               enum adv_dtype dtype, struct adv_error *error);
void adv_model_unref(struct adv_model *model);
const char *adv_model_name(const struct adv_model *model);
const char *adv_model_digest(const struct adv_model *model);
const char *adv_model_config(const struct adv_model *model);
const char *adv_model_card(const struct adv_model *model);
size_t adv_model_n_weights(const struct adv_model *model);
const float *adv_model_weights(const struct adv_model *model);
size_t adv_model_dim(const struct adv_model *model);
int adv_model_shape(const struct adv_model *model, size_t shape[3]);
bool adv_model_is_image(const struct adv_model *model);
size_t adv_model_classes(const struct adv_model *model);
bool adv_model_has_null_class(const struct adv_model *model);
double adv_model_guidance(const struct adv_model *model);
const char *adv_model_label_name(const struct adv_model *model, size_t label);
size_t adv_model_context(const struct adv_model *model);
const char *adv_model_context_name(const struct adv_model *model, size_t i);
double adv_model_context_reach(const struct adv_model *model);
const char *adv_model_column_name(const struct adv_model *model, size_t column);
enum adv_status adv_solver_find(const char *name, const struct adv_solver **solver,
                                struct adv_error *error);
bool adv_solver_is_adaptive(const struct adv_solver *solver);
bool adv_solver_is_stochastic(const struct adv_solver *solver);
struct adv_solver_spec adv_solver_spec_accurate(void);
void adv_query_init(struct adv_query *query, size_t size, enum adv_query_kind kind);
double adv_query_default_guidance(const struct adv_query *query, const struct adv_model *model);
bool adv_query_default_errors(const struct adv_query *query, const struct adv_model *model);
int64_t adv_query_default_steps(const struct adv_query *query, const struct adv_model *model,
                                const struct adv_solver *solver);
double adv_query_cost(const struct adv_query *query, const struct adv_model *model);
enum adv_status adv_run_new(struct adv_model *model, const struct adv_query *query,
                            struct adv_run **run, struct adv_error *error);
void adv_run_free(struct adv_run *run);
bool adv_run_cancelled_by(void *flag);
enum adv_status adv_run_all(struct adv_run *run, const struct adv_run_options *options,
                            const struct adv_answer **answer, struct adv_error *error);
enum adv_status adv_recipe_for_file(const char *file, const char *options, char **recipe,
                                    struct adv_error *error);
enum adv_status adv_training_new(const char *recipe, const struct adv_training_options *options,
                                 struct adv_training **training, struct adv_error *error);
void adv_training_free(struct adv_training *training);
const char *adv_training_notes(const struct adv_training *training);
const struct adv_training_progress *adv_training_progress(const struct adv_training *training);
enum adv_status adv_training_step(struct adv_training *training, double *loss,
                                  struct adv_error *error);
enum adv_status adv_training_model(const struct adv_training *training, struct adv_model **model,
                                   struct adv_error *error);
"""

_BY_VALUE: Dict[str, Any] = {
    "void": None,
    "bool": c.c_bool,
    "int": c.c_int,
    "size_t": c.c_size_t,
    "int64_t": c.c_int64,
    "double": c.c_double,
    "struct adv_solver_spec": s.SolverSpec,
}
_DECLARATION = re.compile(r"([\w\s*]+?)(\w+)\(([^)]*)\);")


def _ctype(declared: str) -> Any:
    """The type of a parameter ("const char *path") or of a result ("const char *")."""
    words = declared.replace("const ", "").replace("*", " * ").split()
    pointers = words.count("*") + declared.count("[")
    if words[:2] == ["char", "*"] and pointers == 1:
        return c.c_char_p
    if pointers:
        return c.c_void_p
    if words[0] == "enum":
        return c.c_int
    return _BY_VALUE[" ".join(words[:2]) if words[0] == "struct" else words[0]]


def _declare(library: c.CDLL, path: str) -> None:
    for result, name, parameters in _DECLARATION.findall(PROTOTYPES):
        try:
            function = getattr(library, name)
        except AttributeError:
            raise errors.LibraryError(
                f"{path} has no function {name}: it is older than advect {__version__} of Python, "
                f"which wants libadvect {_wanted()}"
            ) from None
        function.restype = _ctype(result.strip())
        function.argtypes = [_ctype(p.strip()) for p in parameters.split(",") if p != "void"]


# ---------------------------------------------------------------- versions


def _numbers(version: str) -> List[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:3]]


def _wanted() -> str:
    major, minor = _numbers(__version__)[:2]
    return f"0.{minor}" if major == 0 else f"{major}.{minor} or a later {major}"


def _serves(version: str) -> bool:
    """As docs/reference/abi.md promises: of 0.x the same minor version, later any newer one."""
    (major, minor), (own_major, own_minor) = _numbers(version)[:2], _numbers(__version__)[:2]
    if major != own_major:
        return False
    return minor == own_minor if major == 0 else minor >= own_minor


def _check_version(library: c.CDLL, path: str) -> None:
    try:
        library.adv_version.restype = c.c_char_p
        version = library.adv_version().decode()
    except AttributeError:
        raise errors.LibraryError(f"{path} is not libadvect: it has no adv_version") from None
    if not _serves(version):
        raise errors.LibraryError(
            f"{path} is libadvect {version}; advect {__version__} of Python wants {_wanted()}"
        )


# ---------------------------------------------------------------- finding it


def _soname() -> str:
    major, minor = _numbers(__version__)[:2]
    return f"libadvect.so.{f'0.{minor}' if major == 0 else major}"


def _candidates() -> List[str]:
    """The one that ADVECT_LIBRARY names; else beside the package, then in the system's places."""
    named = os.environ.get("ADVECT_LIBRARY")
    if named:
        return [named]
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), _soname())
    return ([beside] if os.path.exists(beside) else []) + [_soname(), "libadvect.so"]


def _open() -> c.CDLL:
    tried = []
    for path in _candidates():
        try:
            library = c.CDLL(path)
        except OSError as error:
            tried.append(str(error))
            continue
        _check_version(library, path)
        _declare(library, path)
        return library
    raise errors.LibraryError(
        f"cannot load libadvect {_wanted()}: {'; '.join(tried)}. Install it (make install), put it "
        f"beside the package, or name the file in the environment variable ADVECT_LIBRARY"
    )


_lock = threading.Lock()
_opened: Optional[c.CDLL] = None


def library() -> Any:
    """libadvect, opened when it is first wanted: the door over HTTP does without it."""
    global _opened
    if _opened is None:
        with _lock:
            if _opened is None:
                _opened = _open()
    return _opened


def _renew_lock() -> None:
    """In the child of a fork, whose parent may have held it."""
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)

# ---------------------------------------------------------------- its errors

_CLASSES = {
    s.E_INVALID: errors.InvalidError,
    s.E_FORMAT: errors.FormatError,
    s.E_IO: errors.FileError,
    s.E_MEMORY: errors.NoMemoryError,
    s.E_UNSUPPORTED: errors.UnsupportedError,
    s.E_NUMERIC: errors.NumericError,
    s.E_CANCELLED: errors.CancelledError,
}


def fail(status: int, error: s.Error) -> NoReturn:
    """Raises what a function reported by its status and struct adv_error."""
    kind = _CLASSES.get(status, errors.Error)
    raise kind(error.message.decode("utf-8", "replace"), error.field.decode("utf-8", "replace"))
