package diff

import (
	"bytes"
	"errors"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
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

// An Answer is what a server said to one request. Its Body is lent for the call that it is
// given to; its Fields nobody changes any more.
type Answer struct {
	Status  int
	Fields  []Field // in the order in which they came
	own     bool    // Body is not lent, and nobody changes it
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
	a := Answer{Status: m.Status, BodyLen: -1, Fields: make([]Field, 0, typicalFields)}
	text := string(appendFields(make([]byte, 0, 2048), m.Fields(head))) // one for all names and values
	for len(text) > 0 {
		name, rest, _ := strings.Cut(text, ":")
		value, after, _ := strings.Cut(rest, "\n")
		a.Fields = append(a.Fields, Field{name, value})
		text = after
	}
	a.BodyLen = a.length()
	return a, nil
}

// typicalFields are as many as most answers have.
const typicalFields = 16

// appendFields appends the fields of a section, one to a line, their names in lower case.
func appendFields(dst, section []byte) []byte {
	for line, rest := http1.CutField(section); line != nil; line, rest = http1.CutField(rest) {
		if f := http1.ParseField(line); len(f.Name) > 0 {
			dst = append(appendLower(dst, f.Name), ':')
			dst = append(http1.AppendUnfolded(dst, f.Value), '\n')
		}
	}
	return dst
}

// FromHeader takes an answer from net/http's form, which has lost the order of
// the names.
func FromHeader(status int, h http.Header) Answer {
	a := Answer{Status: status, Fields: make([]Field, 0, len(h)), BodyLen: -1}
	var room [1024]byte
	names := room[:0]
	for name, values := range h {
		for _, v := range values {
			a.Fields = append(a.Fields, Field{name, v})
		}
	}
	for i := range a.Fields {
		names = appendLower(names, a.Fields[i].Name)
	}
	for i, all := 0, string(names); i < len(a.Fields); i++ {
		f := &a.Fields[i]
		f.Name, all = all[:len(f.Name)], all[len(f.Name):]
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

// Clone returns an answer that holds nothing lent. A clone's own clones have the same Body.
func (a *Answer) Clone() *Answer {
	c := *a
	if !c.own {
		c.Body, c.own = bytes.Clone(a.Body), true
	}
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

// appendLower appends a field's name in lower case.
func appendLower[T string | []byte](dst []byte, name T) []byte {
	for i := range len(name) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
