# The playground: the page with the core compiled to WebAssembly in a worker, in place of the daemon.
# It needs Debian's emscripten; nothing else of the build does.

WASM      := build/wasm
PLAY      := build/playground
PLAY_SRC  := $(wildcard playground/module/*.c)
PLAY_PAGE := $(wildcard playground/page/*.* playground/page/*/*.*)
PLAY_MODELS := $(patsubst %,models/%.safetensors,four-modes mnist-mlp)
PLAY_WORKER := $(wildcard playground/worker/*.js)

# What the module leaves out: drawing, decompression and OpenBLAS, for which playground/module has
# its own (absent.c, product.c); and programs' flags and manuals.
WASM_WITHOUT := core/plot/% core/io/png/% core/render/pictures/% core/io/gzip.c core/kernels/blas.c \
                core/settings/manual.c core/settings/completion.c core/settings/markdown.c
WASM_CORE := $(filter-out $(WASM_WITHOUT),$(filter-out core/kernels/isa/isa_%,$(CORE_SRC)) core/kernels/isa/isa_portable.c)
# Parts of the daemon that know nothing of connections.
WASM_SERVER := $(addprefix server/,http/target.c http/host.c http/media.c http/negotiate.c api/model_json.c reply/problems.c)
JANSSON   := $(WASM)/jansson
WASM_SRC  := $(WASM_CORE) $(WASM_SERVER) $(PLAY_SRC)
WASM_OBJ  := $(WASM_SRC:%.c=$(WASM)/obj/%.o) $(WASM)/obj/jansson.o

# node's module path is where Debian has acorn, which emscripten's optimiser of JavaScript asks for.
EMCC := NODE_PATH=/usr/share/nodejs emcc
WASM_CFLAGS := -std=c17 -msimd128 -ffp-contract=off $(WARN) -Wno-shorten-64-to-32
WASM_CPPFLAGS := -I. -Iinclude -D_GNU_SOURCE -DNDEBUG -isystem $(WASM)/include -MMD -MP
# Random123 refuses processors that it was not tried on; Philox is multiplications of 32 bits.
WASM_CFLAGS_rng := -D__riscv
# The C library of Debian 12's emscripten has no qsort_r.
WASM_CFLAGS_coupling := -include playground/module/sort.h

.PHONY: playground playground-speed playground-film
playground: ## the page with the core in WebAssembly, for any web server, into build/playground
	@scripts/deps.sh playground
	@$(MAKE) --no-print-directory -j$(shell nproc) $(PLAY)/index.html

playground-speed: playground $(BIN)/advect $(BIN)/advectd ## how fast the playground is, in node and in a headless browser; two minutes
	@[ -d tests/web/node_modules/playwright-core ] || { echo "playwright-core is not here; scripts/deps.sh test installs it"; exit 1; }
	@node tests/playground/speed.mjs $(PLAY) $(BIN) $(MODELS) "$$(command -v chromium || command -v chromium-browser)"

playground-film: playground ## the film of a training in the guide, into docs/screenshots; two minutes
	@scripts/deps.sh screenshots
	@node tests/playground/film.mjs $(PLAY) "$$(command -v chromium || command -v chromium-browser)" docs/screenshots

# Headers that do not depend on the processor are taken from the system, jansson from its source.
$(WASM)/include/jansson.h: playground/jansson.sh
	@playground/jansson.sh $(JANSSON)
	@mkdir -p $(@D)
	$(Q)cp /usr/include/zlib.h $(shell dirname "$$(find /usr/include -maxdepth 2 -name zconf.h | grep -v node | head -n 1)")/zconf.h $(@D)/
	$(Q)cp -r /usr/include/Random123 $(@D)/
	$(Q)cp /usr/include/jansson_config.h $(@D)/
	$(Q)cp $(JANSSON)/src/jansson.h $@

$(WASM)/obj/jansson.o: $(WASM)/include/jansson.h
	@mkdir -p $(@D)
	$(call say,EMCC)
	$(Q)for file in $(JANSSON)/src/*.c; do \
	  $(EMCC) -Oz -w -DHAVE_STDINT_H -I$(WASM)/include -c $$file -o $(WASM)/obj/jansson_$$(basename $$file .c).o || exit 1; done
	$(Q)$(EMCC) -r $(WASM)/obj/jansson_*.o -o $@

# Fast where the arithmetic of networks of points takes the time, small elsewhere: ops of images
# leave theirs to the kernels. Loops are unrolled in the kernels alone, which have the inner ones.
$(WASM)/obj/%.o: WASM_OPT := -Oz
$(WASM)/obj/core/kernels/%.o: WASM_OPT := -O3
$(foreach part,base flow ops,$(WASM)/obj/core/$(part)/%.o): WASM_OPT := -O3 -fno-unroll-loops
$(foreach part,conv image,$(WASM)/obj/core/ops/$(part)/%.o): WASM_OPT := -Oz
$(WASM)/obj/%.o: %.c $(WASM)/include/jansson.h
	@mkdir -p $(@D)
	$(call say,EMCC)
	$(Q)$(EMCC) $(WASM_CPPFLAGS) $(WASM_OPT) $(WASM_CFLAGS) $(CFLAGS_$(notdir $*)) $(WASM_CFLAGS_$(notdir $*)) -c $< -o $@

WASM_EXPORTS := $(shell grep -o 'adv_local_[a-z_]*' playground/module/worker.h | grep -v exchange | sort -u | sed 's/^/,_/' | tr -d '\n')

$(WASM)/advect.js: $(WASM_OBJ)
	$(call say,LINK)
	$(Q)$(EMCC) -Os -s MODULARIZE=1 -s EXPORT_NAME=advectModule -s ENVIRONMENT=worker,node \
	  -s ALLOW_MEMORY_GROWTH=1 -s MAXIMUM_MEMORY=1gb -s TOTAL_STACK=1mb -s ABORTING_MALLOC=0 -s MALLOC=emmalloc \
	  -s EXPORTED_FUNCTIONS=_malloc,_free$(WASM_EXPORTS) -s EXPORTED_RUNTIME_METHODS=UTF8ToString \
	  -s INCOMING_MODULE_JS_API=locateFile,wasmBinary,print,printErr --no-entry $(WASM_OBJ) -o $@

# The folder is made anew whole, so that nothing of an older build stays in it.
$(PLAY)/index.html: $(WASM)/advect.js playground/assemble.sh playground/service-worker.js $(WEB) $(PLAY_PAGE) $(PLAY_WORKER) \
                    clients/js/advect.js $(PLAY_MODELS)
	$(call say,PLAY)
	$(Q)playground/assemble.sh $(WASM) $(PLAY) $(PLAY_MODELS)

-include $(shell find $(WASM)/obj -name '*.d' 2>/dev/null)
