package diff

import (
	"errors"
	"hash/fnv"
	"net/http"
	"strconv"
	"time"

	"gor/reassembly/http1"
)

// A Field is one header field of an answer.
type Field struct {
	Name  string // in lower case
	Value string
}

// A State is how much of a body there is to compare.
type State uint8

// What is known of a body.
const (
	NotCaptured State = iota // nothing but perhaps its length
	Cut                      // its beginning; perhaps its length and hash
	Whole                    // all of it
)

// An Answer is what a server said to one request. Its slices are lent for the call
// that it is given to.
type Answer struct {
	Status  int
	Fields  []Field // in the order in which they came
	Body    []byte  // content without chunk framing, in the content coding that it was sent in
	BodyLen int64   // of the whole content; -1: not known
	State   State
	Hash    uint64        // Sum of the whole content, where State is Cut; 0: not known
	Took    time.Duration // from the whole request to the answer's head; 0: not known
	Names   *Names        // what the server may call itself; those of the first of two answers count
	At      int64         // when the head came, in nanoseconds since 1970 of the clock of whoever saw it; 0: not known
}

// errHead says that a head is none.
var errHead = errors.New("not the head of an answer")

// FromHead takes an answer's head as it was on the wire: its status line and fields
// up to and with the blank line. The caller fills in what else is known. An answer that
// nothing is known of but its head has the length that the head says.
func FromHead(head []byte) (Answer, error) {
	m := http1.Response("GET")
	if m.Head(head, "") != http1.Whole {
		return Answer{}, errHead
	}
	a := Answer{Status: m.Status, BodyLen: -1}
	for _, f := range http1.AppendFields(nil, m.Fields(head)) {
		if len(f.Name) > 0 {
			a.Fields = append(a.Fields, Field{lower(f.Name), string(http1.AppendUnfolded(nil, f.Value))})
		}
	}
	a.BodyLen = a.length()
	return a, nil
}

// FromHeader takes an answer from net/http's form, which has lost the order of
// the names.
func FromHeader(status int, h http.Header) Answer {
	a := Answer{Status: status, Fields: make([]Field, 0, len(h)), BodyLen: -1}
	for name, values := range h {
		for _, v := range values {
			a.Fields = append(a.Fields, Field{lower([]byte(name)), v})
		}
	}
	a.BodyLen = a.length()
	return a
}

// length is the content's length as the head says it.
func (a *Answer) length() int64 {
	n, err := strconv.ParseInt(a.Get("content-length"), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// Get is the value of the first field of a name, or "".
func (a *Answer) Get(name string) string {
	for i := range a.Fields {
		if a.Fields[i].Name == name {
			return a.Fields[i].Value
		}
	}
	return ""
}

// Clone returns an answer that holds nothing lent.
func (a *Answer) Clone() *Answer {
	c := *a
	c.Fields = append([]Field(nil), a.Fields...)
	c.Body = append([]byte(nil), a.Body...)
	return &c
}

// Size is about how many bytes of memory an answer takes.
func (a *Answer) Size() int64 {
	n := int64(200 + len(a.Body))
	for i := range a.Fields {
		n += int64(32 + len(a.Fields[i].Name) + len(a.Fields[i].Value))
	}
	return n
}

// Sum is the hash of a content, which all who see answers have to agree on: FNV-1a
// of 64 bits, and never 0.
func Sum(content []byte) uint64 {
	h := fnv.New64a()
	h.Write(content) // never fails
	return max(h.Sum64(), 1)
}

// lower is a field's name in lower case.
func lower(name []byte) string {
	b := make([]byte, len(name))
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b[i] = c
	}
	return string(b)
}
