package postgres_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

var joins = flag.Int("joins", 150, "how many clients join with a snapshot in TestSnapshots, at least")

// Bookings change an account and publish that in one transaction, while clients
// join, are cut off and fall behind a log that is trimmed. Each begins with a
// snapshot of all accounts. Whatever total a client can show is the one that the
// database had at the client's position.
func TestSnapshots(t *testing.T) {
	const writers, readers = 16, 8
	log, schema := backend.New(t, storetest.Log{Events: 40})
	top(t, log) // makes the schema
	pool, err := pgxpool.New(t.Context(), backend.URL()+"&pool_max_conns=32")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	b := &bank{t: t, pool: pool, schema: schema, truth: map[string]int64{}}
	b.exec(`create table $.account (id int primary key, sum bigint not null)`)
	b.exec(`insert into $.account select n, 0 from generate_series(1, 50) n`)
	f, err := feed.New(feed.Options{Store: log, AcceptRate: -1, Ring: 16, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(f)
	defer server.Close()
	defer f.Close()

	ctx, stop := context.WithCancel(t.Context())
	var booking, reading sync.WaitGroup
	for n := range writers {
		booking.Go(func() { b.book(ctx, rand.New(rand.NewPCG(1, uint64(n)))) })
	}
	var joined, gaps, resumed atomic.Int64
	// On a busy machine few clients fall behind: then more of them join.
	patience := time.Now().Add(time.Minute)
	enough := func() bool {
		return t.Failed() || joined.Load() >= int64(*joins) && (resumed.Load() > 0 && gaps.Load() > 0 || time.Now().After(patience))
	}
	var mu sync.Mutex
	var shown []total
	for n := range readers {
		reading.Go(func() {
			rand := rand.New(rand.NewPCG(2, uint64(n)))
			for !enough() {
				joined.Add(1)
				r := &reader{bank: b, rand: rand, url: server.URL}
				if err := r.join(); err != nil {
					t.Error(err)
				}
				gaps.Add(r.gaps)
				resumed.Add(r.resumed)
				mu.Lock()
				shown = append(shown, r.shown...)
				mu.Unlock()
			}
		})
	}
	reading.Wait()
	stop()
	booking.Wait()
	wrong := 0
	for _, s := range shown {
		if want, known := b.truth[s.at]; known && want != s.sum {
			wrong++
			t.Errorf("at %s the total %d is shown, the database had %d", s.at, s.sum, want)
		}
	}
	t.Logf("%d bookings, %d joins, %d totals shown, %d resumed, %d gaps: %d wrong", len(b.truth), joined.Load(), len(shown), resumed.Load(), gaps.Load(), wrong)
	if len(b.truth) < 100 || len(shown) < *joins || resumed.Load() == 0 || gaps.Load() == 0 {
		t.Error("too little happened for a proof")
	}
}

// bank is the application: accounts, and who changes them.
type bank struct {
	t      *testing.T
	pool   *pgxpool.Pool
	schema string
	booked atomic.Int64

	mu    sync.Mutex
	truth map[string]int64 // the sum of all accounts, by the position of the booking that made it so
}

func (b *bank) exec(statement string) {
	if _, err := b.pool.Exec(b.t.Context(), b.sql(statement)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bank) sql(statement string) string { return strings.ReplaceAll(statement, "$.", b.schema+".") }

func (b *bank) book(ctx context.Context, rand *rand.Rand) {
	for ctx.Err() == nil {
		account, add, keep := 1+rand.IntN(50), rand.Int64N(1000), rand.IntN(10) > 0
		if err := b.one(account, add, keep); err != nil {
			b.t.Error(err)
			return
		}
	}
}

// one books, unless it changes its mind before the commit.
func (b *bank) one(account int, add int64, keep bool) error {
	ctx := context.Background()
	tx, err := b.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, b.sql(`update $.account set sum = sum + $1 where id = $2`), add, account); err != nil {
		return err
	}
	var id string
	if err := tx.QueryRow(ctx, b.sql(`select $.publish('booked', $1::text::json)`), fmt.Sprint(add)).Scan(&id); err != nil {
		return err
	}
	// Whoever has published keeps others from it until the commit, so this is exact.
	var sum int64
	if err := tx.QueryRow(ctx, b.sql(`select sum(sum)::bigint from $.account`)).Scan(&sum); err != nil {
		return err
	}
	if !keep {
		return nil
	}
	b.mu.Lock()
	b.truth[id] = sum
	b.mu.Unlock()
	b.booked.Add(1)
	return tx.Commit(ctx)
}

// snapshot reads the total and its position.
func (b *bank) snapshot() (at string, sum int64, err error) {
	ctx := context.Background()
	err = pgx.BeginTxFunc(ctx, b.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if rand.IntN(2) == 0 {
			if err := tx.QueryRow(ctx, b.sql(`select sum(sum)::bigint from $.account`)).Scan(&sum); err != nil {
				return err
			}
			return tx.QueryRow(ctx, b.sql(`select $.position()`)).Scan(&at)
		}
		return tx.QueryRow(ctx, b.sql(`select $.position(), (select sum(sum)::bigint from $.account)`)).Scan(&at, &sum)
	})
	return at, sum, err
}

// total is what a page shows at a position.
type total struct {
	at  string
	sum int64
}

// reader is a page that shows the total.
type reader struct {
	*bank
	rand          *rand.Rand
	url           string
	gaps, resumed int64
	shown         []total
}

func (r *reader) show(at string, sum int64) { r.shown = append(r.shown, total{at, sum}) }

// join begins with a snapshot and lives through a few connections.
func (r *reader) join() error {
	at, sum, err := r.snapshot()
	if err != nil {
		return err
	}
	for connections := 1 + r.rand.IntN(3); connections > 0; connections-- {
		if r.rand.IntN(4) == 0 {
			// It sleeps while the log goes on, perhaps for longer than that is kept.
			until := r.booked.Load() + int64(r.rand.IntN(120))
			storetest.Eventually(r.t, "more bookings", func() bool { return r.booked.Load() >= until || r.t.Failed() })
		}
		gap, err := r.follow(&at, &sum, 1+r.rand.IntN(20))
		if err != nil {
			return err
		}
		if !gap {
			continue
		}
		r.gaps++
		if at, sum, err = r.snapshot(); err != nil {
			return err
		}
	}
	return nil
}

// follow connects after a position, and shows the total after each of a few events,
// until the connection is cut.
func (r *reader) follow(at *string, sum *int64, events int) (gap bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	query := url.Values{wire.QueryAfter: {*at}, wire.QueryVersion: {wire.Version}}
	conn, _, err := websocket.Dial(ctx, r.url+"/?"+query.Encode(), nil)
	if err != nil {
		return false, err
	}
	defer conn.CloseNow()
	for events > 0 {
		_, data, err := conn.Read(ctx)
		if websocket.CloseStatus(err) == wire.CloseRestart {
			return false, nil // the log was trimmed meanwhile: the next connection is told of it
		}
		if err != nil {
			return false, err
		}
		if data[0] != '[' {
			data = append(append([]byte("["), data...), ']')
		}
		var frames []struct {
			wire.Hello
			ID   string `json:"id"`
			Data int64  `json:"data"`
		}
		if err := json.Unmarshal(data, &frames); err != nil {
			return false, fmt.Errorf("%q: %w", data, err)
		}
		for _, frame := range frames {
			switch {
			case frame.Gap != nil:
				return true, nil
			case frame.Kind == wire.KindHello:
				if !frame.Resumed {
					return false, fmt.Errorf("the feed does not go on after %s, and tells no gap", *at)
				}
				r.resumed++
				r.show(*at, *sum)
			case frame.ID != "":
				*at, *sum = frame.ID, *sum+frame.Data
				r.show(*at, *sum)
				events--
			}
		}
	}
	return false, nil
}

// A schema of version 2 gets the function, and what is in it stays.
func TestPositionOfAnOlderSchema(t *testing.T) {
	s, schema := backend.New(t, storetest.Log{})
	id := publish(t, s, 1)
	conn := connect(t, backend.URL())
	execute(t, conn, fmt.Sprintf(`drop function %s.position(); drop table %[1]s.record; delete from %[1]s.migration where version >= 3`, schema))
	again := backend.Reopen(t, backend.URL(), schema, storetest.Log{})
	if got := top(t, again); got != id {
		t.Fatalf("the log is at %v, it was at %v", got, id)
	}
	var at string
	if err := conn.QueryRow(t.Context(), fmt.Sprintf(`select %s.position()`, schema)).Scan(&at); err != nil || at != id.String() {
		t.Fatalf("position() is %q, %v; want %v", at, err, id)
	}
}

// The position of an empty log is its beginning, and one whose event was deleted by
// hand cannot be proved.
func TestPositionAtTheEnds(t *testing.T) {
	s, schema := backend.New(t, storetest.Log{})
	beginning := top(t, s)
	conn := connect(t, backend.URL())
	position := func() (at string) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), fmt.Sprintf(`select %s.position()`, schema)).Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	if got := position(); got != beginning.String() {
		t.Errorf("position() of an empty log is %q, want %v", got, beginning)
	}
	id := publish(t, s, 1)
	execute(t, conn, fmt.Sprintf(`delete from %s.event where id = %d`, schema, id.Major))
	if got, want := position(), fmt.Sprintf("%s-%d", id.Epoch, id.Major); got != want {
		t.Errorf("position() is %q, want %q", got, want)
	}
}
