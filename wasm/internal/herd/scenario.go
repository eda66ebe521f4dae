package herd

import (
	"math/rand/v2"
	"time"
)

// Scenario is what happens to the clients.
type Scenario struct {
	Name    string
	Planned bool // the server's own doing
	Clients int
	server  int           // clients of the whole server, by which it is sized
	window  time.Duration // over which a feed spreads them; it admits as many as fit
	down    time.Duration // the server refuses from the start until then
	happens func(i, n int, r *rand.Rand) (kind, time.Duration)
	drains  bool // a server that can drain closes the clients one by one
	back    bool // the browser says online when it is over
}

// Clients is how many a full scenario has.
const Clients = 100_000

const (
	spread = 25 * second
	// utilised is the part of what the server can do that its feed admits.
	utilised = 0.8
	trip     = 40 * ms
)

// Small is the scenario with a part of the clients on a server that is smaller by
// as much. The office with 500 stays as it is.
func (s Scenario) Small(part int) Scenario {
	if s.Clients >= s.server/2 {
		s.Clients /= part
		s.server /= part
	}
	return s
}

func all(int, int, *rand.Rand) (kind, time.Duration) { return lost, 0 }

// Scenarios are the days on which herds run. pods of the rolling deploy go one
// after the other; laptops open around 9:00.
var Scenarios = []Scenario{
	{Name: "server restart, 2 s", Clients: Clients, server: Clients, window: spread, down: 2 * second, happens: all},
	{Name: "outage of 60 s", Clients: Clients, server: Clients, window: spread, down: 60 * second, happens: all},
	{Name: "zone failover", Planned: true, Clients: Clients / 2, server: Clients, window: spread, happens: all},
	{Name: "rolling deploy, 10 pods", Planned: true, Clients: Clients, server: Clients, window: spread, drains: true, happens: func(i, n int, _ *rand.Rand) (kind, time.Duration) {
		return lost, time.Duration(i*10/n) * 30 * second
	}},
	{Name: "Wi-Fi back for 500", Clients: 500, server: Clients, window: spread, down: 60 * second, happens: all, back: true},
	{Name: "laptops at 9:00", Clients: Clients, server: Clients, window: spread, happens: func(_, _ int, r *rand.Rand) (kind, time.Duration) {
		from := 3.0 // as many standard deviations
		for from <= -3 || from >= 3 {
			from = r.NormFloat64()
		}
		return awake, 15*time.Minute + time.Duration(from*float64(4*time.Minute))
	}},
}
