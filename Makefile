# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors

# A thin front of Meson and Ninja: installs what is missing, fetches what is pinned, configures, builds.
# Stamps in build/ make a second call skip all of that.

ARCH  ?= x86_64
# Processors that `make test` tests; `make test ARCH=...` tests one.
PORTS := x86_64 aarch64
TESTED := $(if $(filter command,$(origin ARCH)),$(ARCH),$(PORTS))
BUILD := build/$(ARCH)
HOST  := build/host
STAMP := build/stamps
JOBS  ?= $(shell nproc)
# CHECKS=1: lock ranks, invariants, undefined behaviour; in a folder of its own.
CHECKED := build/$(ARCH)-checks
ifdef CHECKS
BUILD := $(CHECKED)
endif

MESON_FILES := tools/meson/list_folders.py

.PHONY: run build test tested bench demo soak mutate debug image format lint clean distclean help always

run: build ## build and start XINIM, interactive (leave with ctrl-] x)
	@./run --no-build --arch $(ARCH)

build: $(BUILD)/build.ninja ## build kernel, servers, drivers, programs and images
	@ninja -j$(JOBS) -C $(BUILD) --quiet

image: build ## build the root disk and the boot archive and say where they are
	@ls -l $(BUILD)/xinim.elf $(BUILD)/boot.cpio $(BUILD)/root.img

test: $(HOST)/build.ninja ## run all tests; the last line is "N passed, N failed"
	@for arch in $(TESTED); do $(MAKE) --no-print-directory build tested ARCH=$$arch || exit 1; done
	@tools/test.py --jobs $(JOBS) $(TESTS) --arch $(TESTED)

tested: $(CHECKED)/build.ninja
	@ninja -j$(JOBS) -C $(CHECKED) --quiet $(if $(filter aarch64,$(ARCH)),Image,xinim.elf) kernel.sym kernel_test

bench: build $(STAMP)/bench-$(ARCH) ## measure, with Linux on the same emulated machine beside
	@tests/bench/run.py --arch $(ARCH)

demo: build ## kill every service under a verified load, and draw what happened
	@tools/demo.py --arch $(ARCH)

soak: build ## kill a driver 10 000 times under load, for at most HOURS (1)
	@XINIM_ARCH=$(ARCH) tests/fault/soak.py --hours $(or $(HOURS),1)

mutate: build ## change the code of running drivers (DRIVER=all) N (10000) times
	@XINIM_ARCH=$(ARCH) tests/fault/mutate.py --driver $(or $(DRIVER),all) --mutations $(or $(N),10000) \
		--group $(or $(GROUP),5)

debug: build ## start XINIM halted, with gdb attached (symbols of kernel and processes)
	@tools/debug.py --arch $(ARCH)

format: $(STAMP)/packages ## lay all C sources out with clang-format
	@tools/check.py --format

lint: build $(HOST)/build.ninja ## clang-tidy and the checks of the test run
	@tools/lint.py --build $(BUILD)

clean: ## remove what was built (fetched packages stay)
	@rm -rf $(filter-out build/third_party,$(wildcard build/*))

distclean: ## remove what was built and what was fetched
	@rm -rf build

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

$(STAMP)/packages: third_party/packages.txt tools/packages.sh
	@tools/packages.sh
	@mkdir -p $(@D) && touch $@

$(STAMP)/third-party-%: third_party/debian.toml tools/fetch.py | $(STAMP)/packages
	@tools/fetch.py --cpu $* --group build
	@touch $@

# Every image is made with the help of the build machine's own BusyBox.
$(STAMP)/third-party-aarch64: $(STAMP)/third-party-x86_64

$(STAMP)/bench-%: third_party/debian.toml tools/fetch.py | $(STAMP)/packages
	@tools/fetch.py --cpu $* --group bench
	@touch $@

# The list of folders changes when a meson.build appears or goes: then Meson must look again.
$(STAMP)/folders: always
	@mkdir -p $(@D)
	@find boot drivers fs kernel lib servers tests third_party user -name meson.build 2>/dev/null | sort > $@.new
	@cmp -s $@.new $@ || cp $@.new $@

$(sort $(BUILD)/build.ninja $(CHECKED)/build.ninja): $(MESON_FILES) tools/meson/$(ARCH).ini \
		$(STAMP)/third-party-$(ARCH) $(STAMP)/third-party-source $(STAMP)/folders
	@meson setup $(if $(wildcard $@),--reconfigure) --cross-file tools/meson/$(ARCH).ini \
		$(if $(filter $(CHECKED),$(@D)),-Dchecks=true) $(@D) > $(STAMP)/configure.log \
		|| { cat $(STAMP)/configure.log; exit 1; }
	@touch $@

$(HOST)/build.ninja: $(MESON_FILES) tools/meson/host.ini $(STAMP)/third-party-source $(STAMP)/folders
	@meson setup $(if $(wildcard $@),--reconfigure) --native-file tools/meson/host.ini $(HOST) > $(STAMP)/configure.log \
		|| { cat $(STAMP)/configure.log; exit 1; }
	@touch $@
