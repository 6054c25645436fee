package users

import (
	"testing"
)

func TestParam(t *testing.T) {
	for _, tt := range []struct {
		list    string
		between byte
		want    string // of the parameter x
		found   bool
	}{
		{"x=1", ',', "1", true},
		{" a=2 , X = 1 ", ',', "1", true},
		{`a="x=5, x=6", x="1"`, ',', "1", true},
		{`a="\"", x=1`, ',', "1", true},
		{`x="a\"b"`, ',', `a\"b`, true},
		{`x="open`, ',', "open", true},
		{`x="open\`, ',', `open\`, true},
		{"a=1;x=2", ';', "2", true},
		{"a=1,x=2", ';', "", false},
		{"a=1;x=2", ',', "", false},
		{"a=1 x=2", ',', "", false},
		{"a,x=1", ',', "", false},
		{"=1,x=1", ',', "", false},
		{"x=", ',', "", false},
		{`x=""`, ',', "", false},
		{"x=,", ',', "", false},
		{",x=1", ',', "", false},
		{"", ',', "", false},
		{"a=b/c=,\r\n x=1", ',', "1", true},
	} {
		value, found := param([]byte(tt.list), "x", tt.between)
		if string(value) != tt.want || found != tt.found {
			t.Errorf("%q: %q, %t, want %q, %t", tt.list, value, found, tt.want, tt.found)
		}
	}
}

func TestCredentials(t *testing.T) {
	for value, want := range map[string][2]string{
		"Basic YTpi": {"Basic", "YTpi"}, "key": {"", "key"}, "Bearer  a b": {"Bearer", "a b"}, "NTLM x": {}, "negotiate x": {},
		`Digest username="a"`: {"Digest", "a"}, "Digest nonce=a": {"Digest", ""}, "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=x;y": {"AWS4-HMAC-SHA256", "a"},
		"OAuth oauth_token=t": {"OAuth", "t"}, "OAuth oauth_consumer_key=c": {"OAuth", "c"}, "": {}, "Basic\r\n YTpi": {"Basic", "YTpi"},
	} {
		scheme, id := credentials([]byte(value))
		if string(scheme) != want[0] || string(id) != want[1] {
			t.Errorf("%q: %q, %q, want %q", value, scheme, id, want)
		}
	}
}

// FuzzFind: whatever a client sends, somebody's request it is, and the same one's
// the second time, in another process, too; without the fields that a rule looks at
// it is the address's.
func FuzzFind(f *testing.F) {
	f.Add([]byte("Cookie: a=b; sid=1\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n"), uint8(0))
	f.Add([]byte("Authorization: Digest username=\"x\\\", a\r\nForwarded: for=\"[::1]\"\r\n\r\n"), uint8(1))
	f.Add(hostile(3), uint8(2))
	f.Add([]byte("cookie:\n \n;=\n=;\n\n"), uint8(3))
	f.Fuzz(func(t *testing.T, section []byte, n uint8) {
		rule, err := ParseRule([]string{"", "cookie:sid", "header:X", "ip", "connection"}[n%5])
		if err != nil {
			t.Fatal(err)
		}
		one, two := New(Config{Rule: rule}), New(Config{Rule: rule})
		if m, _ := head(section); m.InHead() || m.HeadLen == 0 {
			return // no whole head, of which nobody is asked whose it is
		}
		a := one.find(section, addr(here), 1, 0)
		two.find(hostile(1), addr(here), 2, 0)
		b := two.find(section, addr(here), 1, 1)
		if a != b || a.Key == 0 || a.By >= sources {
			t.Fatalf("%+v and %+v", a, b)
		}
		if total := one.Stats().Sources[a.By]; total != 1 || one.Stats().Line() == "" {
			t.Fatalf("the accounts do not have it: %+v", one.Stats())
		}
	})
}
