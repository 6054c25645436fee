package udpwire

// SenderStats is a copy of a Sender's counters. Messages balance:
//
//	MessagesSent = MessagesReceived + MessagesLost + MessagesPending
//
// and so do their bytes. MessagesPending is zero after Close.
//
// Each field carries the counter's declaration: the name, unit and meaning that
// every output shows, kind:"gauge" where the number may fall, and trouble:"yes"
// where an operator wants to know at once. See package report for the tags.
type SenderStats struct {
	// --- Messages given to Send, and the bytes of their bodies.

	MessagesSent     uint64 `name:"messages_sent" unit:"messages" help:"Messages accepted for sending."`
	MessagesReceived uint64 `name:"messages_received" unit:"messages" help:"Messages that the replayers confirmed." view:"yes"`
	MessagesLost     uint64 `name:"messages_lost" unit:"messages" help:"Messages known not to have arrived, or sent to a replayer that died before it confirmed them." trouble:"yes"`
	MessagesPending  uint64 `name:"messages_pending" unit:"messages" help:"Messages packed, waiting or under way." kind:"gauge" view:"yes"`
	BytesSent        uint64 `name:"bytes_sent" unit:"bytes" help:"Bodies of the messages accepted for sending."`
	BytesReceived    uint64 `name:"bytes_received" unit:"bytes" help:"Bodies of the messages that the replayers confirmed."`
	BytesLost        uint64 `name:"bytes_lost" unit:"bytes" help:"Bodies of the messages that are lost." trouble:"yes"`
	BytesPending     uint64 `name:"bytes_pending" unit:"bytes" help:"Bodies of the messages packed, waiting or under way." kind:"gauge"`

	// --- Messages that Send refused. They are no part of MessagesSent.

	QueueFull uint64 `name:"queue_full" unit:"messages" help:"Messages refused because the buffer for sending was full." trouble:"yes"`
	TooLarge  uint64 `name:"too_large" unit:"messages" help:"Messages refused because they are larger than a message, or the buffer, may be."`

	// --- Datagrams.

	DatagramsSent      uint64     `name:"datagrams_sent" unit:"datagrams" help:"Datagrams sent, of all kinds, resent ones included."`
	DatagramBytesSent  uint64     `name:"datagram_bytes_sent" unit:"bytes" help:"UDP payload of the datagrams sent."`
	DatagramsRecovered uint64     `name:"datagrams_recovered" unit:"datagrams" help:"Datagrams resent because a replayer asked for them."`
	DatagramsLost      uint64     `name:"datagrams_lost" unit:"datagrams" help:"Datagrams given up after repeated sending, or unconfirmed when their session died." trouble:"yes"`
	DatagramsReceived  uint64     `name:"datagrams_received" unit:"datagrams" help:"Datagrams accepted from replayers."`
	Rejected           Rejects    `name:"rejected_%s" unit:"datagrams"`
	SendErrors         SendErrors `name:"send_errors_%s" unit:"datagrams"`

	// --- Now: memory, and the replayers.

	Buffered        uint64 `name:"buffered_bytes" unit:"bytes" help:"Memory held for sending and resending." kind:"gauge" final:"no"`
	MessagesWaiting uint64 `name:"messages_waiting" unit:"messages" help:"Messages pending for a replayer that confirms nothing now, or that fill more than an eighth of the buffer." kind:"gauge" trouble:"yes"`
	Sessions        uint64 `name:"sessions" unit:"sessions" help:"Sessions with replayers now." kind:"gauge"`
	SessionsBegun   uint64 `name:"sessions_begun" unit:"sessions" help:"Sessions begun with replayers."`
	Replayers       uint64 `name:"replayers" unit:"replayers" help:"Replayers that have answered, and names of which none has." kind:"gauge"`
	ReplayersUp     uint64 `name:"replayers_up" unit:"replayers" help:"Replayers that respond now." kind:"gauge"`
	ReplayersDown   uint64 `name:"replayers_down" unit:"replayers" help:"Replayers that do not respond: not running, out of reach, or with another secret. None, when the listener has left." kind:"gauge" trouble:"yes"`
	LoadPercent     uint64 `name:"replayer_load_percent" unit:"percent" help:"How full the fullest replayer says its queues are." kind:"gauge"`
	RoundTripMicros uint64 `name:"round_trip_microseconds" unit:"microseconds" help:"The slowest replayer's smoothed round trip." kind:"gauge"`
}

// ReceiverStats is a copy of a Receiver's counters, declared like SenderStats.
// Messages balance once a listener has said goodbye or is idle:
//
//	MessagesSent = MessagesReceived + MessagesLost
type ReceiverStats struct {
	// --- Messages, and the bytes of their bodies.

	MessagesSent     uint64 `name:"messages_sent" unit:"messages" help:"Messages begun by listeners, as far as this side knows."`
	MessagesReceived uint64 `name:"messages_received" unit:"messages" help:"Messages handed on, each exactly once." view:"yes"`
	MessagesLost     uint64 `name:"messages_lost" unit:"messages" help:"Messages that can no longer arrive whole." trouble:"yes"`
	MessagesUnknown  uint64 `name:"messages_unknown" unit:"messages" help:"Messages received of a kind that nobody here has a use for; they were not handed on."`
	BytesSent        uint64 `name:"bytes_sent" unit:"bytes" help:"Bodies of the messages begun by listeners, as far as this side knows."`
	BytesReceived    uint64 `name:"bytes_received" unit:"bytes" help:"Bodies of the messages handed on."`
	BytesLost        uint64 `name:"bytes_lost" unit:"bytes" help:"Bodies of the messages that can no longer arrive whole." trouble:"yes"`

	// --- Datagrams. Each that comes is accepted, and may be a duplicate, or is rejected.

	DatagramsReceived     uint64     `name:"datagrams_received" unit:"datagrams" help:"Datagrams accepted, of all kinds."`
	DatagramBytesReceived uint64     `name:"datagram_bytes_received" unit:"bytes" help:"UDP payload of the datagrams accepted."`
	DatagramsRecovered    uint64     `name:"datagrams_recovered" unit:"datagrams" help:"Datagrams that arrived after they were asked for again."`
	DatagramsDuplicate    uint64     `name:"datagrams_duplicate" unit:"datagrams" help:"Datagrams with data that arrived once more."`
	DatagramsLost         uint64     `name:"datagrams_lost" unit:"datagrams" help:"Datagrams that the listener declared gone, or that were missing when their session ended." trouble:"yes"`
	FramesUnknown         uint64     `name:"frames_unknown" unit:"frames" help:"Parts of datagrams of a type that is not known here; they were skipped."`
	DatagramsSent         uint64     `name:"datagrams_sent" unit:"datagrams" help:"Datagrams sent back to listeners."`
	DatagramBytesSent     uint64     `name:"datagram_bytes_sent" unit:"bytes" help:"UDP payload of the datagrams sent back."`
	SocketDropped         uint64     `name:"socket_dropped" unit:"datagrams" help:"Datagrams that the kernel dropped because the socket's buffer was full (known on Linux)." trouble:"yes"`
	Rejected              Rejects    `name:"rejected_%s" unit:"datagrams"`
	SendErrors            SendErrors `name:"send_errors_%s" unit:"datagrams"`

	// --- Memory and sessions.

	PartialEvicted uint64 `name:"partial_evicted" unit:"messages" help:"Unfinished or waiting messages dropped to stay below the memory limit." trouble:"yes"`
	PartialBytes   uint64 `name:"partial_bytes" unit:"bytes" help:"Memory held by unfinished and waiting messages." kind:"gauge"`
	Sessions       uint64 `name:"sessions" unit:"sessions" help:"Listeners known now." kind:"gauge" view:"yes"`
}

// Rejects counts datagrams that were thrown away, indexed by reason.
type Rejects [numReasons]uint64

// Names returns each reason's name in the accounts.
func (Rejects) Names() []string {
	all := make([]string, numReasons)
	for i := range all {
		all[i] = reasonTable[i].name
	}
	return all
}

// Help says what the accounts count under reason i.
func (Rejects) Help(i int) string { return reasonTable[i].help }

// Trouble reports that every reason is one: an operator wants to know of
// datagrams that are thrown away.
func (Rejects) Trouble(int) bool { return true }

// A reason says why a datagram was thrown away; reasonTable explains each.
type reason uint8

const (
	rejectShort reason = iota
	rejectMagic
	rejectVersion
	rejectKind
	rejectAuth
	rejectReplayed
	rejectUnknownSession
	rejectNotAllowed
	rejectTooMany
	rejectMalformed
	numReasons
)

// reasonTable declares each reason to the accounts.
var reasonTable = [numReasons]struct{ name, help string }{
	rejectShort:          {"short", "Datagrams without room for a header."},
	rejectMagic:          {"magic", "Datagrams of something else than gor."},
	rejectVersion:        {"version", "Datagrams of another version of the wire's protocol."},
	rejectKind:           {"kind", "Datagrams of an unknown kind, or of one that only the other side may send."},
	rejectAuth:           {"auth", "Datagrams sealed with another secret, changed on the way, or not sealed though a secret is set."},
	rejectReplayed:       {"replayed", "Control datagrams with a number that was seen before."},
	rejectUnknownSession: {"unknown_session", "Datagrams of no session that is known here."},
	rejectNotAllowed:     {"not_allowed", "Datagrams from an address outside the allowed prefixes."},
	rejectTooMany:        {"too_many_sessions", "Datagrams that would begin a session when the table of sessions was full."},
	rejectMalformed:      {"malformed", "Datagrams with contents that contradict themselves, or what the session can have sent."},
}

// String returns the name used in the accounts, such as "auth".
func (r reason) String() string { return reasonTable[r].name }

// addTo adds a link's counters.
func (l *link) addTo(st *SenderStats) {
	l.mu.Lock()
	defer l.mu.Unlock()
	received, lost := l.peer.fates()
	st.MessagesReceived += received.messages
	st.BytesReceived += received.bytes
	st.MessagesLost += lost.messages
	st.BytesLost += lost.bytes
	l.peer.addTo(st)
}

// addNow adds what a link holds and what is known of its replayer now.
func (l *link) addNow(st *SenderStats) {
	l.mu.Lock()
	defer l.mu.Unlock()
	st.Buffered += uint64(l.buffer.pool.out)
	if l.peer.contact.lived {
		st.Sessions++
	}
	if l.peer.state != live || l.buffer.pool.out > l.buffer.limit/8 {
		waiting := tally{messages: l.peer.out.begun.unconfirmed(&l.peer.out.reported)}
		waiting.addNews(&l.peer.out.pending)
		st.MessagesWaiting += waiting.messages
	}
	if o := &l.peer.out; l.peer.state == live {
		st.LoadPercent = max(st.LoadPercent, uint64(o.reported.load))
		st.RoundTripMicros = max(st.RoundTripMicros, uint64(o.trip.smoothed/1000))
	}
}

// balance enters how many messages Send took, and what that says of those that have no fate yet: over says
// that nobody will confirm them any more.
func (st *SenderStats) balance(given *counter, over bool) {
	sent := given.published() // last: nothing is confirmed that was not published before
	pending := sent.without(tally{st.MessagesReceived, st.BytesReceived}, tally{st.MessagesLost, st.BytesLost})
	st.MessagesSent, st.BytesSent = sent.messages, sent.bytes
	if over {
		st.MessagesLost += pending.messages
		st.BytesLost += pending.bytes
		return
	}
	st.MessagesPending, st.BytesPending = pending.messages, pending.bytes
}

// addTo adds a peer's counters of datagrams.
func (p *peer) addTo(st *SenderStats) {
	o := &p.out
	st.DatagramsSent += o.tx.datagrams
	st.DatagramBytesSent += o.tx.bytes
	st.DatagramsRecovered += o.resends.recovered
	st.DatagramsLost += o.resends.lost
	st.DatagramsReceived += p.accounts.responses
	for i, n := range p.accounts.rejects {
		st.Rejected[i] += n
	}
	for i, n := range o.tx.health.errors {
		st.SendErrors[i] += n
	}
	st.SessionsBegun += p.accounts.sessions
}

// addTo adds a session's counters.
func (s *session) addTo(st *ReceiverStats) {
	in := &s.inbox
	received, lost := in.order.stats.received, in.order.stats.lost
	st.MessagesReceived += received
	st.BytesReceived += in.order.stats.bytes
	st.MessagesLost += lost
	st.BytesLost += in.check.lost
	st.MessagesSent += max(in.order.top, in.check.latest.messages)
	st.BytesSent += max(in.order.stats.bytes+in.check.lost, in.check.latest.bytes)
	st.DatagramsReceived += in.stats.datagrams
	st.DatagramBytesReceived += in.stats.bytes
	st.DatagramsRecovered += in.stats.recovered
	st.DatagramsDuplicate += in.stats.duplicate
	st.DatagramsLost += in.stats.lost
	st.PartialEvicted += in.stats.evicted
	st.FramesUnknown += in.stats.skipped
}

// Stats returns the counters. It may be called from any goroutine, but not by handle.
func (r *Receiver) Stats() ReceiverStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := r.core.past
	st.PartialBytes = 0
	for _, s := range r.core.sessions.byID {
		s.addTo(&st)
		st.PartialBytes += uint64(s.inbox.held())
		st.Sessions++
	}
	st.SocketDropped = r.core.overruns
	return st
}
