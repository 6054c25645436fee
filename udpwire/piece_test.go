package udpwire

import (
	"bytes"
	"testing"
)

func TestPieceParse(t *testing.T) {
	p := piece{77, fragment{offset: 456, total: 1400, piece: []byte("what lies there")}}
	b := p.append(nil)
	var got piece
	if !got.parse(b) || got.number != 77 || got.offset != 456 || got.total != 1400 || string(got.piece) != "what lies there" {
		t.Fatalf("%+v", got)
	}
	for name, change := range map[string]func(*piece){
		"number 0":              func(p *piece) { p.number = 0 },
		"number beyond the end": func(p *piece) { p.number = maxNumber },
		"no room for a message": func(p *piece) { p.total = dataOffset },
		"larger than UDP":       func(p *piece) { p.total = maxDatagram + 1 },
		"beyond the datagram":   func(p *piece) { p.offset = 1400 - 14 },
		"offset that overflows": func(p *piece) { p.offset = 1<<32 - 1 },
	} {
		q := p
		change(&q)
		if got.parse(q.append(nil)) {
			t.Errorf("%s is believed", name)
		}
	}
	for n := range pieceHead + 1 {
		if got.parse(b[:n]) {
			t.Errorf("%d bytes are believed", n)
		}
	}
}

// pieces makes the session of a replayer, and a DATA datagram of it.
func pieceSession(t *testing.T, body string) (*session, []byte, *[]string) {
	t.Helper()
	var got []string
	s := &session{id: 9}
	s.inbox.start(func(m *Message) { got = append(got, string(m.Body)) })
	m := Message{Body: []byte(body)}
	d := make([]byte, dataOffset)
	putBase(d, 1)
	d = append(appendHead(d, &m, 0), m.Body...)
	out := newOutgoing(9, nil, 1)
	out.finishData(d, 1)
	return s, d, &got
}

// put gives the session a piece.
func (s *session) put(number uint64, total, from, to int, d []byte) bool {
	p := piece{number, fragment{uint32(from), uint32(total), d[from:to]}}
	return s.accept(1, header{kind: kindPiece, session: s.id, number: 1}, p.append(nil), listenerAt, pieceHead+to-from, &gone{})
}

// TestPiecesJoin: in whatever order, doubled or overlapping, the datagram is taken in once.
func TestPiecesJoin(t *testing.T) {
	body := string(bytes.Repeat([]byte("0123456789"), 100))
	s, d, got := pieceSession(t, body)
	n := len(d)
	for _, cut := range [][2]int{{700, n}, {0, 300}, {0, 300}, {250, 500}, {700, n}} {
		if !s.put(1, n, cut[0], cut[1], d) || len(*got) != 0 {
			t.Fatalf("piece %d: %q", cut, *got)
		}
	}
	if held := s.inbox.held(); held < int64(n) {
		t.Errorf("%d bytes held", held)
	}
	if !s.put(1, n, 500, 700, d) || len(*got) != 1 || (*got)[0] != body {
		t.Fatalf("%d messages", len(*got))
	}
	if held := s.inbox.held(); held != 0 {
		t.Errorf("%d bytes held", held)
	}
	if !s.put(1, n, 0, n, d) || len(*got) != 1 || s.inbox.held() != 0 {
		t.Errorf("once more: %d messages, %d bytes held", len(*got), s.inbox.held())
	}
}

// TestPiecesOvertaken: what came whole meanwhile needs no pieces.
func TestPiecesOvertaken(t *testing.T) {
	s, d, got := pieceSession(t, "hello")
	s.put(1, len(d), 0, 20, d)
	if s.inbox.held() == 0 {
		t.Fatal("the piece is not kept")
	}
	h, _, _ := parseHeader(d)
	if !s.accept(1, h, d[headerSize:], listenerAt, len(d), &gone{}) || len(*got) != 1 {
		t.Fatalf("%d messages", len(*got))
	}
	if held := s.inbox.held(); held != 0 {
		t.Errorf("%d bytes held", held)
	}
}

// TestPiecesHostile: pieces that lie are malformed, cost no more than the limit, and change nothing.
func TestPiecesHostile(t *testing.T) {
	s, d, got := pieceSession(t, "hello, this is long enough to be cut")
	n := len(d)
	other := func(change func(b []byte)) []byte {
		b := bytes.Clone(d)
		change(b)
		return b
	}
	for name, refused := range map[string]bool{
		"far number":      s.put(2*maxOutstanding+2, n, 0, n, d),
		"another number":  s.put(2, n, 0, n, d),
		"another session": s.put(1, n, 0, n, other(func(b []byte) { b[15]++ })),
		"another kind":    s.put(1, n, 0, n, other(func(b []byte) { b[4] = byte(kindHeartbeat) })),
		"no header":       s.put(1, n, 0, n, other(func(b []byte) { b[0] = 'X' })),
	} {
		if refused || len(*got) != 0 {
			t.Errorf("%s is believed: %q", name, *got)
		}
	}
	s.put(1, n, 0, 30, d)
	if s.put(1, n+1, 0, 30, append(d, 0)) {
		t.Error("another size is believed")
	}
	for number := uint64(2); number < 2000; number++ {
		s.put(number, maxDatagram, maxDatagram-1, maxDatagram, make([]byte, maxDatagram))
	}
	if held := s.inbox.held(); held < 1990*maxDatagram {
		t.Errorf("%d bytes held are not counted", held)
	}
	for s.inbox.held() > 1<<20 && s.inbox.evict() {
	}
	if held := s.inbox.held(); held > 1<<20 || s.inbox.stats.evicted != 0 {
		t.Errorf("%d bytes held, %d messages evicted", held, s.inbox.stats.evicted)
	}
}

// FuzzPiece: whatever the pieces are, the datagram is what was cut, or nothing.
func FuzzPiece(f *testing.F) {
	f.Add([]byte{0, 20, 10, 100, 0, 30})
	f.Fuzz(func(t *testing.T, cuts []byte) {
		body := string(bytes.Repeat([]byte("0123456789"), 20))
		s, d, got := pieceSession(t, body)
		for ; len(cuts) >= 2; cuts = cuts[2:] {
			from := int(cuts[0]) % len(d)
			to := min(from+1+int(cuts[1]), len(d))
			if !s.put(1, len(d), from, to, d) {
				t.Fatalf("[%d, %d) of %d is refused", from, to, len(d))
			}
		}
		if len(*got) > 1 || len(*got) == 1 && (*got)[0] != body {
			t.Fatalf("%q", *got)
		}
	})
}
