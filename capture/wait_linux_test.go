package capture

import (
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"
)

// Who waits for nothing waits longer and longer. A block that comes alone leaves that
// as it is, and one of several ends it: then time matters to what they hold.
func TestPatience(t *testing.T) {
	blocks, kernel, err := os.Pipe() // readable as a packet socket with a block is
	if err != nil {
		t.Fatal(err)
	}
	defer blocks.Close()
	defer kernel.Close()
	const tick = 10 * time.Millisecond
	w, err := newWaiter([]*socket{{fd: int(blocks.Fd())}}, tick, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer w.file.Close()
	for want := 2 * tick; want <= 32*tick; want *= 2 {
		if err := w.wait(0); !errors.Is(err, os.ErrDeadlineExceeded) || w.patience != want {
			t.Fatalf("%v, and waits %v then, want %v", err, w.patience, want)
		}
	}
	time.AfterFunc(16*tick, func() { kernel.Write([]byte{1}) })
	if err := w.wait(0); err != nil || w.patience != 32*tick {
		t.Fatalf("a lone block: %v, and waits %v then", err, w.patience)
	}
	if err := w.wait(0); err != nil || w.patience != tick {
		t.Fatalf("another at once: %v, and waits %v then", err, w.patience)
	}
}
