"""Structs and enumerations of include/advect/*.h, as ctypes sees them.

Members have the names and the order of the headers, which say what they mean. Structs that callers
fill begin with their size, so that a later library knows which members this package does not have;
of those that the library hands out only the members that are here are read. A test compiles a C
program against the headers and holds sizes, offsets and values of all of this against it.
"""

from __future__ import annotations

import ctypes as c
from typing import Any, ClassVar

# enum adv_status
OK, E_INVALID, E_FORMAT, E_IO, E_MEMORY, E_UNSUPPORTED, E_NUMERIC, E_CANCELLED = range(8)
# enum adv_query_kind
SAMPLES, TRAJECTORIES, LOG_DENSITY, LATENTS, VELOCITY, SCORE = range(6)
# enum adv_space
SPACES = ("data", "flow")
# enum adv_divergence
DIVERGENCES = ("auto", "exact", "hutchinson")
# enum adv_score_method
SCORE_METHODS = ("path", "difference")
# enum adv_precision
PRECISIONS = ("float32", "bfloat16")
# enum adv_dtype, those that weights are stored as
DTYPES = {"float32": 0, "float16": 2, "bfloat16": 3}
NO_LABEL = -1


class Error(c.Structure):
    """struct adv_error"""

    _fields_: ClassVar[Any] = [
        ("status", c.c_int),
        ("field", c.c_char * 64),
        ("message", c.c_char * 2048),
    ]


class LoadOptions(c.Structure):
    """struct adv_load_options"""

    _fields_: ClassVar[Any] = [("size", c.c_size_t), ("precision", c.c_int), ("isa", c.c_char_p)]


class SolverSpec(c.Structure):
    """struct adv_solver_spec"""

    _fields_: ClassVar[Any] = [
        ("solver", c.c_void_p),
        ("steps", c.c_int64),
        ("rtol", c.c_double),
        ("atol", c.c_double),
        ("max_nfe", c.c_int64),
    ]


class Query(c.Structure):
    """struct adv_query"""

    _fields_: ClassVar[Any] = [
        ("size", c.c_size_t),
        ("kind", c.c_int),
        ("n", c.c_size_t),
        ("seed", c.c_uint64),
        ("first", c.c_uint64),
        ("points", c.c_void_p),
        ("labels", c.c_void_p),
        ("guidance", c.c_double),
        ("t", c.c_double),
        ("log_density", c.c_bool),
        ("divergence", c.c_bool),
        ("divergence_method", c.c_int),
        ("probes", c.c_size_t),
        ("probe_seed", c.c_uint64),
        ("renew_probes", c.c_bool),
        ("rows_may_fail", c.c_bool),
        ("solver", SolverSpec),
        ("n_times", c.c_size_t),
        ("times", c.c_void_p),
        ("space", c.c_int),
        ("keep_probes", c.c_bool),
        ("errors", c.c_bool),
        ("reserved", c.c_uint8 * 2),
        ("context", c.c_void_p),
        ("n_contexts", c.c_size_t),
        ("noise", c.c_double),
        ("score_method", c.c_int),
        ("reserved_too", c.c_uint8 * 4),
    ]


class Answer(c.Structure):
    """struct adv_answer"""

    _fields_: ClassVar[Any] = [
        ("n", c.c_size_t),
        ("dim", c.c_size_t),
        ("n_frames", c.c_size_t),
        ("states", c.c_void_p),
        ("latents", c.c_void_p),
        ("log_density", c.c_void_p),
        ("standard_error", c.c_void_p),
        ("bits_per_dim", c.c_void_p),
        ("divergence", c.c_void_p),
        ("labels", c.c_void_p),
        ("times", c.c_void_p),
        ("nfe", c.c_int64),
        ("solver", SolverSpec),
        ("divergence_method", c.c_int),
        ("probes", c.c_size_t),
        ("failures", c.c_void_p),
        ("n_contexts", c.c_size_t),
        ("context", c.c_void_p),
        ("context_distance", c.c_void_p),
        ("renew_probes", c.c_bool),
        ("interval_factor", c.c_double),
        ("log_density_error", c.c_void_p),
        ("latent_error", c.c_void_p),
        ("typicality", c.c_void_p),
        ("extrapolated", c.c_void_p),
        ("warnings", c.c_void_p),
        ("flow_map_error", c.c_void_p),
        ("score_error", c.c_void_p),
        ("noise", c.c_double),
    ]


class RunOptions(c.Structure):
    """struct adv_run_options"""

    _fields_: ClassVar[Any] = [
        ("size", c.c_size_t),
        ("pool", c.c_void_p),
        ("cancelled", c.c_void_p),
        ("progress", c.c_void_p),
        ("context", c.c_void_p),
    ]


class TrainingOptions(c.Structure):
    """struct adv_training_options"""

    _fields_: ClassVar[Any] = [
        ("size", c.c_size_t),
        ("data", c.c_char_p),
        ("steps", c.c_int64),
        ("threads", c.c_int),
        ("load", c.c_void_p),
        ("resumes", c.c_bool),
        ("reserved", c.c_uint8 * 7),
    ]


class TrainingProgress(c.Structure):
    """struct adv_training_progress"""

    _fields_: ClassVar[Any] = [
        ("step", c.c_int64),
        ("steps", c.c_int64),
        ("loss", c.c_double),
        ("held_out", c.c_double),
        ("learning_rate", c.c_double),
        ("seconds", c.c_double),
        ("held_out_nll", c.c_double),
        ("best_nll", c.c_double),
        ("best_step", c.c_int64),
        ("over", c.c_bool),
    ]
