package sniffer

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gor/capture"
	"gor/reassembly"
	"gor/reassembly/answers"
)

// answerPacket is what a server sends back on the connection of packet, turned round.
func answerPacket(at time.Time, seq, ack uint32, payload string) capture.Packet {
	p := packet(at, 80, seq, capture.ACK|capture.PSH, payload)
	b := p.Data
	copy(b[12:], []byte{10, 0, 0, 2, 10, 0, 0, 1})
	b[20], b[21], b[22], b[23] = b[22], b[23], b[20], b[21]
	b[28], b[29], b[30], b[31] = byte(ack>>24), byte(ack>>16), byte(ack>>8), byte(ack)
	b[36], b[37] = 0, 0
	sum := checksum(b)
	b[36], b[37] = byte(sum>>8), byte(sum)
	return p
}

// An answerTaker keeps what becomes of requests and answers, in one list.
type answerTaker struct {
	fate reassembly.Fate
	all  []string
}

func (c *answerTaker) Take(r *reassembly.Request) reassembly.Fate {
	c.all = append(c.all, fmt.Sprintf("%s answered %t", r.Target(), r.Answered))
	return c.fate
}

func (c *answerTaker) Flush() {}

func (c *answerTaker) answer(a *answers.Answer) {
	c.all = append(c.all, fmt.Sprintf("%d missing %t status %d", a.Index, a.Missing, a.Status))
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

// TestSnifferAnswers: a request of the share says that its answer is looked for, which
// follows it, or that it is missing; of one that was not sent nobody is told; what
// servers send is never taken for a request.
func TestSnifferAnswers(t *testing.T) {
	for _, tt := range []struct {
		name  string
		share bool
		fate  reassembly.Fate
		only  bool // recorded, and not read
		want  string
	}{
		{"of the share", true, reassembly.Sent, false, "/0 answered true, 0 missing false status 200, /1 answered true, 1 missing true status 0"},
		{"filtered", true, reassembly.Filtered, false, "/0 answered true, /1 answered true"},
		{"not of the share", false, reassembly.Sent, false, "/0 answered false, /1 answered false"},
		{"recorded alone", true, reassembly.Sent, true, "/0 answered false, /1 answered false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src, taker := newFakeSource(true, nil), &answerTaker{fate: tt.fate}
				cfg := Config{Source: src, Live: true, Consumers: []Consumer{taker}}
				cfg.Decoder.Ports, cfg.Decoder.Answers = []uint16{80}, true
				if !tt.only {
					cfg.Answers = &Answers{Take: taker.answer, Share: func(*capture.Endpoint) bool { return tt.share }}
				}
				s := New(cfg)
				var str stream
				src.packets <- str.syn(time.Now())
				src.packets <- str.data(time.Now(), get(0))
				src.packets <- answerPacket(time.Now(), 0, str.seq, okAnswer)
				src.packets <- str.data(time.Now(), get(1))
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() { ended <- s.Run(ctx) }()
				time.Sleep(time.Second)
				cancel()
				if err := <-ended; err != nil {
					t.Fatal(err)
				}
				if got := strings.Join(taker.all, ", "); got != tt.want {
					t.Errorf("%s\nwant %s", got, tt.want)
				}
				if stats := s.Stats(); stats.Packets.Answers != 1 || stats.Requests.Captured != 2 {
					t.Errorf("%+v", stats)
				}
			})
		})
	}
}

// TestSnifferLingers: an answer that comes a moment after the stop is taken, and a
// request is not.
func TestSnifferLingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, taker := newFakeSource(true, nil), &answerTaker{fate: reassembly.Sent}
		cfg := Config{Source: src, Live: true, Consumers: []Consumer{taker}, Answers: &Answers{Take: taker.answer}}
		cfg.Decoder.Ports, cfg.Decoder.Answers = []uint16{80}, true
		s := New(cfg)
		var str stream
		src.packets <- str.syn(time.Now())
		src.packets <- str.data(time.Now(), get(0))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Run(ctx) }()
		synctest.Wait()
		cancel()
		time.Sleep(linger / 2)
		acked := str.seq
		src.packets <- str.data(time.Now(), get(1))
		src.packets <- answerPacket(time.Now(), 0, acked, okAnswer)
		began := time.Now()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Join(taker.all, ", "), "/0 answered true, 0 missing false status 200"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if since := time.Since(began); since > 3*linger {
			t.Errorf("the end took %v", since)
		}
	})
}

// TestSnifferStopsWhileServersSend: the stop comes though clients are silent and a
// server is not, and so does the end of --count.
func TestSnifferStopsWhileServersSend(t *testing.T) {
	for _, count := range []uint64{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			src, taker := newFakeSource(true, nil), &answerTaker{fate: reassembly.Sent}
			src.apart = capture.NewDecoder(capture.DecoderConfig{Ports: []uint16{80}, Answers: true})
			cfg := Config{Source: src, Live: true, Count: count, Consumers: []Consumer{taker}, Answers: &Answers{Take: taker.answer}}
			cfg.Decoder.Ports, cfg.Decoder.Answers = []uint16{80}, true
			s := New(cfg)
			var str stream
			src.packets <- str.syn(time.Now())
			src.packets <- str.data(time.Now(), get(0))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended, streaming := make(chan error, 1), make(chan bool)
			go func() { ended <- s.Run(ctx) }()
			go func() {
				defer close(streaming)
				for i := range uint32(1000) {
					time.Sleep(20 * time.Millisecond)
					select {
					case src.packets <- answerPacket(time.Now(), i*uint32(len(okAnswer)), str.seq, okAnswer):
					case <-src.closed:
						return
					}
				}
			}()
			time.Sleep(500 * time.Millisecond)
			if count == 0 {
				cancel()
			}
			began := time.Now()
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			if since := time.Since(began); since > 3*linger {
				t.Errorf("count %d: the end took %v", count, since)
			}
			if len(taker.all) < 2 || !strings.Contains(strings.Join(taker.all, ", "), "status 200") {
				t.Errorf("count %d: %q", count, taker.all)
			}
			src.Close()
			<-streaming
		})
	}
}
