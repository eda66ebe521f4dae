package e2e

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// eventsPerRound is what a page receives in one round, one event a frame.
const eventsPerRound = 50_000

// BenchmarkOneEventAFrame compares the events a second that reach a page through
// the client with those that reach it through a plain WebSocket and JSON.parse,
// by turns on one page. Each iteration is a round of both; the figures are
// medians, and the ratio is the median of the rounds' ratios.
func BenchmarkOneEventAFrame(b *testing.B) {
	requireDist(b)
	server := flood(b)
	tb := openTab(b, servePage(b).URL+"/page.html")
	// The browser's own observer costs more than the client.
	if _, err := chromedp.Call(tb.page, network.Disable, cdp.Empty{}); err != nil {
		b.Fatal(err)
	}
	tb.run(`import("/dist/shim.js").then(m => { globalThis.connect = m.connect; globalThis.sink = 0 })`)
	const ours = `new Promise(done => {
		let n = 0, began;
		const feed = connect(%s);
		feed.subscribe(event => {
			sink += event.data.n;
			if (n++ === 0) began = performance.now();
			if (n === %s) { done(n / (performance.now() - began) * 1000); feed.close(); }
		});
	})`
	const plain = `new Promise(done => {
		let n = 0, began;
		const socket = new WebSocket(%s);
		socket.onmessage = ({ data }) => {
			sink += JSON.parse(data).data.n;
			if (n++ === 0) began = performance.now();
			if (n === %s) { done(n / (performance.now() - began) * 1000); socket.close(); }
		};
	})`
	rate := map[string][]float64{}
	var ratio []float64
	for i := 0; b.Loop(); i++ {
		scripts := []string{ours, plain}
		if i%2 == 1 { // so that neither always finds the machine as the other left it
			slices.Reverse(scripts)
		}
		for _, script := range scripts {
			rate[script] = append(rate[script], eval[float64](tb, script, server, eventsPerRound))
		}
		ratio = append(ratio, rate[ours][i]/rate[plain][i])
	}
	b.Logf("ours/plain of each round: %.2f", ratio)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(rate[ours]), "ours-events/s")
	b.ReportMetric(median(rate[plain]), "plain-events/s")
	b.ReportMetric(median(ratio), "ours/plain")
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// flood is a server that writes a round's frames, encoded beforehand, to whoever
// connects: the page is to be the slower end.
func flood(b *testing.B) (url string) {
	var frames bytes.Buffer
	for i := range eventsPerRound {
		event := fmt.Sprintf(`{"id":"3f9a1c-%d","topic":"cpu","data":{"n":%d,"core":%d,"load":0.%03d,"host":"server-%02d"}}`, i, i, i%16, i%1000, i%50)
		frames.WriteByte(0x81) // a whole text frame
		if len(event) < 126 {
			frames.WriteByte(byte(len(event)))
		} else {
			frames.WriteByte(126)
			binary.Write(&frames, binary.BigEndian, uint16(len(event)))
		}
		frames.WriteString(event)
	}
	server := serve(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		key := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
			base64.StdEncoding.EncodeToString(key[:]))
		conn.Write(frames.Bytes())
		io.Copy(io.Discard, conn) // until the page closes
	}))
	return "ws" + strings.TrimPrefix(server.URL, "http")
}
