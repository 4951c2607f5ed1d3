# Advect. `make help` lists the targets.
#
# Objects live in build/<config>/obj, so configurations never mix; the release
# configuration leaves its programs at build/bin and its library at build/lib.

CONFIG ?= release
DEV    ?= 0
ifeq ($(CONFIG),clang)
CC := clang
else ifeq ($(CONFIG),arm64)
# With the libraries that scripts/check-arm64.sh unpacks.
SYSROOT := $(CURDIR)/build/arm64/sysroot
CC := aarch64-linux-gnu-gcc --sysroot=$(SYSROOT)
RUN := qemu-aarch64-static -L $(SYSROOT)
PKG_CONFIG := PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) \
  PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/aarch64-linux-gnu/pkgconfig:$(SYSROOT)/usr/share/pkgconfig pkg-config
endif
ADDR   ?= 127.0.0.1:8080
MODELS ?= models
V      ?= 0

ROOT := build$(if $(filter release,$(CONFIG)),,/$(CONFIG))
OBJ  := build/$(CONFIG)/obj
BIN  := $(ROOT)/bin
LIB  := $(ROOT)/lib
TST  := $(ROOT)/tests

# The compiler tells the architecture that it builds for, and where its binary tools are.
ARCH := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
tool = $(shell $(CC) -print-prog-name=$(1))
ifeq ($(origin LD),default)
LD := $(call tool,ld)
endif
ifeq ($(origin AR),default)
AR := $(call tool,ar)
endif
ifeq ($(origin OBJCOPY),undefined)
OBJCOPY := $(call tool,objcopy)
endif
PKG_CONFIG ?= pkg-config

# Commands are summed up in a line each; V=1 prints them whole.
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-5s %s\n' $(1) $@)

# ---------------------------------------------------------------- flags
PKGS_CORE   := jansson openblas libpng zlib cairo
PKGS_SERVER := libmicrohttpd
# Not needed, but wanted: without it the daemon's system calls are not restricted. Sanitizers make
# calls of their own, and write files.
PKGS_SECCOMP = $(if $(SAN),,$(shell $(PKG_CONFIG) --exists libseccomp && echo libseccomp))
PKGS_TEST   := check libcurl

# Anonymous enums are our integer constants, which clang 19 does not like to meet doubles.
WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wpointer-arith -Wvla -Wno-enum-float-conversion $(if $(filter 1,$(DEV)),-Werror)
SAN_asan := -fsanitize=address,undefined,float-cast-overflow -fno-omit-frame-pointer \
            -fno-sanitize-recover=undefined,float-cast-overflow
SAN_tsan := -fsanitize=thread
SAN_fuzz := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
# Not a sanitizer, but given to the compiler and the linker like one; threads count together. GCC 12
# takes the counting of a loop for a way around it, and warns of what the loop sets.
SAN_coverage := --coverage -fprofile-update=atomic -Wno-maybe-uninitialized
OPT_release := -O3
OPT_asan    := -O1
OPT_tsan    := -O1
OPT_fuzz    := -O1
OPT_debug   := -O0
OPT_coverage := -O1
OPT_clang   := -O0
OPT_arm64   := -O3
# Sanitizers print lines, not variables; a clang build is for its warnings alone.
DEBUG_asan  := -g1
DEBUG_tsan  := -g1
DEBUG_clang := -g0
SAN := $(SAN_$(CONFIG))
OPT := $(OPT_$(CONFIG))
DEBUG := $(or $(DEBUG_$(CONFIG)),-g)
$(if $(OPT),,$(error CONFIG is '$(CONFIG)'; it must be release, debug, asan, tsan, clang, coverage, arm64 or fuzz))

# include/advect/version.h says it; the binary interface is that of the major version, of 0.x that of
# the minor one (docs/reference/abi.md).
version_of = $(shell sed -n 's/^.define ADV_VERSION_$(1) //p' include/advect/version.h)
MAJOR := $(call version_of,MAJOR)
MINOR := $(call version_of,MINOR)
SOVERSION := $(if $(filter 0,$(MAJOR)),0.$(MINOR),$(MAJOR))
VERSION := $(MAJOR).$(MINOR).$(call version_of,PATCH)
CPPFLAGS += -I. -Iinclude -D_GNU_SOURCE -MMD -MP
# Multiply-adds are fused where a file asks for it, below, not where a compiler and a processor may.
CFLAGS   += -std=c17 $(OPT) $(DEBUG) -ffp-contract=off -fPIC -fvisibility=hidden -pthread $(WARN) $(SAN)
# GCC 12 for Arm stops with an internal error at loops that take the largest of floats as doubles.
CFLAGS   += $(if $(filter aarch64,$(ARCH)),-fno-builtin-fmax -fno-builtin-fmin)
LDFLAGS  += -pthread $(SAN)

# Header and library paths come from pkg-config; system headers must not trip our warnings. Read
# once, so targets that install packages run the build in a make of its own.
pkg_cflags = $(shell $(PKG_CONFIG) --cflags $(1) 2>/dev/null | sed 's/-I/-isystem /g')
pkg_libs   = $(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null)
# pkg-config says nothing at all when one package is missing: those of the tests are asked for apart.
CPPFLAGS := $(CPPFLAGS) $(call pkg_cflags,$(PKGS_CORE) $(PKGS_SERVER)) $(call pkg_cflags,$(PKGS_TEST))
LIBS_CORE   := $(call pkg_libs,$(PKGS_CORE)) -lm
LIBS_SERVER := $(call pkg_libs,$(PKGS_SERVER) $(PKGS_SECCOMP))
# server/no_blas.c stands in for OpenBLAS.
LIBS_DAEMON := $(LIBS_SERVER) $(call pkg_libs,$(filter-out openblas,$(PKGS_CORE))) -lm
LIBS_TEST   := $(call pkg_libs,$(PKGS_TEST))
# Of the trainer, and of the tests that link its parts.
LIBS_MPI    := $(if $(filter 1,$(MPI)),$(call pkg_libs,ompi-c))
CFLAGS_ranks_mpi = $(call pkg_cflags,ompi-c)

# ---------------------------------------------------------------- sources
# Variants of the kernels, one per instruction set, of which each architecture has its own: those in
# core/kernels/table.c. FLOAT_ONLY ones do not exist in double.
VARIANTS_x86_64  := avx2 avx512 bf16 amx
VARIANTS_aarch64 := neon
VARIANTS   := portable $(VARIANTS_$(ARCH))
FLOAT_ONLY := bf16 amx

CORE_SRC    := $(sort $(filter-out core/kernels/isa/isa_%,$(wildcard core/*/*.c core/*/*/*.c)) \
                      $(VARIANTS:%=core/kernels/isa/isa_%.c))
# With MPI=1 a training may be shared by the processes that mpirun starts.
MPI       ?= 0
RANKS     := $(if $(filter 1,$(MPI)),mpi,alone)
TRAINER_SRC := $(sort $(filter-out trainer/training/ranks_%,$(wildcard trainer/*.c trainer/*/*.c)) \
                      trainer/training/ranks_$(RANKS).c)
SERVER_SRC  := $(sort $(wildcard server/*.c server/*/*.c))
TEST_ROOMS  := tests/core/* tests/trainer tests/server tests/server/client
TEST_SRC    := $(sort $(wildcard $(TEST_ROOMS:%=%/test_*.c)))
FUZZ_SRC    := $(filter-out tests/fuzz/fuzz.c,$(wildcard tests/fuzz/*.c))
SUPPORT_SRC := $(sort $(filter-out $(TEST_SRC),$(wildcard $(TEST_ROOMS:%=%/*.c) tests/support/*.c) $(FUZZ_SRC)))

CORE_OBJ    := $(CORE_SRC:%.c=$(OBJ)/%.o)
TRAINER_OBJ := $(TRAINER_SRC:%.c=$(OBJ)/%.o)
SERVER_OBJ  := $(SERVER_SRC:%.c=$(OBJ)/%.o)
WEB         := $(sort $(wildcard web/*.* web/*/*.*))
EMBEDDED    := $(WEB) clients/js/advect.js
WEB_OBJ     := $(EMBEDDED:%=$(OBJ)/%.o) $(EMBEDDED:%=$(OBJ)/%.gz.o) $(OBJ)/web/table.o
SUPPORT_OBJ := $(SUPPORT_SRC:%.c=$(OBJ)/%.o)

# The numerical core once more with double in place of float, for the derivative tests.
DOUBLE_DIRS    := base settings kernels ops graph nets
DOUBLE_SUPPORT := formula numbers trials examples graphs derivatives sweeps
DOUBLE_SRC     := $(filter-out $(FLOAT_ONLY:%=core/kernels/isa/isa_%.c),$(filter $(DOUBLE_DIRS:%=core/%/%),$(CORE_SRC)))
DOUBLE_OBJ     := $(DOUBLE_SRC:%.c=$(OBJ)/double/%.o) \
                  $(foreach s,$(DOUBLE_SUPPORT),$(filter %/$(s).o,$(SUPPORT_SRC:%.c=$(OBJ)/double/%.o)))
DOUBLE_TESTS   := ops plan mlp transformer unet

# Tests that link the programs' own parts.
TRAINER_TESTS := measure two_sample calibration
SERVER_TESTS  := http_parts claims clients folder job_store picture_cache sandbox

# What the programs parse for themselves, for the test and the fuzzers of parsers.
PARSER_OBJ := $(patsubst %,$(OBJ)/server/http/%.o,target framing host negotiate request_id)

# Those in double are there for sharp derivatives, and one compares distributions: sanitizers, which
# look for faults of memory, find none there that the same code elsewhere has not.
NUMERIC_TESTS := $(DOUBLE_TESTS:%=$(TST)/test_%_double) $(TST)/test_simulator_reference
TESTS := $(filter-out $(if $(filter asan tsan,$(CONFIG)),$(NUMERIC_TESTS)), \
         $(patsubst %.c,$(TST)/%,$(notdir $(TEST_SRC))) $(DOUBLE_TESTS:%=$(TST)/test_%_double))

.PHONY: FORCE all help install uninstall deb deb-test deps serve check test tests figures screenshots frame-rate check-layers bench bench-service bench-server bench-overload soak study coverage compile-commands format check-format lint fuzz clean
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BIN)/advect $(BIN)/advectd $(LIB)/libadvect.a $(LIB)/libadvect.so ## build programs and library (default)

help: ## list the targets
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  settings: CONFIG=release|debug|asan|tsan|clang  DEV=1 (warnings are errors)"
	@echo "            MPI=1 (train on several machines)  OFFLINE=1 (install nothing)  V=1 (print whole commands)"

deps: ## install what the build needs (apt-get; says so first)
	@scripts/deps.sh build

serve: deps ## install, build and start the daemon with the shipped models on $(ADDR)
	@$(MAKE) --no-print-directory -j$(shell nproc) $(BIN)/advectd $(BIN)/advect
	$(BIN)/advectd --listen $(ADDR) --models $(MODELS)

check: ## install what the tests need, build, and run everything that has to pass
	@scripts/deps.sh test
	@scripts/check.sh

tests: $(TESTS)

test: tests ## build and run every test of this CONFIG
	@CK_TIMEOUT_MULTIPLIER=$(if $(SAN),20,4) \
	 LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 \
	 TSAN_OPTIONS=suppressions=$(CURDIR)/tests/tsan.supp scripts/run-tests.sh $(TESTS)

figures: $(BIN)/advect $(BIN)/advectd ## draw every figure into docs/figures (some ten minutes; needs curl)
	$(BIN)/advect figure all -o docs/figures
	scripts/daemon-figures.sh $(BIN)/advectd docs/figures

screenshots: $(BIN)/advectd ## pictures of every view of the page into docs/screenshots (a minute)
	@scripts/deps.sh screenshots
	@scripts/page.sh screenshots $<

frame-rate: $(BIN)/advectd ## frames per second of the page's flow view in a headless browser
	@scripts/page.sh frames $<

check-layers: ## check that includes go one way, from the upper layers to the lower
	@scripts/check-layers.sh

# BENCH takes options of bench/bench.py, as in make bench BENCH="--quick".
BENCH ?= --ops
bench: $(BIN)/advect ## rates and shares of the FMA peak, beside ONNX Runtime and PyTorch if found
	@command -v python3 >/dev/null || { echo "make bench needs python3 (plain, without packages)"; exit 1; }
	@bench/bench.py $(BENCH)

bench-service: $(BIN)/advectd $(BIN)/bench_service ## what answers cost beyond their arithmetic; start to ready
	@$(BIN)/bench_service $(MODELS)
	@bench/startup.py --models $(MODELS)

bench-server: $(BIN)/advectd ## requests of one row; goodput and latency under 1 to 128 clients, two minutes
	@command -v python3 >/dev/null || { echo "make bench-server needs python3 (plain, without packages)"; exit 1; }
	@bench/server_rows.py --models $(MODELS)
	@bench/server_load.py --models $(MODELS)

COMMIT ?= 8c745fd
bench-overload: $(BIN)/advectd ## the same beside COMMIT's daemon, as docs/figures/overload.svg; four minutes
	@command -v python3 >/dev/null || { echo "make bench-overload needs python3 (plain, without packages)"; exit 1; }
	@bench/overload.py $(COMMIT) --models $(MODELS)

MINUTES ?= 20
soak: $(BIN)/advectd ## everything at once against the daemon for MINUTES (20), every answer checked
	@command -v python3 >/dev/null || { echo "make soak needs python3 (plain, without packages)"; exit 1; }
	@tests/soak/soak.py --daemon $(BIN)/advectd --models $(MODELS) --minutes $(MINUTES)

# STUDY takes options of bench/study.py, as in make study STUDY="--quick".
STUDY ?=
study: $(BIN)/advect ## how training scales with modes and dimension; days of one core, resumable
	@command -v python3 >/dev/null || { echo "make study needs python3 (plain, without packages)"; exit 1; }
	@bench/study.py --advect $(BIN)/advect $(STUDY)

coverage: ## share of the lines that the quick tests run, by folder (gcov; some minutes)
	@find build/coverage -name '*.gcda' -delete 2>/dev/null || true
	@$(MAKE) --no-print-directory -j$(shell nproc) CONFIG=coverage all test \
	  TESTS="$$(scripts/quick-tests.sh build/coverage/tests | tr '\n' ' ')"
	@scripts/coverage.sh build/coverage

# Every source file, the kernels of other architectures and one of the fuzzers included.
EVERY_SRC = $(sort $(CORE_SRC) $(TRAINER_SRC) $(SERVER_SRC) $(wildcard core/kernels/isa/isa_*.c bench/*.c docs/examples/*.c) \
                   $(SUPPORT_SRC) $(TEST_SRC))

compile-commands: ## compile_commands.json, for editors and clang's tools
	@$(MAKE) --no-print-directory -nB V=1 $(EVERY_SRC:%.c=$(OBJ)/%.o) $(OBJ)/tests/fuzz/fuzz_csv.o \
	  | scripts/compile-commands.sh > compile_commands.json || { rm -f compile_commands.json; exit 1; }

FORMATTED = $(sort $(shell find include core trainer server playground tests bench docs/examples -name node_modules -prune -o -name '*.[ch]' -print))

format: ## lay out every source file as .clang-format says
	@scripts/format.sh write $(FORMATTED)

check-format:
	@scripts/format.sh check $(FORMATTED)

# A file is looked at again when its object is compiled again. What adv_fail returns is told to the
# analyser, but in the files that define such functions. It follows a third as many states of a
# function as it would by default: two thirds of its time go to the last of a few large functions.
LINTED = $(CORE_SRC) $(TRAINER_SRC) $(SERVER_SRC) $(wildcard bench/*.c)
ANALYSER = -Xclang -analyzer-config -Xclang max-nodes=75000
TOLD = $(if $(filter core/base/status.c core/base/mem.c,$<),,-include scripts/clang-tidy.h)

lint: ## clang-tidy over our code, where it changed (minutes), and shellcheck over the scripts
	@scripts/deps.sh lint
	@shellcheck -x $(shell git ls-files '*.sh' '*.cases' .ci/run)
	@$(MAKE) --no-print-directory -j$(shell nproc) -k -Otarget $(LINTED:%.c=$(OBJ)/%.tidy)
	@echo "$(words $(LINTED)) source files and the scripts: no warnings"

$(OBJ)/%.tidy: %.c $(OBJ)/%.o .clang-tidy scripts/clang-tidy.h
	$(call say,LINT)
	$(Q)clang-tidy --quiet $< -- $(ANALYSER) $(TOLD) $(filter-out -MMD -MP,$(CPPFLAGS)) $(CFLAGS) $(CFLAGS_$(notdir $*)) \
	  2> $@.log || { cat $@.log; exit 1; }
	@rm -f $@.log
	@touch $@

# Not in the image's build.
-include playground/playground.mk

# ---------------------------------------------------------------- compile and link
$(OBJ)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(CFLAGS_$(notdir $*)) -c $< -o $@

$(OBJ)/double/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(CFLAGS_$(notdir $*)) -DADV_REAL_DOUBLE -c $< -o $@

# One source file of kernels, compiled once per instruction set (core/kernels/table.h). Sanitizers
# multiply the time that takes: undefined behaviour is looked for in the variants that hold all of the
# source between them (portable, bf16, amx), and fuzzers multiply no matrices.
KERNEL_SAN := $(if $(filter fuzz,$(CONFIG)),-O0 -fno-sanitize=all)
COMMON_SAN := $(if $(filter asan,$(CONFIG)),-fno-sanitize=undefined -fno-sanitize=float-cast-overflow)
FLAGS_avx512      := -mavx512f -mavx512dq -mavx512vl -mavx512bw -mfma -mprefer-vector-width=512 -ffp-contract=fast \
                     $(KERNEL_SAN)
CFLAGS_isa_portable := $(KERNEL_SAN)
CFLAGS_isa_avx2   := -mavx2 -mfma -ffp-contract=fast $(KERNEL_SAN) $(COMMON_SAN)
CFLAGS_isa_avx512 := $(FLAGS_avx512) $(COMMON_SAN)
CFLAGS_isa_bf16   := $(FLAGS_avx512) -mavx512bf16
CFLAGS_isa_amx    := $(CFLAGS_isa_bf16) -mamx-tile -mamx-bf16

# GCC would load many rows' factors before it hands out registers, and then keep sums in memory.
supported = $(shell $(CC) -Werror $(1) -fsyntax-only -x c /dev/null 2>/dev/null && echo $(1))
CFLAGS_isa_neon = -ffp-contract=fast $(call supported,-fno-schedule-insns)

# Random numbers have the same bits everywhere, so nothing is fused; sqrtf without errno is one
# instruction.
CFLAGS_rng := -fno-math-errno

# The peak is that of fused multiply-adds where every processor has them.
CFLAGS_peak := -ffp-contract=fast

# The optimiser's square roots, without errno, vectorise.
CFLAGS_optimiser := -fno-math-errno

# What the sandbox is made of; only configurations without sanitizers have any.
CFLAGS_landlock := $(if $(SAN),,-DADV_WITH_LANDLOCK)
CFLAGS_syscalls := $(if $(PKGS_SECCOMP),-DADV_WITH_SECCOMP $(call pkg_cflags,$(PKGS_SECCOMP)))

$(LIB)/libadvect.a: $(CORE_OBJ)
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

$(LIB)/libadvect.so.$(SOVERSION): $(CORE_OBJ) core/libadvect.map
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) -shared -Wl,-soname,$(@F) -Wl,--version-script=core/libadvect.map \
	  -Wl,--no-undefined $(CORE_OBJ) $(LIBS_CORE) -o $@

$(LIB)/libadvect.so: $(LIB)/libadvect.so.$(SOVERSION)
	$(Q)ln -sf $(<F) $@

# Linked anew when MPI= changes: then no object does.
$(BIN)/.ranks: $(if $(filter $(RANKS),$(shell cat $(BIN)/.ranks 2>/dev/null)),,FORCE)
	@mkdir -p $(@D)
	@echo $(RANKS) > $@
FORCE:

$(BIN)/advect: $(TRAINER_OBJ) $(LIB)/libadvect.a $(BIN)/.ranks
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $(filter-out %/.ranks,$^) $(LIBS_CORE) $(LIBS_MPI) -o $@

$(BIN)/bench_%: $(OBJ)/bench/%.o $(LIB)/libadvect.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $^ $(LIBS_CORE) -o $@

# ---------------------------------------------------------------- installation
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
libdir := $(LIBDIR)

# Everything that a program linked with the library needs at build time stands in advect.pc.
define PKG_CONFIG_FILE
prefix=$(PREFIX)
libdir=$(patsubst $(PREFIX)/%,$${prefix}/%,$(libdir))
includedir=$${prefix}/include

Name: advect
Description: Flow matching: samples, trajectories, log-densities and training
Version: $(VERSION)
Requires.private: $(PKGS_CORE)
Libs: -L$${libdir} -ladvect
Libs.private: -lm -pthread
Cflags: -I$${includedir}
endef

# What the programs and the headers say of themselves, in the manner of man and of the shells.
MANUAL      := $(OBJ)/manual/advect.1 $(OBJ)/manual/advectd.8 $(OBJ)/manual/libadvect.3
SHELLS      := bash zsh fish
COMPLETIONS := $(foreach s,$(SHELLS),$(OBJ)/completion/advect.$(s) $(OBJ)/completion/advectd.$(s))

$(OBJ)/manual/advect.1: $(BIN)/advect
	@mkdir -p $(@D)
	$(Q)$(RUN) $< --manual > $@

$(OBJ)/manual/advectd.8: $(BIN)/advectd
	@mkdir -p $(@D)
	$(Q)$(RUN) $< --manual > $@

$(OBJ)/manual/libadvect.3: scripts/library-manual.sh $(wildcard include/advect/*.h) docs/examples/sample.c
	@mkdir -p $(@D)
	$(Q)scripts/library-manual.sh > $@

$(OBJ)/completion/advect.%: $(BIN)/advect
	@mkdir -p $(@D)
	$(Q)$(RUN) $< --completion $* > $@

$(OBJ)/completion/advectd.%: $(BIN)/advectd
	@mkdir -p $(@D)
	$(Q)$(RUN) $< --completion $* > $@

share := $(DESTDIR)$(PREFIX)/share

install: all $(MANUAL) $(COMPLETIONS) ## install everything below $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include/advect/extra $(DESTDIR)$(libdir)/pkgconfig
	for page in $(MANUAL); do install -D -m 644 $$page $(share)/man/man$${page##*.}/$${page##*/} || exit 1; done
	for name in advect advectd; do \
	  install -D -m 644 $(OBJ)/completion/$$name.bash $(share)/bash-completion/completions/$$name && \
	  install -D -m 644 $(OBJ)/completion/$$name.zsh $(share)/zsh/site-functions/_$$name && \
	  install -D -m 644 $(OBJ)/completion/$$name.fish $(share)/fish/vendor_completions.d/$$name.fish || exit 1; \
	done
	install -m 755 $(BIN)/advect $(BIN)/advectd $(DESTDIR)$(PREFIX)/bin
	install -m 644 include/advect/*.h $(DESTDIR)$(PREFIX)/include/advect
	install -m 644 include/advect/extra/*.h $(DESTDIR)$(PREFIX)/include/advect/extra
	install -m 644 $(LIB)/libadvect.a $(DESTDIR)$(libdir)
	install -m 755 $(LIB)/libadvect.so.$(SOVERSION) $(DESTDIR)$(libdir)/libadvect.so.$(VERSION)
	ln -sf libadvect.so.$(VERSION) $(DESTDIR)$(libdir)/libadvect.so.$(SOVERSION)
	ln -sf libadvect.so.$(SOVERSION) $(DESTDIR)$(libdir)/libadvect.so
	$(file >$(OBJ)/advect.pc,$(PKG_CONFIG_FILE))
	install -m 644 $(OBJ)/advect.pc $(DESTDIR)$(libdir)/pkgconfig

deb: all $(MANUAL) $(COMPLETIONS) ## Debian packages into build/deb (CONFIG=arm64: a cross build)
	@scripts/deb.sh $(filter arm64,$(CONFIG))

deb-test: ## make them for amd64 and arm64, install, start, ask and remove them in a bare root
	@scripts/check-deb.sh

uninstall: ## remove what install put there
	rm -rf $(DESTDIR)$(PREFIX)/include/advect
	rm -f $(DESTDIR)$(PREFIX)/bin/advect $(DESTDIR)$(PREFIX)/bin/advectd \
	  $(DESTDIR)$(libdir)/libadvect.* $(DESTDIR)$(libdir)/pkgconfig/advect.pc \
	  $(share)/man/man1/advect.1 $(share)/man/man8/advectd.8 $(share)/man/man3/libadvect.3 \
	  $(share)/bash-completion/completions/advect $(share)/bash-completion/completions/advectd \
	  $(share)/zsh/site-functions/_advect $(share)/zsh/site-functions/_advectd \
	  $(share)/fish/vendor_completions.d/advect.fish $(share)/fish/vendor_completions.d/advectd.fish

# ---------------------------------------------------------------- the page and the programs
# Files of web/ and the client for JavaScript, which the page uses, as read-only data, plain and
# compressed: adv_binary_web_app_js_start, _end; adv_binary_web_app_js_gz_start, _end. The table names
# them all, and is new when a folder changes.
read_only = $(OBJCOPY) --prefix-symbols=adv --rename-section .data=.rodata,alloc,load,readonly,data,contents

$(EMBEDDED:%=$(OBJ)/%.gz): $(OBJ)/%.gz: %
	@mkdir -p $(@D)
	$(Q)gzip -9nc $< > $@

$(EMBEDDED:%=$(OBJ)/%.gz.o): $(OBJ)/%.gz.o: $(OBJ)/%.gz Makefile
	$(call say,EMBED)
	$(Q)cd $(OBJ) && $(LD) -r -b binary -z noexecstack $*.gz -o $*.gz.o
	$(Q)$(read_only) $@

$(EMBEDDED:%=$(OBJ)/%.o): $(OBJ)/%.o: % Makefile
	@mkdir -p $(@D)
	$(call say,EMBED)
	$(Q)$(LD) -r -b binary -z noexecstack $< -o $@
	$(Q)$(read_only) $@

$(OBJ)/web/table.c: scripts/web-table.sh web $(sort $(dir $(WEB)))
	@mkdir -p $(@D)
	$(Q)scripts/web-table.sh $(EMBEDDED) > $@

$(OBJ)/web/table.o: $(OBJ)/web/table.c
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

$(BIN)/advectd: $(SERVER_OBJ) $(WEB_OBJ) $(LIB)/libadvect.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $^ $(LIBS_DAEMON) -o $@

# Binaries of tests lie in one folder, whatever room their source is in.
.SECONDEXPANSION:
object_of_test = $(filter %/$(2).o,$(TEST_SRC:%.c=$(OBJ)/$(1)%.o))

$(DOUBLE_TESTS:%=$(TST)/test_%_double): $(TST)/%_double: $$(call object_of_test,double/,$$*) $(DOUBLE_OBJ)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $^ $(LIBS_TEST) $(LIBS_CORE) -o $@

# What tests share: a test takes only the parts that it uses.
SUPPORT_LIB := $(OBJ)/tests/libsupport.a

$(SUPPORT_LIB): $(SUPPORT_OBJ)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

# Tests can make allocations fail (tests/support/alloc_fail.h).
WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,-u,__wrap_malloc

# The trainer's parts are tested from inside, and its program from outside.
$(TRAINER_TESTS:%=$(TST)/test_%): $(TST)/%: $$(call object_of_test,,$$*) $(filter-out %/main.o,$(TRAINER_OBJ)) $(SUPPORT_LIB) $(LIB)/libadvect.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $(WRAP) -Wl,--start-group $^ -Wl,--end-group $(LIBS_TEST) $(LIBS_CORE) $(LIBS_MPI) -o $@

# A test of the daemon's parts takes only those that it names.
$(OBJ)/server/libserver.a: $(filter-out %/main.o,$(SERVER_OBJ))
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

$(SERVER_TESTS:%=$(TST)/test_%): $(TST)/%: $$(call object_of_test,,$$*) $(OBJ)/server/libserver.a $(SUPPORT_LIB) $(LIB)/libadvect.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $(WRAP) -Wl,--start-group $^ -Wl,--end-group $(LIBS_TEST) $(LIBS_SERVER) $(LIBS_CORE) -o $@

# The test of all parsers takes those of the programs too.
$(TST)/test_io_robust: $(PARSER_OBJ)

# Tests of the programs run them: they lie beside them.
$(patsubst %.c,$(TST)/%,$(notdir $(wildcard tests/trainer/test_*.c))): | $(BIN)/advect
$(patsubst %.c,$(TST)/%,$(notdir $(wildcard tests/server/test_*.c))) $(TST)/test_fit: | $(BIN)/advectd

$(filter-out $(TRAINER_TESTS:%=$(TST)/test_%) $(SERVER_TESTS:%=$(TST)/test_%) %_double,$(TESTS)): $(TST)/%: $$(call object_of_test,,$$*) $(SUPPORT_LIB) $(LIB)/libadvect.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) $(WRAP) -Wl,--start-group $^ -Wl,--end-group $(LIBS_TEST) $(LIBS_CORE) -o $@

# ---------------------------------------------------------------- fuzzing
# One fuzzer per parser of foreign bytes, built by clang in a configuration of its own. It starts from
# the parser's seeds and regressions, and what it finds worth keeping stays in build/fuzz/corpus. The
# input of a crash goes to tests/fuzz/regressions, with a line in REASONS there.
FUZZ_SECONDS ?= 60
FUZZ_PARSERS := $(notdir $(wildcard tests/fuzz/seeds/*))

fuzz: ## fuzz each parser for FUZZ_SECONDS (60); needs clang
	@$(MAKE) --no-print-directory CONFIG=fuzz CC=clang -k $(FUZZ_PARSERS:%=fuzz-%)
	@echo "$(words $(FUZZ_PARSERS)) passed, 0 failed"

$(FUZZ_PARSERS:%=fuzz-%): fuzz-%: $(BIN)/fuzz_%
	@mkdir -p build/fuzz/corpus/$*
	@$< -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 -rss_limit_mb=1024 \
	  -artifact_prefix=build/fuzz/$*- build/fuzz/corpus/$* \
	  tests/fuzz/seeds/$* $(wildcard tests/fuzz/regressions/$*) > build/fuzz/$*.log 2>&1 \
	  || { echo '  FUZZ  $*: failed'; tail -n 40 build/fuzz/$*.log; exit 1; }
	@echo "  FUZZ  $*: $$(grep -a '^Done' build/fuzz/$*.log)"

$(FUZZ_PARSERS:%=$(BIN)/fuzz_%): $(BIN)/fuzz_%: $(OBJ)/tests/fuzz/fuzz_%.o $(FUZZ_SRC:%.c=$(OBJ)/%.o) $(PARSER_OBJ) $(LIB)/libadvect.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer $^ $(LIBS_CORE) -o $@

$(FUZZ_PARSERS:%=$(OBJ)/tests/fuzz/fuzz_%.o): $(OBJ)/tests/fuzz/fuzz_%.o: tests/fuzz/fuzz.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -DFUZZ_PARSER='"$*"' -c $< -o $@

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)

clean: ## remove everything that was built
	rm -rf build
