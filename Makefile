# AIInfra.Agent. `make help` lists the targets. Everything that is built goes to out/.

CONFIGURATION ?= Release
RID           ?= linux-x64
AOT           ?= 0
OUT           := $(CURDIR)/out
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1
# Locked mode needs the very SDK that wrote the lock files (see CONTRIBUTING): CI asks for it, others restore as they are.
RESTORE       := $(if $(CI),--locked-mode,)

.PHONY: build native test e2e demo bench bench-compare bench-doc fleet-sim publish package lint fuzz audit dashboards clean help

build: native ## build out/bin/aiinfra-agent and the simulators in out/native
	@build/restore.sh $(RESTORE)
	@build/page.sh
	dotnet build AIInfra.Agent.sln -c $(CONFIGURATION) --no-restore -v q -clp:NoSummary
	@build/link-bin.sh $(CONFIGURATION)

native: ## build the C simulators of the vendor libraries
	@build/require.sh build
	@$(MAKE) --no-print-directory -C native OUT=$(OUT)/native

test: ## install what the tests need, then run them all
	@build/test.sh

e2e: build package ## the installed packages from a fault to its end, in a booted systemd, with all that stands around them (make test runs it too)
	@build/e2e.sh

demo: build ## a simulated 8-GPU node beside a stand-in kubelet, with two faults
	@build/demo.sh

bench: build ## measure the budgets into out/bench/bench.json (BENCH="agent log": only these; AIINFRA_BENCH_SECONDS=60: short)
	@build/bench.sh $(BENCH)

bench-compare: ## two runs side by side, and what got worse: A=docs/benchmarks.json B=out/bench/bench.json
	@tests/bench/bin/$(CONFIGURATION)/net10.0/aiinfra-bench compare $(or $(A),docs/benchmarks.json) $(or $(B),out/bench/bench.json)

bench-doc: ## keep the last run as docs/benchmarks.json and make docs/benchmarks.md of it
	@build/bench.sh doc

fleet-sim: build ## N simulated agents (default 1000) against a real aggregator: N=10000 STORE=postgres, or a connection string
	@tests/bench/bin/$(CONFIGURATION)/net10.0/aiinfra-bench fleet-sim $(or $(N),1000) $(if $(STORE),"$(STORE)")

publish: native ## one trimmed file per program in out/publish (AOT=1, RID=linux-arm64 where the packs can be had)
	@AOT=$(AOT) RID=$(RID) build/publish.sh

package: publish ## deb, rpm, OCI image archive and SBOM in out/package (no container engine, no root)
	@build/package.sh

lint: ## formatting and analyzers, without changing a file
	@build/restore.sh $(RESTORE)
	dotnet format AIInfra.Agent.sln --verify-no-changes --no-restore

fuzz: build ## fuzz the parsers of outside input: FUZZ_SECONDS each (default 60)
	@build/fuzz.sh

audit: ## known vulnerabilities of the packages, by what the feed knows
	@build/audit.sh

dashboards: build ## pictures of the dashboards in out/dashboards, of simulated nodes, drawn in Chromium
	@build/dashboards.sh

clean: ## remove everything that was built
	rm -rf out
	find src tests -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +

help: ## this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
