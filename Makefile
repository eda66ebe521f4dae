ADDR  ?= 127.0.0.1:8080
ARGS  ?=
SEEDS ?= 20000
RUNS  ?= 10
ONLY  ?= .

# A current Node.js is here where the machine's own is too old; see e2e/needs.sh.
export PATH := $(CURDIR)/e2e/node/node_modules/.bin:$(PATH)

# That one knows only its own certificates, and not those of a company's proxy.
export NODE_EXTRA_CA_CERTS := $(or $(NODE_EXTRA_CA_CERTS),$(wildcard /etc/ssl/certs/ca-certificates.crt))

# Go programs that run on this machine during the build do not need a C compiler.
tool = $$(CGO_ENABLED=0 go -C e2e/tools tool -n $(1))

js       = $$(git ls-files --cached --others --exclude-standard '*.js' '*.ts' | grep -v -e /vendor/ -e '\.gen\.' -e ^web/feed/testdata/ | while read -r f; do test -e "$$f" && echo "$$f"; done)
js_tests = $$(find shim web -name node_modules -prune -o -name '*.test.js' -print)
js_passed = shim/node_modules/.cache/tests-passed
biome    = shim/node_modules/.bin/biome format --indent-style=space --line-width=160
# What runs in a page only is tested in Node.js, in the page's place.
test_bridge = GOOS=js GOARCH=wasm go test -exec "env -i PATH=$(PATH) $$(go env GOROOT)/lib/wasm/go_js_wasm_exec" ./wasm/internal/bridge
# Each simulation is one goroutine: the race detector would only make them slow.
simulated = -e /wasm/internal/sim -e /wasm/internal/herd
modules  = web/store/nats web/deploy e2e/peers e2e/middleware
generate = cd wasm/internal/bridge && go run ../boundary

.DEFAULT_GOAL := help
.PHONY: help run build package check test needs needs-js format generate test-go test-nats test-js test-e2e sim herd bench bench-peers bench-server mutants e2e-report clean
.PHONY: lint lint-format lint-generated lint-vet lint-staticcheck lint-types test-quick test-quick-go test-quick-js

help: ## shows this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

# NATS is a module of its own, which only those who name it in ARGS wait for.
nats = $(if $(findstring file://,$(ARGS))$(findstring nats://,$(ARGS)),yes)

run: build ## builds everything and serves the demo dashboard; ADDR=host:port, ARGS='-store file:///directory'
	$(if $(nats),GOWORK=$(CURDIR)/web/store/nats/go.work )CGO_ENABLED=0 go run $(if $(nats),-tags nats )./web -addr $(ADDR) $(ARGS)

build: ## writes dist/client.wasm, dist/shim.js and dist/shim.d.ts, with their .br and .gz
	@./build.sh

package: build needs-js ## writes dist/wakesocket-VERSION.tgz, the npm package; needs Node.js
	@sh shim/package.sh dist

# The steps run side by side; the output of each stays together.
check: build node_modules ## format, lint, generated files and quick tests: run it before each commit
	@$(MAKE) --no-print-directory -j --output-sync=target lint test-quick

# The tests of the stores wait for disks and time limits, and run beside what
# computes. The tests in browsers assert times: beside them runs only what takes the
# processor when they leave it.
test: needs ## installs what the tests need (as root; else says what is missing) and runs all of them
	@$(MAKE) --no-print-directory build node_modules
	@$(MAKE) --no-print-directory -j3 --output-sync=target test-go test-nats test-rest test-lab
	@$(MAKE) --no-print-directory -j2 --output-sync=target test-e2e test-patient

needs:
	@sh e2e/needs.sh

needs-js:
	@sh e2e/needs.sh js

format: node_modules ## formats all Go and JavaScript files
	gofmt -w wasm web e2e
	@$(biome) --write $(js)

lint: lint-format lint-generated lint-vet lint-staticcheck lint-types ## format, generated files, go vet, staticcheck, tsc

lint-format: node_modules
	@test -z "$$(gofmt -l wasm web e2e)" || { gofmt -l wasm web e2e; echo "these Go files are not formatted: run make format"; exit 1; }
	@$(biome) $(js) >/dev/null 2>&1 || { $(biome) $(js); echo "these JavaScript files are not formatted: run make format"; exit 1; }

lint-generated:
	@$(generate) -check

lint-vet:
	go vet ./...
	GOOS=js GOARCH=wasm go vet ./wasm ./wasm/internal/bridge
	@for module in $(modules); do echo go -C $$module vet ./...; go -C $$module vet ./... || exit 1; done

lint-staticcheck:
	@staticcheck=$(call tool,staticcheck) && echo staticcheck ./... && $$staticcheck ./... && GOOS=js GOARCH=wasm $$staticcheck ./wasm ./wasm/internal/bridge && \
		for module in $(modules); do echo "staticcheck ./... in $$module"; (cd $$module && $$staticcheck ./...) || exit 1; done

lint-types: build node_modules # the demo page is checked against dist/shim.d.ts
	cd shim && node_modules/.bin/tsc -p . && node_modules/.bin/tsc -p ../web

generate: ## writes the generated files anew
	$(generate)

test-quick: test-quick-go test-quick-js

test-quick-go:
	go test -short $$(go list ./wasm/... ./web/... | grep -v "/store/postgres\|/store/redis")
	go test -short -run WithoutServer ./web/store/postgres ./web/store/redis
	$(test_bridge)

# As with Go's tests, what passed with the same files is not run again.
test-quick-js: build node_modules
	@files=$$(find shim web/assets/js web/jstest wasm/wire dist/client.wasm -name node_modules -prune -o -type f -print | LC_ALL=C sort); \
	inputs=$$({ node --version; echo "$$files"; echo "$$files" | git hash-object --no-filters --stdin-paths; } | git hash-object --stdin); \
	if [ "$$(cat $(js_passed) 2>/dev/null)" = "$$inputs" ]; then echo "node --test: passed before with the same files (cached)"; else \
		echo "node --test" && node --test --test-reporter=dot $(js_tests) && mkdir -p $(dir $(js_passed)) && echo "$$inputs" > $(js_passed); \
	fi

test-js: build node_modules ## all JavaScript tests that need no browser
	node --test $(js_tests)

test-go: ## all Go tests that need no browser, with the race detector
	go test -race -timeout 20m $$(go list ./wasm/... ./web/... | grep -v $(simulated))
	go test ./wasm/internal/sim/... ./wasm/internal/herd/...
	$(test_bridge)

.PHONY: test-rest
test-rest:
	@$(MAKE) --no-print-directory test-js test-npm test-modules

.PHONY: test-patient
test-patient: build
	@nice -n 19 $(MAKE) --no-print-directory lint sim

# They wait for disks and elections more than they compute.
test-nats: ## those of the NATS store, which is a module of its own
	go -C web/store/nats test -race -parallel 4 -timeout 20m ./...
	GOWORK=$(CURDIR)/web/store/nats/go.work go test -tags nats ./web/internal/stores

# It builds the package and pages with it, and asserts no times.
.PHONY: test-npm
test-npm: build needs-js
	go test -count=1 -timeout 20m ./e2e/npm

# The other modules: they run browsers and servers, and assert no times either.
.PHONY: test-modules
test-modules: build needs-js
	cd e2e/peers && npm ci --ignore-scripts --no-audit --no-fund
	go -C e2e/peers test -count=1 -timeout 20m ./...
	go -C e2e/middleware test -count=1 ./...
	go -C web/deploy test -count=1 ./...

# Those that try the lab in pages of many kinds; it is begun when one of the others
# has ended.
.PHONY: test-lab
test-lab: # no build: another part of the tests may be building
	go test -count=1 -timeout 20m ./e2e/lab

# The scenarios assert times. They wait more than they work, so that three at a time
# are not too many for two processors.
test-e2e: build needs-js ## the tests in real browsers that assert times
	cd e2e/conform && npm ci --ignore-scripts --no-audit --no-fund
	go test -count=1 -timeout 20m -parallel 3 ./e2e
	go test -count=1 -timeout 20m $$(go list ./e2e/... | grep -v -e /e2e$$ -e /e2e/npm -e /e2e/lab)

sim: ## simulated days in the lives of sessions; SEEDS=number
	go run ./wasm/internal/sim/cmd -seeds $(SEEDS)

mutants: build node_modules ## puts deliberate bugs into server, stores, bridge, shim and native client: tests must notice; ARGS='-suite log'
	go run ./wasm/internal/mutants/cmd $(ARGS)

herd: ## a hundred thousand simulated clients come back: table and chart
	go run ./wasm/internal/herd/cmd -table wasm/internal/herd/herd.md -chart wasm/internal/herd/herd.svg

bench: build ## how long the page takes to come back, and how many events it takes a second
	go test -run '^$$' -bench . -benchtime 5x -timeout 60m ./e2e/

bench-peers: build ## other clients: their speed, and the same faults, about 2 hours; ARGS chooses less (ARGS=-help)
	cd e2e/peers && npm ci --ignore-scripts --no-audit --no-fund
	go -C e2e/peers run . $(ARGS)

# ONLY=regexp runs a part, as -bench does: ONLY=Cluster, or ONLY=/publish for one
# question. WRITE=file puts the tables of a whole run into a document.
bench-server: ## the server and the Go client beside others, all stores, and what the disk allows; ONLY=regexp, WRITE=file
	@test -z "$(WRITE)" || test "$(ONLY)" = . || { echo "WRITE needs the figures of a whole run: leave out ONLY"; exit 1; }
	{ go test -run '^$$' -bench '$(ONLY)' -p 1 -timeout 30m ./web/store/...; \
	go -C web/store/nats test -run '^$$' -bench '$(ONLY)' -timeout 30m .; \
	go -C e2e/peers test -run '^$$' -bench '$(ONLY)' -p 1 -timeout 30m ./server ./native; } | go run ./e2e/internal/benchtable $(if $(WRITE),-write $(WRITE))

e2e-report: build ## e2e/figures from RUNS runs of the whole suite, none of which may fail
	rm -rf e2e/out
	for run in $$(seq $(RUNS)); do go test -count=1 -timeout 20m ./e2e/ || exit 1; done
	go run ./e2e/internal/report -table e2e/figures/figures.md -chart e2e/figures/figures.svg e2e/out/*.json

clean: ## removes what was built and installed here
	rm -rf dist web/assets/dist/client.* web/assets/dist/sh*.* shim/node_modules e2e/node/node_modules e2e/peers/node_modules e2e/conform/node_modules e2e/npm/node_modules e2e/out

node_modules: shim/node_modules/.package-lock.json
shim/node_modules/.package-lock.json: shim/package-lock.json | needs-js
	cd shim && npm ci --no-audit --no-fund
	@touch $@
