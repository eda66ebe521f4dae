// Package native is the Go client of a wakesocket feed, and of every WebSocket
// server that sends JSON events: the same session as in the browser, over
// coder/websocket.
//
//	client, err := native.New(native.Options{URL: "wss://example.org/feed"})
//	if err != nil {
//		return err // the options cannot work
//	}
//	for event, err := range client.Events(ctx) {
//		if err != nil {
//			return err // the client has ended, or events are lost
//		}
//		fmt.Println(event.Topic, string(event.Data))
//	}
//
// # What it promises
//
// Each event comes once and in order, or a [Gap] says what is missing: through lost
// links, sleep, address changes and server restarts. The state is [Live] only while
// the server has answered lately and no event waits long for the program.
//
// # Callbacks and iteration
//
// Events come from [Client.Events], or to [Options.OnEvent] from [Client.Run] and
// [Client.Start]; [Connect] is [New] and Start. All callbacks run one at a time in
// one goroutine and get the client. Every method may be called in every callback.
// Resolve, Header and Snapshot are no callbacks: they run in goroutines of their own.
// [Client.Close], and the end of the context, take effect between two events.
// A panic in a callback ends the connection and goes on; its event is not finished.
//
// # Resuming
//
// [Client.Cursor] is the position up to which the callbacks have finished. Save what
// [Options.OnCommit] gets, and give it to [Options.After] when the program starts
// again: no event is lost, and after a crash at most 100 come again. To handle each
// event exactly once, save [Event.Cursor] in the transaction of its effect.
//
// # Snapshot and events
//
// A program that shows a state needs that first, and then its changes.
// [Options.Snapshot] loads the state and its position; [Options.OnSnapshot] gets it,
// and OnEvent then exactly the events after it. It is called at the start, unless
// there is a cursor, after each gap, and again when it failed ([*SnapshotError]).
// Events that come meanwhile are held, at most 10,000 or 4 MB; when more come it is
// called again. Those up to the position fall away; if the position is before what
// the connection has, the client goes back to it. The state is not [Live] until the
// callbacks have handled the snapshot and what was held. While there is no
// connection, a snapshot is handed out as soon as it is there.
//
// # Topics and history
//
// [Options.Topics], [Client.SetTopics], [Client.AddTopics] and [Client.RemoveTopics]
// take names of topics, and patterns: "price.*" stands for every topic that begins
// with "price.". [Client.History] reads the newest events of a topic. They wait for
// the server's answer, over as many connections as it takes.
//
// # Newest events
//
// [Options.Latest] names topics of which a program wants only the newest event, once in
// so much time: prices, positions, loads. OnEvent gets at most one event of each topic
// in that time, always the newest, and never an older one after a newer one;
// [Event.Skipped] tells how many were passed over for it. After an outage the newest of
// each topic comes, and not all between. A wakesocket feed sends only these events, and
// they move no cursor: save [Client.Since] beside the cursor, and give it to
// [Options.Since]. With a snapshot they begin at its position, over another
// connection: what was passed over since can be counted only from there. From any
// other server all events come, and the client passes the older ones over.
// [Client.SetLatest] and [AddOptions] change what is wanted.
//
// # Errors
//
// Nothing that a retry can cure ends the client. Each failed attempt is a
// [*DialError], in OnError and in [State.Err]: test it with errors.Is for
// [ErrForbidden] or syscall.ECONNREFUSED, with errors.As for *net.DNSError. 401 asks
// [Options.Header] and [Options.Resolve] for new credentials; Retry-After is obeyed;
// answers like 403 and 404 end the client after [Options.MaxRefusals] in a row, with
// the state [Failed].
//
// # Slow consumers
//
// At most [Options.Buffer] events, or 16 MB, wait for a callback that is busy; then
// the client reads no more, so that the server keeps the rest. [Client.Lag] tells how
// many wait, and how long. Longer than [Options.MaxLag] is the state [Slow] and
// [ErrSlowConsumer]. The connection stays, and nothing is lost.
//
// # Networks
//
// Proxies come from the environment. [Options.HTTPClient] is the one place for
// another proxy, TLS configuration or dialer. On Linux the client notices by netlink
// when the address that a connection uses is gone. On other systems a change shows
// as silence, within 7 s; call [Client.NetworkChanged] to be faster.
package native
