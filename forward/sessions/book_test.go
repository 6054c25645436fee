package sessions

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

const second = int64(time.Second)

// set is what an answer does with a session's cookie, "" nothing and "-" takes it back.
func set(pair string) Cookie {
	switch pair {
	case "":
		return Cookie{}
	case "-":
		return Cookie{Pair: "S=", Gone: true}
	}
	return Cookie{Pair: pair, HTTPOnly: true}
}

// swap is what a request's cookies become, with what came of them.
func swap(b *Book, cookies string, now int64) (string, Use) {
	var use Use
	return string(b.Swap(nil, []byte(cookies), now, &use)), use
}

// An exchange is a step of TestMeet: what the request carried, and what the two answers set.
type exchange struct{ carried, then, now string }

// TestMeet: whatever the two servers make of a session's cookie, a request gets what a
// browser that talks to the target alone would hold.
func TestMeet(t *testing.T) {
	for _, tt := range []struct {
		name      string
		exchanges []exchange
		cookies   string
		want      string
		use       Use // but Await
	}{
		{"both set one", []exchange{{"", "S=p", "S=t"}}, "S=p", "S=t", Use{Swapped: true}},
		{"among others", []exchange{{"", "S=p", "S=t"}}, "lang=de;S=p ; x", "lang=de;S=t ; x", Use{Swapped: true}},
		{"under another name", []exchange{{"", "S=p", "S1=t"}}, "a=b; S=p", "a=b; S1=t", Use{Swapped: true}},
		{"twice", []exchange{{"", "S=p", "S=t"}}, "S=p; S=p", "S=t; S=t", Use{Swapped: true}},
		{"the same at both", []exchange{{"", "S=p", "S=p"}}, "S=p", "S=p", Use{}},
		{"another user", []exchange{{"", "S=p", "S=t"}}, "S=q", "S=q", Use{Unknown: true}},
		{"another name", []exchange{{"", "S=p", "S=t"}}, "T=p", "T=p", Use{}},
		{"both rotate", []exchange{{"", "S=p", "S=t"}, {"S=p", "S=q", "S=u"}}, "S=q", "S=u", Use{Swapped: true}},
		{"the old one, still under way", []exchange{{"", "S=p", "S=t"}, {"S=p", "S=q", "S=u"}}, "S=p", "S=t", Use{Swapped: true}},
		{"production rotates", []exchange{{"", "S=p", "S=t"}, {"S=p", "S=q", ""}}, "S=q", "S=t", Use{Swapped: true}},
		{"production says it again", []exchange{{"", "S=p", "S=t"}, {"S=p", "S=p", ""}}, "S=p", "S=t", Use{Swapped: true}},
		{"the target rotates", []exchange{{"", "S=p", "S=t"}, {"S=p", "", "S=u"}}, "S=p", "S=u", Use{Swapped: true}},
		{"the target rotates under its name", []exchange{{"", "S=p", "S1=t"}, {"S=p", "", "S1=u"}}, "S=p", "S1=u", Use{Swapped: true}},
		{"the target begins one with a stranger", []exchange{{"S=p", "", "S=t"}}, "S=p", "S=t", Use{Swapped: true}},
		{"and lets him in there", []exchange{{"S=p", "", "S=t"}, {"S=p", "S=q", "S=u"}}, "S=q", "S=u", Use{Swapped: true}},
		{"the target refuses", []exchange{{"", "S=p", ""}}, "S=p", "S=p", Use{Unknown: true}},
		{"the target takes back", []exchange{{"", "S=p", "-"}}, "S=p", "S=p", Use{Unknown: true}},
		{"the target ends it", []exchange{{"", "S=p", "S=t"}, {"S=p", "", "-"}}, "S=p", "S=p", Use{Unknown: true}},
		{"and begins it again", []exchange{{"", "S=p", "S=t"}, {"S=p", "", "-"}, {"S=p", "", "S=u"}}, "S=p", "S=u", Use{Swapped: true}},
		{"log-out at both", []exchange{{"", "S=p", "S=t"}, {"S=p", "-", "-"}}, "S=p", "S=p", Use{Unknown: true}},
		{"log-out at production", []exchange{{"", "S=p", "S=t"}, {"S=p", "-", ""}}, "S=p", "S=p", Use{Unknown: true}},
		{"of two the target rotates one, under its name", []exchange{{"", "S=p", "S1=t"}, {"", "T=q", "T=r"}, {"T=q; S=p", "", "S1=u"}}, "T=q; S=p", "T=r; S1=u", Use{Swapped: true}},
		{"nothing to send", []exchange{{"", "S=p", "S=a\r\nb"}}, "S=p", "S=p", Use{Unknown: true}},
		{"a part of another", []exchange{{"", "S=p", "S=a;b"}}, "S=p", "S=p", Use{Unknown: true}},
		{"too long", []exchange{{"", "S=p", "S=" + strings.Repeat("x", maxPair)}}, "S=p", "S=p", Use{Unknown: true}},
	} {
		b := New(Config{})
		for i, x := range tt.exchanges {
			grants := []Grant{{Name: "S", Then: set(x.then), Now: set(x.now)}}
			if x.then == "" && nameOf(x.now) != "" && !grants[0].Now.Gone {
				grants[0].Name = nameOf(x.now)
			}
			b.Given(grants)
			b.Meet(&Meeting{Cookies: []byte(x.carried + ";"), Grants: grants, Began: int64(i) * second, Ended: int64(i)*second + 1})
		}
		swap(b, tt.cookies, 100*second) // a stranger is waited for
		got, use := swap(b, tt.cookies, 200*second)
		if got != tt.want || use != tt.use {
			t.Errorf("%s: %q, %+v, want %q, %+v", tt.name, got, use, tt.want, tt.use)
		}
	}
}

// TestNames: without names those are sessions' that scripts may not read; with names those
// alone are, readable or not.
func TestNames(t *testing.T) {
	for _, tt := range []struct {
		names    []string
		httpOnly bool
		want     string
	}{{nil, true, "S=t"}, {nil, false, "S=p"}, {[]string{"S"}, false, "S=t"}, {[]string{"T"}, true, "S=p"}} {
		b := New(Config{Names: tt.names})
		grant := Grant{Name: "S", Then: Cookie{Pair: "S=p", HTTPOnly: tt.httpOnly}, Now: Cookie{Pair: "S=t", HTTPOnly: tt.httpOnly}}
		b.Given([]Grant{grant})
		if _, use := swap(b, "S=p", 0); (use.Await != 0) != (tt.want == "S=t") {
			t.Errorf("%v, %v: %+v before the target has answered", tt.names, tt.httpOnly, use)
		}
		b.Meet(&Meeting{Grants: []Grant{grant}})
		if got, _ := swap(b, "S=p", 0); got != tt.want {
			t.Errorf("%v, %v: %q, want %q", tt.names, tt.httpOnly, got, tt.want)
		}
	}
}

// TestRotatedUnknown: where production puts a new session in the place of one that the target has not answered for, and the
// target says nothing, nobody waits for more.
func TestRotatedUnknown(t *testing.T) {
	b := New(Config{})
	b.Given([]Grant{{Name: "S", Then: set("S=p")}})
	next := []Grant{{Name: "S", Then: set("S=q")}}
	b.Given(next)
	b.Meet(&Meeting{Cookies: []byte("S=p"), Grants: next})
	if got, use := swap(b, "S=q", 0); got != "S=q" || use != (Use{Unknown: true}) {
		t.Errorf("%q, %+v", got, use)
	}
}

// TestWaiting: for what the target gives in the place of what production gave a second is
// waited, from the first request on; for whoever nobody has heard of a quarter of one,
// once; and no longer than until it is known.
func TestWaiting(t *testing.T) {
	grant := Grant{Name: "S", Then: set("S=p"), Now: set("S=t")}
	b := New(Config{})
	if _, use := swap(b, "S=p", 0); use != (Use{}) {
		t.Errorf("a cookie of which nobody knows that it is a session's: %+v", use)
	}
	b.Given([]Grant{grant})
	const first = 50 * second // long after it was given, as in a recording that is read ahead
	for _, tt := range []struct {
		at    int64
		waits bool
	}{{first, true}, {first + second - 1, true}, {first + second, false}, {first + 9*second, false}} {
		_, use := swap(b, "S=p", tt.at)
		if !use.Unknown || (use.Await != 0) != tt.waits || use.Await != 0 && !b.Waits(use.Await, tt.at) {
			t.Errorf("given: at %d %+v", tt.at-first, use)
		}
	}
	b.Meet(&Meeting{Grants: []Grant{grant}})
	if got, use := swap(b, "S=p", first); got != "S=t" || use.Await != 0 {
		t.Errorf("known: %q, %+v", got, use)
	}
	_, use := swap(b, "S=q", first)
	if use.Await == 0 || !b.Waits(use.Await, first+waitStranger-1) || b.Waits(use.Await, first+waitStranger) {
		t.Errorf("a stranger: %+v", use)
	}
	if _, use := swap(b, "S=q", first+second); use.Await != 0 {
		t.Error("a stranger is waited for twice")
	}
	b.Given([]Grant{{Name: "S", Then: set("S=q")}})
	if !b.Waits(use.Await, first+second-1) || b.Waits(use.Await, first+second) {
		t.Error("a stranger whom production turns out to know is not waited for as long as others, from the first time on")
	}
	b.Meet(&Meeting{Grants: []Grant{{Name: "S", Then: set("S=q")}}})
	if b.Waits(use.Await, first+1) {
		t.Error("what the target refused is waited for")
	}
}

// TestRaces: what the target says of a request that went out before its session was known
// is of another session, and does not take the place of the user's; the answer to the
// login does, whenever it comes.
func TestRaces(t *testing.T) {
	login := Grant{Name: "S", Then: set("S=p"), Now: set("S=t")}
	for _, tt := range []struct {
		name         string
		stranger     Grant
		began, ended int64
		first        bool // it is there before the login's
	}{
		{"sets, first", Grant{Name: "S", Now: set("S=anon")}, 5, 6, true},
		{"sets, later", Grant{Name: "S", Now: set("S=anon")}, 5, 12, false},
		{"takes back, first", Grant{Name: "S", Now: set("-")}, 5, 6, true},
		{"takes back, later", Grant{Name: "S", Now: set("-")}, 5, 12, false},
		{"both set, later", Grant{Name: "S", Then: set("S=p"), Now: set("S=anon")}, 5, 12, false},
	} {
		b := New(Config{})
		b.Given([]Grant{login})
		meet := func(g Grant, began, ended int64) {
			b.Meet(&Meeting{Cookies: []byte("S=p"), Grants: []Grant{g}, Began: began, Ended: ended})
		}
		if tt.first {
			meet(tt.stranger, tt.began, tt.ended)
		}
		meet(login, 1, 10)
		if !tt.first {
			meet(tt.stranger, tt.began, tt.ended)
		}
		if got, _ := swap(b, "S=p", 20); got != "S=t" {
			t.Errorf("%s: %q", tt.name, got)
		}
		meet(Grant{Name: "S", Now: set("S=u")}, 11, 13)
		if got, _ := swap(b, "S=p", 20); got != "S=u" {
			t.Errorf("%s: %q after the target has exchanged it", tt.name, got)
		}
		meet(Grant{Name: "S", Then: set("S=p"), Now: set("S=t")}, 2, 14)
		if got, _ := swap(b, "S=p", 20); got != "S=u" {
			t.Errorf("%s: %q after an older answer that was on its way", tt.name, got)
		}
	}
}

// TestMemory: a Book keeps what is used, and no more than its memory holds.
func TestMemory(t *testing.T) {
	const memory = 1 << 20
	b := New(Config{Memory: memory})
	give := func(name string) {
		g := []Grant{{Name: "S", Then: set("S=" + name), Now: set("S=t" + name)}}
		b.Given(g)
		b.Meet(&Meeting{Grants: g})
	}
	give("often")
	for i := range 50_000 {
		give(fmt.Sprint(i))
		if got, _ := swap(b, "S=often", 0); got != "S=toften" {
			t.Fatalf("after %d: %q", i, got)
		}
		swap(b, fmt.Sprintf("S=stranger%d", i), 0)
		if n := int64(len(b.known.now)+len(b.known.past)) * keptSize; n > memory || b.known.used > memory/2 {
			t.Fatalf("after %d: %d entries", i, n/keptSize)
		}
		if n := int64(len(b.strangers.now)+len(b.strangers.past)) * keptSize; n > strangersMemory {
			t.Fatalf("after %d: %d strangers", i, n/keptSize)
		}
	}
	if got, _ := swap(b, "S=49999", 0); got != "S=t49999" {
		t.Errorf("the last one: %q", got)
	}
	if got, _ := swap(b, "S=0", 0); got != "S=0" {
		t.Errorf("the first one: %q", got)
	}
	for i := range 2 * maxNames {
		b.Given([]Grant{{Name: fmt.Sprint(i), Then: set(fmt.Sprint(i, "=x"))}})
	}
	if len(b.names) > maxNames {
		t.Errorf("%d names", len(b.names))
	}
}

// TestSwapAllocates: to swap cookies costs no memory.
func TestSwapAllocates(t *testing.T) {
	b := New(Config{})
	g := []Grant{{Name: "S", Then: set("S=p"), Now: set("S=t")}}
	b.Given(g)
	b.Meet(&Meeting{Grants: g})
	room, value := make([]byte, 0, 256), []byte("a=b; S=p; consent=yes; S2=3")
	if n := testing.AllocsPerRun(100, func() {
		var use Use
		b.Swap(room, value, 0, &use)
	}); n > 0 {
		t.Errorf("%.1f allocations", n)
	}
}

// FuzzSwap: whatever a client sends as its cookies, it is one line as before, and where
// nothing is known of it, it stays as it is.
func FuzzSwap(f *testing.F) {
	for _, s := range []string{"", "S=p", " S=p ;;\t; a=b; S=p", "S", "=", ";", "S=p=q", "S = p"} {
		f.Add([]byte(s))
	}
	grants := []Grant{{Name: "S", Then: set("S=p"), Now: set("S=t")}}
	f.Fuzz(func(t *testing.T, value []byte) {
		var use Use
		if got := New(Config{}).Swap(nil, value, 0, &use); !bytes.Equal(got, value) || use != (Use{}) {
			t.Fatalf("%q: %q, %+v", value, got, use)
		}
		b := New(Config{})
		b.Given(grants)
		b.Meet(&Meeting{Cookies: value, Grants: grants})
		got := b.Swap(nil, value, 0, &use)
		if use.Swapped == bytes.Equal(got, value) || len(got) != len(value) {
			t.Fatalf("%q: %q, %+v", value, got, use)
		}
		for i := range got {
			if got[i] != value[i] && (value[i] != 'p' || got[i] != 't') {
				t.Fatalf("%q: %q", value, got)
			}
		}
	})
}
