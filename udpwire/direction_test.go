package udpwire

import (
	"bytes"
	"testing"
)

// direction returns both ends of a listener's direction of session 7.
func direction(t *testing.T, secret string) (outgoing, incoming) {
	if secret == "" {
		return newOutgoing(7, nil, 0), incoming{}
	}
	return newOutgoing(7, goldenKeys(t)[0], 0), incoming{seal: goldenKeys(t)[0]}
}

// TestDirection: what one end finishes the other opens, once; control datagrams count from 1.
func TestDirection(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		out, in := direction(t, secret)
		for want := uint64(1); want < 4; want++ {
			d := out.finishControl(kindReport, append(make([]byte, headerSize), "body"...))
			h, _, ok := parseHeader(d)
			if !ok || h.number != want || h.session != 7 || h.kind != kindReport ||
				(h.flags&flagSealed != 0) != (secret != "") {
				t.Fatalf("%+v", h)
			}
			body, _, ok := in.open(h, bytes.Clone(d))
			if !ok || string(body) != "body" {
				t.Fatalf("%t, %q", ok, body)
			}
			if _, _, ok := in.open(h, bytes.Clone(d)); !ok {
				t.Error("refused though nobody has believed it yet")
			}
			in.seen.mark(h.number)
			if _, why, ok := in.open(h, bytes.Clone(d)); ok || why != rejectReplayed {
				t.Errorf("opened twice: %t, %s", ok, why)
			}
		}
	})
}

func TestDirectionData(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		out, in := direction(t, secret)
		d := append(make([]byte, headerSize), "body"...)
		if secret != "" {
			d = append(d, make([]byte, tagSize)...)
		}
		out.finishData(d, 99)
		h, _, _ := parseHeader(d)
		for range 2 { // whose fate is settled elsewhere
			if body, _, ok := in.open(h, bytes.Clone(d)); !ok || string(body) != "body" || h.number != 99 {
				t.Errorf("%t, %q, %+v", ok, body, h)
			}
		}
		if out.control != 0 {
			t.Error("DATA counts with the others")
		}
	})
}

func TestDirectionRefuses(t *testing.T) {
	out, in := direction(t, "secret")
	d := out.finishControl(kindReport, append(make([]byte, headerSize), "body"...))
	for _, c := range []struct {
		name string
		d    []byte
	}{
		{"not sealed", changed(d, 5, 0)},
		{"another number", changed(d, 23, 9)},
		{"another kind", changed(d, 4, byte(kindGone))},
		{"another body", changed(d, headerSize, 0)},
		{"another tag", changed(d, len(d)-1, d[len(d)-1]+1)},
		{"cut off", d[:len(d)-1]},
		{"no tag", d[:headerSize]},
	} {
		h, _, _ := parseHeader(c.d)
		if _, why, ok := in.open(h, bytes.Clone(c.d)); ok || why != rejectAuth {
			t.Errorf("%s: %t, %s", c.name, ok, why)
		}
	}
}
