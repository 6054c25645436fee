package sniffer

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"gor/reassembly"
	"gor/reassembly/answers"
	"gor/reassembly/recording"
)

// A Recorded is a request out of a recording. Whoever is given it owns it.
type Recorded struct {
	// Conn, Index and User say whose it is: the number of its connection, its own
	// number on that, and the number of its user, who is found out where the
	// recording names none. A recording that is read again has the same.
	Conn, Index, User uint64

	// Crowd says that the user is that of many people: each connection has an order of
	// its own.
	Crowd bool

	// Time is when it was complete, in nanoseconds since the Unix epoch, and
	// never before that of the request handed out before. It is 0 as long as the
	// recording has told no time.
	Time int64

	// Client and Server are as captured; not valid where the recording does not
	// tell.
	Client, Server netip.AddrPort

	// Raw is the request exactly as the server was sent it.
	Raw []byte

	// Answered says that what the recording has of its answer is handed out, too, or
	// that it has none: before the request or behind it.
	Answered bool
}

// A RecordedAnswer is what a server answered to a request of a recording. Whoever is
// given it owns it.
type RecordedAnswer struct {
	// Conn and Index say to which request, and Time when that was complete.
	Conn, Index uint64
	Time        int64

	// Missing says that the recording does not have it, or that nobody can know which
	// one it is. Nothing below is set then.
	Missing bool

	// The rest is as in answers.Answer.
	At, Ended  int64
	Status     int
	Head, Body []byte
	Whole      bool
	BodyLen    int64
	Hash       uint64
}

// answered copies an answer that is lent.
func answered(a *answers.Answer) RecordedAnswer {
	return RecordedAnswer{
		Conn: a.Conn, Index: a.Index, Time: a.Time, Missing: a.Missing, At: a.At, Ended: a.Ended, Status: a.Status,
		Head: bytes.Clone(a.Head), Body: bytes.Clone(a.Body), Whole: a.Whole, BodyLen: a.BodyLen, Hash: a.Hash,
	}
}

// longestHashed is how long the content of an answer may be for its hash to be looked
// for: it costs its length, and a replayer reads no more of a response.
const longestHashed = 1 << 20

// Recordings are requests that were recorded, being read: packets and lists of
// requests in any number of files, as if all were one, in the order of time.
type Recordings struct {
	files   *recording.Set
	sniffer *Sniffer
	order   order
	ports   map[uint16]uint64 // requests by the port of their server
	log     *slog.Logger
}

func newRecordings(o *ReplayOptions, files *recording.Set, log *slog.Logger) *Recordings {
	r := &Recordings{files: files, ports: map[uint16]uint64{}, log: log}
	cfg := Config{Source: files, AnyPort: len(o.ServerPorts) == 0, Users: o.finder, Consumers: []Consumer{&r.order}}
	cfg.Decoder.Ports, cfg.Decoder.Tunnels = o.ServerPorts, true
	cfg.Assembler.MaxMemory, cfg.Assembler.MaxRequest = o.MaxMemory, o.MaxRequest
	if o.Answer != nil {
		cfg.Decoder.Answers = true
		cfg.Answers = &Answers{
			Reader: answers.Config{Body: o.AnswerBody, Hash: longestHashed},
			Take:   func(a *answers.Answer) { o.Answer(answered(a)) },
		}
	}
	r.sniffer = New(cfg)
	r.order.settled = r.sniffer.asm.Settled
	return r
}

// Run calls take with each request, one after the other and on the goroutine of
// the caller, until the recordings or ctx end, neither of which is an error. take
// may wait: then so does the reading. Its first error ends the reading, too, and is returned.
// Run is called once, and closes the recordings.
func (r *Recordings) Run(ctx context.Context, take func(Recorded) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	r.order.take = func(q Recorded) error {
		r.ports[q.Server.Port()]++
		err := take(q)
		if err != nil {
			stop(err)
		}
		return err
	}
	err := r.sniffer.Run(ctx)
	if len(r.ports) > 1 { // a proxy's recording has each request twice
		r.log.Info("requests to several ports were found (--server-port chooses)", "ports", r.portTally())
	}
	return cmp.Or(err, r.order.err)
}

// portTally lists the ports with the most requests.
func (r *Recordings) portTally() string {
	ports := slices.SortedFunc(maps.Keys(r.ports), func(a, b uint16) int {
		return cmp.Or(cmp.Compare(r.ports[b], r.ports[a]), cmp.Compare(a, b))
	})
	const most = 5
	var text []string
	for _, p := range ports[:min(len(ports), most)] {
		text = append(text, fmt.Sprintf("%d (%d requests)", p, r.ports[p]))
	}
	if more := len(ports) - most; more > 0 {
		text = append(text, fmt.Sprintf("%d more", more))
	}
	return strings.Join(text, ", ")
}

// Close closes recordings that Run was not called for.
func (r *Recordings) Close() error { return r.files.Close() }

// Stats returns the accounts of the packets and the requests. Any goroutine may
// call it at any time. Of what is counted as sent that was not taken was held
// when take failed.
func (r *Recordings) Stats() Stats { return r.sniffer.Stats() }

// Files returns the accounts of the recordings themselves. Any goroutine may call
// it at any time.
func (r *Recordings) Files() recording.Stats { return r.files.Stats() }

// Progress says how many bytes of the files were read, and how many they have;
// standard input and pipes, of which nobody knows that, are in neither. Any
// goroutine may call it at any time.
func (r *Recordings) Progress() (read, total int64) { return r.files.Progress() }

// recorded copies a request that is lent.
func recorded(r *reassembly.Request) Recorded {
	q := Recorded{Conn: r.Conn(), Index: r.Index, User: r.User(), Crowd: r.Crowd(), Time: r.Last, Raw: bytes.Clone(r.Raw), Answered: r.Answered}
	if client := r.Origin(); client.Port != 0 {
		q.Client = client.AddrPort()
	}
	if r.Server.Port != 0 {
		q.Server = r.Server.AddrPort()
	}
	return q
}
