package udpwire

import "iter"

// SenderStats is a copy of a Sender's counters. Messages balance:
//
//	MessagesSent = MessagesReceived + MessagesLost + MessagesUnconfirmed + MessagesPending
//
// and so do their bytes. MessagesPending is zero after Close.
type SenderStats struct {
	MessagesSent        uint64 // accepted by Send
	MessagesReceived    uint64 // confirmed by the replayers
	MessagesLost        uint64 // known not to have arrived, or sent to a replayer that died before it confirmed
	MessagesUnconfirmed uint64 // sent over a path without answers: nobody knows
	MessagesPending     uint64 // packed, waiting or under way

	BytesSent, BytesReceived, BytesLost, BytesUnconfirmed, BytesPending uint64 // message bodies

	QueueFull uint64 // refused by Send: the buffer is full (not part of MessagesSent)
	TooLarge  uint64 // refused by Send: larger than MaxMessage or than the buffer

	DatagramsSent      uint64 // all kinds, resent ones as well
	DatagramBytesSent  uint64 // UDP payload
	DatagramsRecovered uint64 // resent because the replayer asked
	DatagramsLost      uint64 // given up after repeated sending, or unconfirmed when a session died
	DatagramsReceived  uint64 // answers accepted
	Rejected           Rejects

	Buffered        uint64 // bytes of memory held for sending and resending
	Sessions        uint64 // sessions begun with replayers, one-way ones as well
	Replayers       uint64 // configured
	ReplayersUp     uint64 // answering now
	LoadPercent     uint64 // how full the fullest replayer's consumer says it is
	RoundTripMicros uint64 // the slowest replayer's smoothed round trip
}

// ReceiverStats is a copy of a Receiver's counters. Messages balance once a listener has said goodbye or is idle:
//
//	MessagesSent = MessagesReceived + MessagesLost
type ReceiverStats struct {
	MessagesSent     uint64 // begun by listeners, as far as this side knows
	MessagesReceived uint64 // handed on, each exactly once
	MessagesLost     uint64 // can no longer arrive whole

	BytesSent, BytesReceived, BytesLost uint64 // message bodies, as above

	DatagramsReceived     uint64 // accepted, of all kinds; each that comes counts here, as duplicate or as rejected
	DatagramBytesReceived uint64 // UDP payload of those
	DatagramsRecovered    uint64 // arrived after they were asked for again
	DatagramsDuplicate    uint64 // DATA that arrived once more
	DatagramsLost         uint64 // declared gone by the listener, or missing when its session ended
	DatagramsSent         uint64 // answers
	DatagramBytesSent     uint64 // UDP payload of those
	Rejected              Rejects

	PartialEvicted uint64 // unfinished or waiting messages dropped to stay inside the memory limit
	PartialBytes   uint64 // memory held by unfinished and waiting messages
	Sessions       uint64 // listeners known now
	SocketDropped  uint64 // datagrams the kernel dropped because the socket's buffer was full (Linux)
}

// Rejects counts datagrams that were thrown away, by reason.
type Rejects [numReasons]uint64

// A reason says why a datagram was thrown away.
type reason uint8

const (
	rejectShort          reason = iota // no room for a header
	rejectMagic                        // not a datagram of this protocol
	rejectVersion                      // another version
	rejectKind                         // unknown kind, or one that only the other side may send
	rejectAuth                         // sealed with another secret, changed on the way, or not sealed though a secret is set
	rejectReplayed                     // a control datagram's number seen before
	rejectUnknownSession               // of no session known here
	rejectNotAllowed                   // source address outside the allowed prefixes
	rejectTooMany                      // session table full
	rejectMalformed                    // contents contradict themselves, or what the session can have sent
	numReasons
)

var reasonNames = [numReasons]string{
	"short", "magic", "version", "kind", "auth", "replayed", "unknown_session", "not_allowed", "too_many_sessions", "malformed",
}

func (r reason) String() string { return reasonNames[r] }

// All yields every reason's name and count.
func (r Rejects) All() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for i, n := range r {
			if !yield(reasonNames[i], n) {
				return
			}
		}
	}
}

// All yields every counter under its name in the accounts.
func (s SenderStats) All() iter.Seq2[string, uint64] {
	return all([]counter{
		{"messages_sent", s.MessagesSent}, {"messages_received", s.MessagesReceived}, {"messages_lost", s.MessagesLost},
		{"messages_unconfirmed", s.MessagesUnconfirmed}, {"messages_pending", s.MessagesPending},
		{"bytes_sent", s.BytesSent}, {"bytes_received", s.BytesReceived}, {"bytes_lost", s.BytesLost},
		{"bytes_unconfirmed", s.BytesUnconfirmed}, {"bytes_pending", s.BytesPending},
		{"queue_full", s.QueueFull}, {"too_large", s.TooLarge},
		{"datagrams_sent", s.DatagramsSent}, {"datagram_bytes_sent", s.DatagramBytesSent},
		{"datagrams_recovered", s.DatagramsRecovered}, {"datagrams_lost", s.DatagramsLost},
		{"datagrams_received", s.DatagramsReceived},
		{"buffered_bytes", s.Buffered}, {"sessions", s.Sessions},
		{"replayers", s.Replayers}, {"replayers_up", s.ReplayersUp},
		{"replayer_load_percent", s.LoadPercent}, {"round_trip_microseconds", s.RoundTripMicros},
	}, s.Rejected)
}

// All yields every counter under its name in the accounts.
func (s ReceiverStats) All() iter.Seq2[string, uint64] {
	return all([]counter{
		{"messages_sent", s.MessagesSent}, {"messages_received", s.MessagesReceived}, {"messages_lost", s.MessagesLost},
		{"bytes_sent", s.BytesSent}, {"bytes_received", s.BytesReceived}, {"bytes_lost", s.BytesLost},
		{"datagrams_received", s.DatagramsReceived}, {"datagram_bytes_received", s.DatagramBytesReceived},
		{"datagrams_recovered", s.DatagramsRecovered}, {"datagrams_duplicate", s.DatagramsDuplicate},
		{"datagrams_lost", s.DatagramsLost},
		{"datagrams_sent", s.DatagramsSent}, {"datagram_bytes_sent", s.DatagramBytesSent},
		{"partial_evicted", s.PartialEvicted}, {"partial_bytes", s.PartialBytes},
		{"sessions", s.Sessions}, {"socket_dropped", s.SocketDropped},
	}, s.Rejected)
}

// A counter is one line of the accounts.
type counter struct {
	name  string
	value uint64
}

func all(counters []counter, rejected Rejects) iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for _, c := range counters {
			if !yield(c.name, c.value) {
				return
			}
		}
		for name, n := range rejected.All() {
			if !yield("rejected_"+name, n) {
				return
			}
		}
	}
}

// addTo adds a link's counters.
func (l *link) addTo(st *SenderStats) {
	l.mu.Lock()
	defer l.mu.Unlock()
	received, lost, unconfirmed := l.peer.fates()
	sent := tally{l.sent.messages.Load(), l.sent.bytes.Load()}
	pending := sent.without(received, lost, unconfirmed)
	if l.closed { // nobody will confirm these any more
		lost.add(pending.messages, pending.bytes)
		pending = tally{}
	}
	st.MessagesSent += sent.messages
	st.BytesSent += sent.bytes
	st.MessagesReceived += received.messages
	st.BytesReceived += received.bytes
	st.MessagesLost += lost.messages
	st.BytesLost += lost.bytes
	st.MessagesUnconfirmed += unconfirmed.messages
	st.BytesUnconfirmed += unconfirmed.bytes
	st.MessagesPending += pending.messages
	st.BytesPending += pending.bytes
	st.Buffered += uint64(l.buffer.pool.out)
	l.peer.addTo(st)
}

// addTo adds a peer's counters of datagrams and what is known of the replayer now.
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
	st.Sessions += p.accounts.sessions
	if p.phase == phaseLive {
		st.ReplayersUp++
		st.LoadPercent = max(st.LoadPercent, uint64(o.reported.load))
		st.RoundTripMicros = max(st.RoundTripMicros, uint64(o.trip.smoothed/1000))
	}
}

// addTo adds a session's counters.
func (s *session) addTo(st *ReceiverStats) {
	in := &s.inbox
	received, lost := in.order.stats.received, in.order.stats.lost
	st.MessagesReceived += received
	st.BytesReceived += in.order.stats.bytes
	st.MessagesLost += lost
	st.BytesLost += in.check.lost
	st.MessagesSent += max(in.order.top, in.check.latest.messages) - in.before.messages
	st.BytesSent += max(in.order.stats.bytes+in.check.lost, in.check.latest.bytes)
	st.DatagramsReceived += in.stats.datagrams
	st.DatagramBytesReceived += in.stats.bytes
	st.DatagramsRecovered += in.stats.recovered
	st.DatagramsDuplicate += in.stats.duplicate
	st.DatagramsLost += in.stats.lost
	st.PartialEvicted += in.stats.evicted
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
		if !s.ended {
			st.Sessions++
		}
	}
	st.SocketDropped = r.core.overruns
	return st
}
