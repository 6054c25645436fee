package recording

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"gor/capture"
	"gor/reassembly"
)

// An object is what a line says. What else is in it does not matter: host, method
// and target are in raw.
type object struct {
	Raw    []byte  `json:"raw"` // the request's bytes in base64; all that must be there
	Conn   tag     `json:"conn"`
	User   tag     `json:"user"`
	Index  *uint64 `json:"index"`
	Time   string  `json:"time"` // RFC 3339
	Client string  `json:"client"`
	Server string  `json:"server"`
}

// A tag tells a connection or a user from others: sixteen hexadecimal digits as
// gor prints them, or whatever a filter has put in their place.
type tag uint64

// UnmarshalJSON takes strings and numbers.
func (t *tag) UnmarshalJSON(b []byte) error {
	s := string(b)
	switch {
	case s == "null":
		return nil
	case strings.HasPrefix(s, `"`):
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
	case s[0] != '-' && (s[0] < '0' || s[0] > '9'):
		return fmt.Errorf("%.20s is neither a string nor a number", s)
	}
	if s == "" {
		return nil
	}
	if v, err := strconv.ParseUint(s, 16, 64); err == nil {
		*t = tag(v)
	} else {
		*t = tag(hash(s))
	}
	return nil
}

// parse reads the object of a line into q, which holds what the line before said:
// a request that tells no time came with the one before it. One that tells no
// connection is alone on its own, and where no index is told the order of lines is
// that of a connection's requests.
func parse(b []byte, q *reassembly.Listed, alone uint64, line int) error {
	var o object
	if err := json.Unmarshal(b, &o); err != nil {
		return explain(err)
	}
	if o.Raw == nil {
		return errors.New("it lacks raw, the request's bytes in base64")
	}
	at := q.Time
	if o.Time != "" {
		t, err := time.Parse(time.RFC3339Nano, o.Time)
		if err != nil {
			return fmt.Errorf("time %.40q is not like 2006-01-02T15:04:05.999999999Z", o.Time)
		}
		at = t.UnixNano()
	}
	*q = reassembly.Listed{
		Conn: cmp.Or(uint64(o.Conn), alone), Index: uint64(line), Time: at,
		Client: endpoint(o.Client), Server: endpoint(o.Server), Raw: o.Raw,
	}
	q.User = cmp.Or(uint64(o.User), q.Conn)
	if o.Index != nil {
		q.Index = *o.Index
	}
	return nil
}

// explain says in the user's terms why text is no object.
func explain(err error) error {
	var syntax *json.SyntaxError
	var field *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON: %w", err)
	case errors.As(err, &field):
		return fmt.Errorf("%s is a %s: another type is expected", field.Field, field.Value)
	}
	return err
}

// endpoint reads an address and a port, if a filter has left one there.
func endpoint(s string) capture.Endpoint {
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		return capture.Endpoint{}
	}
	return capture.EndpointOf(a)
}

// hash is FNV-1a, mixed.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

// mix makes numbers that are near each other differ in all bits.
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
