package feed

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// Process is a process that serves the log, as [Feed.Debug] shows it.
type Process struct {
	Name      string        `json:"name"`      // Options.Process
	Self      bool          `json:"self"`      // it answers this request
	Connected int           `json:"connected"` // clients
	Drops     int           `json:"drops"`     // that are chosen, and that it still remembers
	Live      bool          `json:"live"`      // it can read the log up to its end
	Age       time.Duration `json:"age_ns"`    // of what it wrote down last, by the clock of the store
	Answers   bool          `json:"answers"`   // it is not older than it should be
	Problem   string        `json:"problem,omitempty"`
}

// Each process writes down now and then what it has seen, beside the log.
const (
	recordEvery = 10 * time.Second
	recordLate  = 3 * recordEvery  // without a word, a process counts as one that does not answer
	recordKeep  = 10 * time.Minute // what a process wrote that has ended
	recordDrops = 500              // its latest drops; fewer when they do not fit
)

// processRecord is what a process writes down.
type processRecord struct {
	Process   string `json:"process"`
	Connected int    `json:"connected"`
	Live      bool   `json:"live"`
	Drops     []Drop `json:"drops"`
}

// processName is the default of Options.Process.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	host, _, _ = strings.Cut(host, ".")
	return fmt.Sprintf("%s %d", host, os.Getpid())
}

// writeRecords writes down what this process has seen, for the page of any process.
func (f *Feed) writeRecords(ctx context.Context) {
	select {
	case <-f.reached:
	case <-ctx.Done():
		return
	}
	ticker := time.NewTicker(recordEvery)
	defer ticker.Stop()
	for written := true; ; {
		err := f.writeRecord(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			f.options.Observer.StoreFailed(operationRecords)
			if written {
				f.options.Logger.Warn("what this process has seen cannot be written beside the log; Debug of other processes lacks it", "error", err)
			}
		}
		written = err == nil
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (f *Feed) writeRecord(ctx context.Context) error {
	record := processRecord{f.options.Process, f.Connected(), f.health.live.Load(), f.drops.latest(recordDrops)}
	data, err := record.encode()
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, f.options.StoreTimeout)
	defer cancel()
	return f.records.PutRecord(limited, f.recordName, data, recordKeep)
}

// encode leaves out the oldest drops when they do not fit.
func (r processRecord) encode() ([]byte, error) {
	for {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if err := json.NewEncoder(z).Encode(r); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		if b.Len() <= store.MaxRecord || len(r.Drops) == 0 {
			return b.Bytes(), nil
		}
		r.Drops = r.Drops[:len(r.Drops)/2]
	}
}

// recordSize bounds what a record of another process may unpack to.
const recordSize = 4 << 20

func decodeRecord(data []byte) (r processRecord, err error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return r, err
	}
	text, err := io.ReadAll(io.LimitReader(z, recordSize))
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(text, &r)
}

// processes returns this process, then the others, with the drops of all of them. That
// the others cannot be read at all is the problem of one without a name.
func (f *Feed) processes(ctx context.Context) (all []Process, drops []Drop) {
	drops = f.drops.list()
	for i := range drops {
		drops[i].Process = f.options.Process
	}
	all = []Process{{Name: f.options.Process, Self: true, Connected: f.Connected(), Live: f.health.live.Load(), Answers: true}}
	if f.records == nil {
		return all, drops
	}
	limited, cancel := context.WithTimeout(ctx, f.options.StoreTimeout)
	defer cancel()
	records, err := f.records.Records(limited)
	if err != nil {
		f.options.Observer.StoreFailed(operationRecords)
		f.options.Logger.Warn("what other processes have written beside the log cannot be read", "error", err)
		return append(all, Process{Problem: "what other processes have seen cannot be read: the log of this process says why"}), drops
	}
	for _, record := range records {
		if record.Name == f.recordName {
			continue
		}
		r, err := decodeRecord(record.Data)
		if err != nil {
			all = append(all, Process{Name: record.Name, Age: record.Age, Problem: "what it has written cannot be read; is its version another one?"})
			continue
		}
		for i := range r.Drops {
			r.Drops[i].Process, r.Drops[i].source = r.Process, len(all)
		}
		all = append(all, Process{Name: r.Process, Connected: r.Connected, Live: r.Live, Age: record.Age, Answers: record.Age <= recordLate})
		drops = append(drops, r.Drops...)
	}
	return all, drops
}

// countDrops counts the drops of each process, and sorts the others after this one:
// first those that answer.
func countDrops(all []Process, drops []Drop) {
	for _, d := range drops {
		all[d.source].Drops++
	}
	late := func(p Process) int {
		if p.Answers {
			return 0
		}
		return 1
	}
	slices.SortFunc(all[1:], func(a, b Process) int {
		return cmp.Or(late(a)-late(b), strings.Compare(a.Name, b.Name), cmp.Compare(a.Age, b.Age))
	})
}
