package sniffer

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
)

// Recordings are read as often as wanted, and tell the same each time; while they are
// read, and after, their accounts are those of the last reading.
func TestRepeater(t *testing.T) {
	file := writeFile(t, "list", []byte(strings.Repeat(`{"conn":"a","raw":"R0VUIC8gSFRUUC8xLjENCkhvc3Q6IHgNCg0K"}`+"\n", 3)))
	o := ReplayOptions{Read: []string{file}, MaxMemory: 1 << 20, MaxRequest: 1 << 20}
	r, err := o.OpenRepeater(strings.NewReader(""), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var first []uint64
	for loop := range 3 {
		var conns []uint64
		err := r.Run(t.Context(), func(q Recorded) error {
			conns = append(conns, q.Conn, q.Index)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if loop == 0 {
			first = conns
		}
		read, total := r.Progress()
		if len(conns) != 6 || conns[0] != first[0] || conns[5] != first[5] || r.Files().Lines != 3 || read != total || total == 0 {
			t.Errorf("loop %d: %v, first %v; %d lines, %d bytes of %d", loop, conns, first, r.Files().Lines, read, total)
		}
	}
	errEnough := errors.New("enough")
	if err := r.Run(t.Context(), func(Recorded) error { return errEnough }); !errors.Is(err, errEnough) {
		t.Errorf("%v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// Recordings that are not read after all are closed, and what is not there cannot be
// opened.
func TestRepeaterCloses(t *testing.T) {
	o := ReplayOptions{Read: []string{"-"}, MaxMemory: 1 << 20, MaxRequest: 1 << 20}
	r, err := o.OpenRepeater(io.NopCloser(strings.NewReader("{}")), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	o.Read = []string{"no such file"}
	if _, err := o.OpenRepeater(nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error")
	}
}
