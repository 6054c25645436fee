package sniffer

import (
	"testing"
	"time"
)

// TestTime: times are those of package time.
func TestTime(t *testing.T) {
	var c clock
	for _, at := range []time.Time{
		time.Unix(0, 0), time.Unix(0, 1), time.Unix(0, 999_999_999), time.Unix(-1, 5), time.Unix(1e9, 123_456_789), time.Unix(1e9, 987_654_321),
		time.Date(2000, 2, 29, 23, 59, 59, 100, time.UTC), time.Date(2100, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(1969, 12, 31, 1, 2, 3, 4, time.UTC),
		time.Date(2024, 12, 31, 23, 59, 59, 1e8, time.UTC), time.Date(2262, 4, 11, 23, 47, 16, 0, time.UTC), time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		want := at.UTC().Format("2006-01-02T15:04:05.000000000Z")
		if got := string(c.appendTime(nil, at.UnixNano())); got != want {
			t.Errorf("%d is %s, want %s", at.UnixNano(), got, want)
		}
	}
}

// TestEachDay: the calendar of 400 years, which is that of all times.
func TestEachDay(t *testing.T) {
	var c clock
	for at := time.Date(1850, 1, 1, 12, 0, 0, 0, time.UTC); at.Year() < 2250; at = at.AddDate(0, 0, 1) {
		want := at.Format("2006-01-02T15:04:05.000000000Z")
		if got := string(c.appendTime(nil, at.UnixNano())); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
}
