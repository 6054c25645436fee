package capture

import (
	"errors"
	"log/slog"
	"os"
	"runtime"
	"testing"
	"time"
)

// Who waits for nothing waits longer and longer. A block that comes alone leaves that
// as it is, and one of several ends it: then time matters to what they hold.
func TestPatience(t *testing.T) {
	blocks, kernel := pipe(t)
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

// On a busy link answers wake nobody: they are looked at with each block of requests, and
// at once where no more of those come, which ends the hot wait.
func TestAnswersWakeNobody(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2)) // a lone processor never waits like that
	requests, _ := pipe(t)
	answers, kernel := pipe(t)
	w, err := newWaiter([]*socket{{fd: int(requests.Fd())}, {fd: int(answers.Fd())}}, time.Hour, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer w.file.Close()
	kernel.Write([]byte{1})
	w.streak = manyBlocks
	for i := 0; w.streak != 0; i++ { // a signal ends a wait, too
		if err := w.wait(0); err != nil || i == 100 {
			t.Fatalf("an answer has ended the hot wait: %v, %d blocks in a row", err, w.streak)
		}
	}
	if err := w.wait(0); err != nil || w.streak != 1 {
		t.Errorf("an answer has not ended the wait of a quiet link: %v, %d blocks in a row", err, w.streak)
	}
}

// pipe is one whose reading end is readable as a packet socket with a block is, once the
// kernel's end was written to.
func pipe(t *testing.T) (blocks, kernel *os.File) {
	t.Helper()
	blocks, kernel, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { blocks.Close(); kernel.Close() })
	return blocks, kernel
}
