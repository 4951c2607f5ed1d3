"""The version: that of libadvect (include/advect/version.h), which is released with it."""

__version__ = "0.1.0"
