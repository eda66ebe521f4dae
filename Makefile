# make run    builds everything and serves the demo dashboard (ADDR chooses the address, ARGS adds flags)
# make test   installs what the tests need (as root; else says what is missing) and runs them all
# make build  writes dist/client.wasm, dist/shim.js, dist/shim.d.ts and their .br and .gz

ADDR  ?= 127.0.0.1:8080
ARGS  ?=
SEEDS ?= 20000
RUNS  ?= 10

.PHONY: run build test needs lint test-go test-js test-e2e sim herd bench bench-peers bench-server e2e-report clean

run: build
	go run ./web -addr $(ADDR) $(ARGS)

build:
	@./build.sh

test: needs build lint test-js test-go sim test-e2e

needs:
	@sh e2e/needs.sh

lint: node_modules
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these"; exit 1; }
	go vet ./...
	GOOS=js GOARCH=wasm go vet ./wasm ./wasm/internal/bridge
	cd wasm/internal/bridge && go run ../boundary -check
	go -C e2e/peers vet ./...
	staticcheck=$$(CGO_ENABLED=0 go -C e2e/tools tool -n staticcheck) && $$staticcheck ./... && \
		(cd e2e/peers && $$staticcheck ./...) && GOOS=js GOARCH=wasm $$staticcheck ./wasm ./wasm/internal/bridge
	cd shim && npx --no-install tsc -p . && npx --no-install tsc -p ../web

test-js: node_modules
	node --test shim/ web/jstest/

test-go:
	go test -race ./wasm/... ./web/...

# One package after the other: each has browsers, and asserts times.
test-e2e: build
	go test -count=1 -p 1 -timeout 20m ./e2e/...
	go -C e2e/peers test -count=1 -timeout 20m ./...

# Days in the lives of sessions, each from its seed; a failing one is told as a story.
sim:
	go run ./wasm/internal/sim/cmd -seeds $(SEEDS)

# A hundred thousand clients come back: the table and the chart of the README.
herd:
	go run ./wasm/internal/herd/cmd -table wasm/internal/herd/herd.md -chart wasm/internal/herd/herd.svg
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1372,1190 \

# The tables of the README.
bench: build
	go test -run '^$$' -bench . -benchtime 5x -timeout 60m ./e2e/

# Other clients through the same deaths as ours, in one run of about 85 minutes; ARGS chooses less (-help).
bench-peers: build
	cd e2e/peers && npm ci --ignore-scripts --no-audit --no-fund
	go -C e2e/peers run . $(ARGS)

bench-server:
	go -C e2e/peers test -run '^$$' -bench . -timeout 30m ./server
	go test -run '^$$' -bench . -timeout 30m ./web/store/...

# Runs of the whole suite, none of which may fail: the report of the README.
e2e-report: build
	rm -rf e2e/out
	for run in $$(seq $(RUNS)); do go test -count=1 -timeout 20m ./e2e/ || exit 1; done
	go run ./e2e/internal/report -table e2e/figures/figures.md -chart e2e/figures/figures.svg e2e/out/*.json

node_modules: shim/node_modules/.package-lock.json
shim/node_modules/.package-lock.json: shim/package-lock.json
	cd shim && npm ci --no-audit --no-fund

clean:
	rm -rf dist web/assets/dist/client.* web/assets/dist/shim.* shim/node_modules e2e/peers/node_modules e2e/out
