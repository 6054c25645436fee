package results

import (
	"strings"
	"testing"
	"time"
)

func TestFormat(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0", 500 * time.Millisecond: "500ms", 10 * time.Second: "10s", 90 * time.Second: "1m30s", 20 * time.Minute: "20m", 3 * time.Hour: "3h"} {
		if got := moment(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0:00", 35 * time.Second: "0:35", 727 * time.Second: "12:07", 3723 * time.Second: "1:02:03"} {
		if got := clock(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

// Whatever a text is, it is cut to the columns that a terminal shows it in.
func TestShorten(t *testing.T) {
	for in, want := range map[string]string{
		"short": "short", "exactly ten": "exactly t…", "日本語の道": "日本語の道", "日本語の道路": "日本語の…", "e\u0301e\u0301e\u0301": "e\u0301e\u0301e\u0301", "": "",
	} {
		got := shorten(in, 10)
		if got != want || columns(got) > 10 {
			t.Errorf("%q becomes %q, %d columns; want %q", in, got, columns(got), want)
		}
	}
	if got := shorten("abc", 1); got != "…" {
		t.Errorf("%q", got)
	}
	if n := columns(shorten(strings.Repeat("道", 100), 40)); n > 40 {
		t.Errorf("%d columns", n)
	}
}
