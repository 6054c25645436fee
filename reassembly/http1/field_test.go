package http1

import (
	"bytes"
	"strings"
	"testing"

	"gor/reassembly/http1/http1test"
)

// TestAppendFields: fields come apart exactly, whatever is odd about them.
func TestAppendFields(t *testing.T) {
	type field struct {
		line, name, value string
		kind              FieldKind
	}
	for _, tt := range []struct {
		section string
		want    []field
	}{
		{"\r\n", nil},
		{"\n", nil},
		{"", nil},
		{"Host: a\r\n\r\nX: behind\r\n", []field{{"Host: a\r\n", "Host", "a", FieldHost}}},
		{"A:b\nC:\t d \t\n\n", []field{{"A:b\n", "A", "b", FieldOther}, {"C:\t d \t\n", "C", "d", FieldOther}}},
		{"X: a:b\r\n\r\n", []field{{"X: a:b\r\n", "X", "a:b", FieldOther}}},
		{"X: \r\n\r\n", []field{{"X: \r\n", "X", "", FieldOther}}},
		{": a\r\n\r\n", []field{{": a\r\n", "", "a", FieldOther}}},
		{"nonsense\r\n\r\n", []field{{"nonsense\r\n", "", "", FieldOther}}},
		{"nonsense\r\n a: b\r\n\r\n", []field{{"nonsense\r\n a: b\r\n", "", "", FieldOther}}},
		{"Host \t: a\r\n\r\n", []field{{"Host \t: a\r\n", "Host", "a", FieldHost}}},
		{"X Y: a\x01\r\n\r\n", []field{{"X Y: a\x01\r\n", "X Y", "a\x01", FieldOther}}},
		{"X: a \r\n b\r\n\tc \r\nY: d\r\n\r\n", []field{{"X: a \r\n b\r\n\tc \r\n", "X", "a \r\n b\r\n\tc", FieldOther}, {"Y: d\r\n", "Y", "d", FieldOther}}},
		{"X:\r\n a\n \n\r\n", []field{{"X:\r\n a\n \n", "X", "a", FieldOther}}},
		{"X\r\n :a\r\n\r\n", []field{{"X\r\n :a\r\n", "", "", FieldOther}}},
		{" Host: a\r\n b\r\nHost: c\r\n\r\n", []field{{" Host: a\r\n b\r\n", "Host", "a\r\n b", FieldOther}, {"Host: c\r\n", "Host", "c", FieldHost}}},
		{"X: a", []field{{"X: a", "X", "a", FieldOther}}},
		{"X", []field{{"X", "", "", FieldOther}}},
	} {
		kept := Field{Name: []byte("kept")}
		got := AppendFields([]Field{kept}, []byte(tt.section))
		if string(got[0].Name) != "kept" || len(got) != 1+len(tt.want) {
			t.Errorf("%q: %q", tt.section, got)
			continue
		}
		for i, f := range got[1:] {
			if g := (field{string(f.Line), string(f.Name), string(f.Value), f.Kind}); g != tt.want[i] {
				t.Errorf("%q: field %d is %q, want %q", tt.section, i, g, tt.want[i])
			}
			if cap(f.Line) != len(f.Line) {
				t.Errorf("%q: what is appended to line %d writes over the next", tt.section, i)
			}
		}
	}
}

// TestKinds: names are known in any case, and no others.
func TestKinds(t *testing.T) {
	for name, want := range map[string]FieldKind{
		"Host": FieldHost, "Connection": FieldConnection, "Keep-Alive": FieldKeepAlive, "Proxy-Connection": FieldProxyConnection,
		"Content-Length": FieldContentLength, "Transfer-Encoding": FieldTransferEncoding, "Upgrade": FieldUpgrade,
		"Trailer": FieldTrailer, "Expect": FieldExpect, "": FieldOther, "Date": FieldOther, "Accept": FieldOther,
		"Cookie": FieldCookie, "Authorization": FieldAuthorization, "Forwarded": FieldForwarded, "X-Forwarded-For": FieldForwardedFor, "User-Agent": FieldUserAgent,
		"Referer": FieldOther, "Set-Cookie": FieldOther, "X-Forwarded-By": FieldOther, "Accept-Patches": FieldOther, "Accept-Encodings": FieldOther, "If-Modified-Since": FieldOther,
	} {
		for _, spelled := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if got := kindOf([]byte(spelled)); got != want {
				t.Errorf("%s is of kind %d, want %d", spelled, got, want)
			}
		}
		if name != "" {
			if got := kindOf([]byte(name[1:] + "x")); got != FieldOther {
				t.Errorf("%sx is of kind %d", name[1:], got)
			}
		}
	}
}

// TestFieldsTile: the lines of a head that is whole and its blank line are all of
// its field section, without a gap.
func TestFieldsTile(t *testing.T) {
	for _, c := range http1test.Requests(t) {
		b := c.Raw[EmptyLines(c.Raw):]
		var m Message
		if m.Head(b, "") == Whole {
			checkTiles(t, m.Fields(b))
		}
	}
}

func checkTiles(t *testing.T, section []byte) {
	t.Helper()
	var lines []byte
	for _, f := range AppendFields(nil, section) {
		lines = append(lines, f.Line...)
		if f.Name != nil && !bytes.Contains(f.Line, f.Name) || !bytes.Contains(f.Line, f.Value) || f.Name == nil && f.Kind != FieldOther {
			t.Fatalf("%q: %q, %q", f.Line, f.Name, f.Value)
		}
	}
	if rest := string(section[min(len(lines), len(section)):]); !bytes.HasPrefix(section, lines) || rest != "\r\n" && rest != "\n" {
		t.Fatalf("the fields of %q are %q", section, lines)
	}
}

func TestAppendUnfolded(t *testing.T) {
	for value, want := range map[string]string{
		"": "", "a": "a", "a  b": "a  b", "a\r\n b": "a b", "a\n\tb": "a b", "a \t\r\n \t b\r\n c": "a b c", "a\r\n \r\n b": "a  b", "a\r\n\tb ": "a b ",
	} {
		if got := string(AppendUnfolded([]byte("to "), []byte(value))); got != "to "+want {
			t.Errorf("%q: %q, want %q", value, got, "to "+want)
		}
	}
}
