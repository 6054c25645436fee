package answers

import (
	"fmt"
	"testing"

	"gor/capture"
)

// BenchmarkReader is what an exchange costs, a question and the segment that answers it,
// with as many connections as fit into the processor's cache, and with more.
func BenchmarkReader(b *testing.B) {
	const head = "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Fri, 27 Nov 2026 20:15:00 GMT\r\n" +
		"Content-Type: text/plain\r\nContent-Length: 64\r\nConnection: keep-alive\r\n\r\n"
	for _, conns := range []int{64, 20_000} {
		b.Run(fmt.Sprint(conns, " connections"), func(b *testing.B) {
			answered := 0
			r := New(Config{}, func(a *Answer) {
				if !a.Missing {
					answered++
				}
			})
			server := capture.Endpoint{Port: 80}
			s := capture.Segment{Src: server, FromServer: true, Flags: capture.ACK, Payload: []byte(head), Cut: 64}
			seqs := make([]struct{ seq, ack uint32 }, conns)
			opens := make([]bool, conns)
			now := int64(1e18)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				c := i * 7919 % conns
				client := capture.Endpoint{Addr: [16]byte{14: byte(c >> 8), 15: byte(c)}, Port: uint16(1024 + c)}
				q := Question{Client: client, Server: server, Conn: uint64(c), Seq: seqs[c].seq, End: seqs[c].seq + 100, Ack: seqs[c].ack, First: now, Time: now, Opens: !opens[c]}
				r.Ask(&q)
				now += 50_000
				s.Dst, s.Seq, s.Ack, s.Time = client, q.Ack, q.End, now
				r.Push(&s)
				seqs[c].seq, seqs[c].ack, opens[c] = q.End, q.Ack+uint32(len(head)+64), true
			}
			if answered != b.N {
				b.Fatalf("%d of %d answered: %+v", answered, b.N, r.Stats())
			}
		})
	}
}
