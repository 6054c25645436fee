package udpwire

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

const responseHead = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"

// responses are all that a Response can be.
func responses() map[string]Response {
	return map[string]Response{
		"missing":                   {Missing: true, BodyLen: -1},
		"head alone":                {Head: []byte(responseHead), BodyLen: 5},
		"head of unknown length":    {Head: []byte(responseHead), BodyLen: -1},
		"without content":           {Head: []byte(responseHead), Whole: true},
		"whole":                     {Head: []byte(responseHead), Body: []byte("12345"), BodyLen: 5, Whole: true},
		"cut":                       {Head: []byte(responseHead), Body: []byte("123"), BodyLen: 5, Hash: 1<<63 + 7},
		"cut, of an unknown length": {Head: []byte(responseHead), Body: []byte("123"), BodyLen: -1},
		"long":                      {Head: []byte(responseHead), Body: bytes.Repeat([]byte{7}, 1<<17), BodyLen: 1<<63 - 1, Hash: 1},
		"no head":                   {BodyLen: -1},
	}
}

func TestResponse(t *testing.T) {
	for name, want := range responses() {
		t.Run(name, func(t *testing.T) {
			b := want.AppendTo([]byte("before"))[len("before"):]
			got, ok := ParseResponse(b)
			if !ok || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%t, %+v, want %+v", ok, got, want)
			}
			if cap(got.Head) != len(got.Head) || cap(got.Body) != len(got.Body) {
				t.Error("what is appended to the head or the body would overwrite what follows")
			}
			for n := range min(len(b), 100) {
				if r, ok := ParseResponse(b[:n]); ok && (n < responseFixed+len(want.Head) || want.Whole) {
					t.Errorf("the first %d of %d bytes are read as %+v", n, len(b), r)
				}
			}
		})
	}
}

func TestResponseRefused(t *testing.T) {
	whole := (&Response{Head: []byte(responseHead), Body: []byte("12345"), BodyLen: 5, Whole: true}).AppendTo(nil)
	missing := (&Response{Missing: true, BodyLen: -1}).AppendTo(nil)
	for _, c := range []struct {
		name string
		b    []byte
		ok   bool
	}{
		{"good", whole, true},
		{"flags of a later version", changed(whole, 0, responseWhole|0xf0), true},
		{"longer than what fits a number", changed(whole, 8, 0x80), false},
		{"whole, and longer", changed(whole, 15, 6), false},
		{"whole, and shorter", changed(whole, 15, 4), false},
		{"cut, and shorter", changed(changed(whole, 0, 0), 15, 4), false},
		{"cut, and longer", changed(changed(whole, 0, 0), 15, 6), true},
		{"a head longer than all", changed(whole, 5, 1), false},
		{"whole, and of unknown length", append(append(bytes.Clone(whole[:8]), bytes.Repeat([]byte{0xff}, 8)...), whole[16:]...), false},
		{"missing", missing, true},
		{"missing, and whole", changed(missing, 0, responseMissing|responseWhole), false},
		{"missing, with a head", changed(whole, 0, responseMissing), false},
		{"missing, with content", append(bytes.Clone(missing), 1), false},
		{"nothing", nil, false},
	} {
		if _, ok := ParseResponse(c.b); ok != c.ok {
			t.Errorf("%s: %t", c.name, ok)
		}
	}
}

// FuzzResponse: what is read is written as the same, but for bits that mean nothing here.
func FuzzResponse(f *testing.F) {
	for _, r := range responses() {
		if len(r.Body) < 1000 {
			f.Add(r.AppendTo(nil))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, ok := ParseResponse(b)
		if !ok {
			return
		}
		again := r.AppendTo(nil)
		plain := bytes.Clone(b)
		plain[0] &= responseMissing | responseWhole
		plain[1], plain[2], plain[3] = 0, 0, 0
		if !bytes.Equal(again, plain) {
			t.Errorf("%x is read as %+v, which is\n%x", b, r, again)
		}
	})
}

// TestResponsesHandedOn: responses go on to a consumer that asks for them, behind their requests and with the same
// number; to others they are one more kind that is skipped.
func TestResponsesHandedOn(t *testing.T) {
	for _, asked := range []bool{false, true} {
		t.Run(fmt.Sprintf("asked for: %t", asked), func(t *testing.T) {
			var got []string
			r := newReception(ReceiverConfig{Responses: asked}, nil, 1<<20, nil)
			r.handle = func(m *Message) { got = append(got, fmt.Sprint(m.Kind, m.Conn, m.Index, m.Answered)) }
			s := &session{}
			s.inbox.start(func(m *Message) { r.handOn(s, m) })
			request := Message{Conn: 1, Index: 2, Answered: true}
			response := Message{Kind: KindResponse, Conn: 1, Index: 2, Body: (&Response{Missing: true, BodyLen: -1}).AppendTo(nil)}
			other := Message{Kind: 2, Conn: 1, Index: 2}
			for id, m := range []*Message{&request, &response, &other} {
				s.inbox.order.deliver(uint64(id+1), min(uint32(id), 1), m, true)
			}
			want, skipped := "0 1 2 true", uint64(2)
			if asked {
				want, skipped = want+"\n1 1 2 false", 1
			}
			if strings.Join(got, "\n") != want || r.past.MessagesUnknown != skipped {
				t.Errorf("%q handed on, %d skipped; want %q, %d", got, r.past.MessagesUnknown, want, skipped)
			}
		})
	}
}
