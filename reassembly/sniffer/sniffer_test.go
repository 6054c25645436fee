package sniffer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gor/capture"
	"gor/reassembly"
	"gor/reassembly/http1"
	"gor/reassembly/recording"
	"gor/reassembly/users"
)

// started is a Sniffer at work.
type started struct {
	*Sniffer
	t      *testing.T
	src    *fakeSource
	stream stream
	cancel context.CancelFunc
	ended  chan error
}

// start runs a Sniffer of port 80; change may change its configuration.
func start(t *testing.T, src *fakeSource, consumers []Consumer, change func(*Config)) *started {
	cfg := Config{Source: src, Live: src.live, Decoder: capture.DecoderConfig{Ports: []uint16{80}}, Consumers: consumers}
	if change != nil {
		change(&cfg)
	}
	s := &started{Sniffer: New(cfg), t: t, src: src, ended: make(chan error, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	s.cancel = cancel
	src.packets <- s.stream.syn(time.Now())
	go func() { s.ended <- s.Run(ctx) }()
	return s
}

// send gives the source a packet of now.
func (s *started) send(payload string) { s.src.packets <- s.stream.data(time.Now(), payload) }

// wait returns what Run does.
func (s *started) wait() error {
	s.t.Helper()
	err := <-s.ended
	select {
	case <-s.src.closed:
	default:
		s.t.Error("the source is not closed")
	}
	return err
}

// TestFile: what is in a source comes out in order, and its end is no error.
func TestFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		taken := &taker{}
		s := start(t, newFakeSource(false, io.EOF), []Consumer{taken}, nil)
		s.send(get(1) + get(2)[:5])
		s.send(get(2)[5:] + get(3)[:9])
		close(s.src.packets)
		if err := s.wait(); err != nil {
			t.Fatal(err)
		}
		if want := []string{"/1", "/2"}; !slices.Equal(taken.targets, want) {
			t.Errorf("%q, want %q", taken.targets, want)
		}
		stats := s.Stats()
		if r := stats.Requests; r.Captured != 3 || r.Fates[reassembly.Sent] != 2 || r.Fates[reassembly.Aborted] != 1 || r.Open != 0 {
			t.Errorf("%+v", r)
		}
		if stats.Packets.Seen != 3 || taken.flushes == 0 {
			t.Errorf("%+v, %d flushes", stats.Packets, taken.flushes)
		}
	})
}

// TestConsumers: each consumer sees what those before it passed on, and the
// first that refuses decides.
func TestConsumers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, last := &taker{}, &taker{fate: reassembly.QueueFull}
		filter := Filter(func(_ *http1.Message, raw []byte) bool { return !strings.HasPrefix(string(raw), "GET /2 ") })
		s := start(t, newFakeSource(false, io.EOF), []Consumer{first, filter, last}, nil)
		s.send(get(1) + get(2) + get(3))
		close(s.src.packets)
		if err := s.wait(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(first.targets, []string{"/1", "/2", "/3"}) || !slices.Equal(last.targets, []string{"/1", "/3"}) {
			t.Errorf("first %q, last %q", first.targets, last.targets)
		}
		if f := s.Stats().Requests.Fates; f[reassembly.Filtered] != 1 || f[reassembly.QueueFull] != 2 || f[reassembly.Sent] != 0 {
			t.Errorf("%v", f)
		}
	})
}

// TestUsers: each consumer is told whose a request is, and the accounts say what the
// users are known by; where nobody finds that out it is the connection's.
func TestUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, finder := range []*users.Finder{users.New(users.Config{}), nil} {
			taken := &taker{}
			s := start(t, newFakeSource(false, io.EOF), []Consumer{taken}, func(cfg *Config) { cfg.Users = finder })
			for _, sid := range []int{1, 2, 1} {
				s.send(fmt.Sprintf("GET / HTTP/1.1\r\nHost: a\r\nCookie: sid=%d\r\n\r\n", sid))
			}
			close(s.src.packets)
			if err := s.wait(); err != nil {
				t.Fatal(err)
			}
			u, want := taken.users, `by cookie "sid" 100 %`
			if finder == nil {
				want = ""
			}
			if len(u) != 3 || u[0] != u[2] || (u[0] != u[1]) != (finder != nil) {
				t.Errorf("users %x", u)
			}
			if line := s.Stats().Users.Line(); line != want {
				t.Errorf("%q, want %q", line, want)
			}
		}
	})
}

// TestCount: so many requests are handed on, of those that nobody refuses, and no
// more, also where others were read with the last one. The run then ends by
// itself, though the source goes on.
func TestCount(t *testing.T) {
	for _, tt := range []struct {
		name    string
		live    bool
		packets []string
	}{
		{"a file", false, []string{get(1) + get(2), get(3) + get(4) + get(5) + get(6)}},
		{"live", true, []string{get(1) + get(2), get(3) + get(4) + get(5) + get(6)}},
		{"a packet each", true, []string{get(1), get(2), get(3), get(4)}},
		{"fewer than that", false, []string{get(1) + get(2), get(3)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				taken := &taker{}
				filter := Filter(func(_ *http1.Message, raw []byte) bool { return !strings.HasPrefix(string(raw), "GET /2 ") })
				s := start(t, newFakeSource(tt.live, io.EOF), []Consumer{filter, taken}, func(cfg *Config) { cfg.Count = 3 })
				for _, payload := range tt.packets {
					s.send(payload)
				}
				want := []string{"/1", "/3", "/4"}
				if tt.name == "fewer than that" {
					want = want[:2]
					close(s.src.packets)
				}
				if err := s.wait(); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(taken.targets, want) {
					t.Errorf("%q, want %q", taken.targets, want)
				}
				begun := strings.Count(strings.Join(tt.packets, ""), "GET")
				r := s.Stats().Requests
				if r.Captured != uint64(begun) || r.Fates[reassembly.Sent] != uint64(len(want)) || r.Fates[reassembly.Filtered] != 1 ||
					r.Fates[reassembly.Stopped] != uint64(begun-len(want)-1) {
					t.Errorf("%d began: %+v", begun, r)
				}
			})
		})
	}
}

// TestSourceFails: an error of the source is Run's, behind what had come.
func TestSourceFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		taken := &taker{}
		damaged := errors.New("damaged")
		s := start(t, newFakeSource(false, damaged), []Consumer{taken}, nil)
		s.send(get(1))
		close(s.src.packets)
		if err := s.wait(); !errors.Is(err, damaged) {
			t.Errorf("%v", err)
		}
		if s.Stats().Requests.Fates[reassembly.Sent] != 1 {
			t.Errorf("%+v", s.Stats())
		}
	})
}

// TestStatsAnyTime: the accounts are there before Run, while it waits for a
// silent pipe, while a consumer holds it up, and after it.
func TestStatsAnyTime(t *testing.T) {
	if s := New(Config{Source: newFakeSource(false, io.EOF)}).Stats(); s.Requests.Captured != 0 || s.Packets.Seen != 0 {
		t.Errorf("before Run: %+v", s)
	}
	synctest.Test(t, func(t *testing.T) {
		taken := &taker{hold: make(chan struct{})}
		s := start(t, newFakeSource(false, io.EOF), []Consumer{taken}, nil)
		s.src.packets <- packet(time.Now(), 81, 0, capture.ACK, "x")
		synctest.Wait()
		if n := s.Stats().Packets.Seen; n != 2 {
			t.Errorf("%d packets seen while the pipe is silent", n)
		}
		s.send(get(1))
		synctest.Wait() // in Take
		if n := s.Stats().Packets.Seen; n != 2 {
			t.Errorf("%d packets seen while the consumer waits, published before: 2", n)
		}
		close(taken.hold)
		synctest.Wait() // in Next
		if got := s.Stats(); got.Packets.Seen != 3 || got.Requests.Fates[reassembly.Sent] != 1 {
			t.Errorf("%+v", got)
		}
		s.cancel()
		if err := s.wait(); err != nil {
			t.Fatal(err)
		}
		if got := s.Stats(); got.Packets.Seen != 3 || got.Requests.Fates[reassembly.Sent] != 1 {
			t.Errorf("after Run: %+v", got)
		}
	})
}

// busySource never waits: a packet each millisecond, always at hand.
type busySource struct {
	*fakeSource
	stream stream
}

func (s *busySource) Next(d *capture.Decoder, segs []capture.Segment) (int, error) {
	time.Sleep(time.Millisecond)
	p := s.stream.data(time.Now(), get(1))
	select {
	case <-s.closed:
		return 0, io.EOF
	case s.packets <- p:
	}
	return s.fakeSource.Next(d, segs)
}

func (s *busySource) Ready() bool { return true }

// TestStatsOfABusyLoop are never older than a batch.
func TestStatsOfABusyLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := newFakeSource(false, io.EOF)
		s := start(t, src, nil, func(cfg *Config) { cfg.Source = &busySource{fakeSource: src} })
		for turn := range uint64(20) {
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
			if n, least := s.Stats().Packets.Seen, turn*100+99; n < least {
				t.Errorf("%d packets after %d ms, want at least %d", n, (turn+1)*100, least)
			}
		}
		s.cancel()
		if err := s.wait(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestFlushBeforeWaiting: nothing is held back while the loop waits.
func TestFlushBeforeWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		taken := &taker{}
		s := start(t, newFakeSource(true, io.EOF), []Consumer{taken}, nil)
		synctest.Wait()
		before := taken.flushes
		s.send(get(1))
		synctest.Wait()
		if taken.flushes == before || len(taken.targets) != 1 {
			t.Errorf("%d flushes, then %d; taken %q", before, taken.flushes, taken.targets)
		}
		s.cancel()
		if err := s.wait(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestLiveTime: on a quiet network time goes on, with and without packets of
// others.
func TestLiveTime(t *testing.T) {
	for _, others := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := start(t, newFakeSource(true, io.EOF), nil, func(cfg *Config) { cfg.Assembler.IdleTimeout = time.Second })
			s.send(get(1)[:9])
			for range 30 {
				time.Sleep(50 * time.Millisecond)
				if others {
					s.src.packets <- packet(time.Now(), 81, 0, capture.ACK, "x")
				}
			}
			synctest.Wait()
			if r := s.Stats().Requests; r.Fates[reassembly.Expired] != 1 {
				t.Errorf("packets of others %v: %+v", others, r)
			}
			s.cancel()
			if err := s.wait(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestStopOfALiveSource: the packets from before the stop are taken, also those
// that lie in the ring, and none from after it.
func TestStopOfALiveSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		taken := &taker{hold: make(chan struct{})}
		s := start(t, newFakeSource(true, io.EOF), []Consumer{taken}, nil)
		s.send(get(1))
		synctest.Wait() // in Take
		s.send(get(2))
		time.Sleep(time.Second)
		s.cancel()
		synctest.Wait()
		time.Sleep(time.Nanosecond)
		s.send(get(3))
		close(taken.hold)
		if err := s.wait(); err != nil {
			t.Fatal(err)
		}
		if want := []string{"/1", "/2"}; !slices.Equal(taken.targets, want) {
			t.Errorf("%q, want %q", taken.targets, want)
		}
	})
}

// TestStopWithinABatch: one Next may bring packets from before and after it.
func TestStopWithinABatch(t *testing.T) {
	s := New(Config{Source: newFakeSource(true, nil), Live: true, Decoder: capture.DecoderConfig{Ports: []uint16{80}}})
	var str stream
	segs := make([]capture.Segment, 3)
	for i := range segs {
		p := str.data(time.Unix(int64(i), 0), get(i))
		if !s.dec.Decode(&p, &segs[i]) {
			t.Fatal("no segment")
		}
	}
	for stop, want := range map[int64]int{0: 0, 1: 1, 2: 2, 3: 3} {
		s.stopAt.Store(stop * 1e9)
		rest, stopped := s.beforeStop(segs), s.push(nil)
		if len(rest) != want || stopped != (stop < 3) {
			t.Errorf("stop at %d s: %d segments, stopped: %v", stop, len(rest), stopped)
		}
	}
}

// TestStopOnAQuietNetwork takes a tick, and that of a silent pipe no time.
func TestStopOnAQuietNetwork(t *testing.T) {
	for _, live := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := start(t, newFakeSource(live, io.EOF), nil, nil)
			time.Sleep(10 * time.Second)
			s.cancel()
			since := time.Now()
			if err := s.wait(); err != nil {
				t.Fatal(err)
			}
			if d := time.Since(since); d > 100*time.Millisecond || !live && d > 0 {
				t.Errorf("live %v: %v", live, d)
			}
		})
	}
}

// memorySource has a SYN with data, and then the same data again and again.
type memorySource struct {
	stream stream
	left   int
	packet capture.Packet
	begun  bool // the SYN was taken
}

func (s *memorySource) Next(d *capture.Decoder, segs []capture.Segment) (n int, err error) {
	for n < len(segs) && s.left > 0 {
		s.left--
		if d.Decode(&s.packet, &segs[n]) {
			if s.begun {
				segs[n].Seq, segs[n].Flags = s.stream.seq, capture.ACK
				s.stream.seq += uint32(len(segs[n].Payload))
			}
			s.begun = true
			n++
		}
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (s *memorySource) Ready() bool  { return s.left > 0 }
func (s *memorySource) Close() error { return nil }

// TestNothingAllocatedPerPacket: neither for packets, nor for requests printed,
// nor for the accounts published.
func TestNothingAllocatedPerPacket(t *testing.T) {
	run := func(packets int) uint64 {
		src := &memorySource{left: packets}
		src.packet = src.stream.data(time.Unix(1e9, 0), get(1))
		p := NewPrinter(t.Context(), PrinterConfig{Out: io.Discard, Wait: true})
		s := New(Config{Source: src, Decoder: capture.DecoderConfig{Ports: []uint16{80}}, Users: users.New(users.Config{}), Consumers: []Consumer{Filter(func(*http1.Message, []byte) bool { return true }), p}})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := s.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if n := p.Stats().Lines; n != uint64(packets) {
			t.Errorf("%d lines of %d", n, packets)
		}
		return after.Mallocs - before.Mallocs
	}
	run(1000)
	few, many := run(10_000), run(200_000)
	if many > few+500 {
		t.Errorf("%d allocations for 10,000 packets, %d for 200,000", few, many)
	}
}

// TestSilentStandardInput: a read of a pipe that a process inherited is ended
// by the stop, whatever it has said until then.
func TestSilentStandardInput(t *testing.T) {
	for name, said := range map[string]string{
		"nothing": "", "a capture file's header": string(pcapOf()), "part of a line": `{"raw":"`,
	} {
		t.Run(name, func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			defer r.Close()
			r.Fd() // makes it blocking, as that of a process is
			if _, err := os.Stat(fmt.Sprintf("/proc/self/fd/%d", r.Fd())); err != nil {
				t.Skip("standard input cannot be opened again here:", err)
			}
			w.WriteString(said)
			src, err := recording.Open(recording.Config{Names: []string{recording.Stdin}, Stdin: r})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- New(Config{Source: src}).Run(ctx) }()
			cancel()
			select {
			case err := <-ended:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(10 * time.Second):
				t.Error("Run waits for a silent pipe")
			}
		})
	}
}

// BenchmarkLoop is what a packet with a request in it costs, all in all.
func BenchmarkLoop(b *testing.B) {
	src := &memorySource{left: b.N}
	src.packet = src.stream.data(time.Unix(1e9, 0), get(1))
	s := New(Config{Source: src, Decoder: capture.DecoderConfig{Ports: []uint16{80}}})
	b.ReportAllocs()
	b.ResetTimer()
	if err := s.Run(b.Context()); err != nil {
		b.Fatal(err)
	}
}
