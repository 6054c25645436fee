package udpwire

import "testing"

func TestBegin(t *testing.T) {
	want := begin{random: [32]byte{0: 1, 31: 2}, public: [32]byte{0: 3, 31: 4}, flags: helloPatient, beat: heartbeat{time: 5, oldest: 1, dropped: 6}}
	b := want.append(nil)
	if len(b) != beginSize {
		t.Fatalf("%d bytes, want %d", len(b), beginSize)
	}
	var got begin
	if !got.parse(b) || got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	prefixes(t, b, beginSize, func(b []byte) bool { return new(begin).parse(b) })
	prefixes(t, b, beginClear, func(b []byte) bool {
		var got begin
		return got.parseClear(b) && got.random == want.random && got.public == want.public
	})
	if !got.parse(changed(b, beginClear+7, 1)) {
		t.Error("not zero where zero is ignored, and refused")
	}
	impossible := want
	impossible.beat = heartbeat{oldest: 9, highest: 7}
	if got.parse(impossible.append(nil)) {
		t.Error("numbers that cannot be are believed")
	}
}

func TestRetry(t *testing.T) {
	want := retry{asked: [32]byte{0: 1, 31: 2}, cookie: [16]byte{0: 3, 15: 4}}
	b := want.append(nil)
	var got retry
	if !got.parse(b) || got != want || len(b) != retrySize {
		t.Errorf("%+v, want %+v", got, want)
	}
	prefixes(t, b, retrySize, func(b []byte) bool { return new(retry).parse(b) })
}

func TestUnknown(t *testing.T) {
	want := unknown{session: 0x0102030405060708, number: 0x090A0B0C0D0E0F10}
	b := want.append(nil)
	var got unknown
	if !got.parse(b) || got != want || len(b) != unknownSize {
		t.Errorf("%+v, want %+v", got, want)
	}
	prefixes(t, b, unknownSize, func(b []byte) bool { return new(unknown).parse(b) })
}

// TestResponsesAreNotLonger: whoever has not shown where it is gets less than it sent.
func TestResponsesAreNotLonger(t *testing.T) {
	for name, size := range map[string]int{"RETRY": retrySize, "WELCOME": welcomeSize, "UNKNOWN": unknownSize} {
		if headerSize+size+tagSize >= maxControl {
			t.Errorf("%s has %d bytes", name, size)
		}
	}
}

// FuzzBodies: whatever is read of a body is written the same again, but for what is ignored, and read the same.
func FuzzBodies(f *testing.F) {
	for _, d := range golden(f, false) {
		f.Add(d[headerSize:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		same(t, b, new(hello), new(hello))
		same(t, b, new(retry), new(retry))
		same(t, b, new(welcome), new(welcome))
		same(t, b, new(unknown), new(unknown))
		same(t, b, new(begin), new(begin))
		same(t, b, new(heartbeat), new(heartbeat))
		var rep, again report
		if rep.parse(b) && (!again.parse(rep.append(nil)) || again.next != rep.next || len(again.missing) != len(rep.missing)) {
			t.Errorf("%+v, then %+v", rep, again)
		}
		var g, more gone
		if g.parse(b) && len(g.numbers) > 0 && (!more.parse(g.append(nil)) || len(more.numbers) != len(g.numbers)) {
			t.Errorf("%+v, then %+v", g, more)
		}
	})
}

// A body is what can be written and read again.
type body[T any] interface {
	*T
	append([]byte) []byte
	parse([]byte) bool
}

func same[T comparable, B body[T]](t *testing.T, b []byte, first, again B) {
	t.Helper()
	if first.parse(b) && (!again.parse(first.append(nil)) || *again != *first) {
		t.Errorf("%+v, then %+v", *first, *again)
	}
}
