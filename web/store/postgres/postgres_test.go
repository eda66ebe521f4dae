package postgres_test

import (
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/postgres"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

var backend = storetest.Backend{
	Name:  "PostgreSQL",
	Start: storetest.StartPostgres,
	Slow:  true,
	Open: func(url, name string, log storetest.Log) (store.Store, error) {
		return postgres.Open(url, postgres.Options{Schema: name, Events: log.Events, Age: log.Age})
	},
}

// Helpers of the suite, under the names that the tests here use.
var (
	publish = storetest.Publish
	top     = storetest.Top
	wantGap = storetest.WantGap
	after   = storetest.Data
)

func TestMain(m *testing.M) { backend.Main(m) }

func TestSuite(t *testing.T) { backend.Run(t) }

func TestOutages(t *testing.T) { backend.RunOutages(t) }
