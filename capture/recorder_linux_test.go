package capture

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestRecorderFIFO: a reader that stops reading holds nobody up, and Close no
// longer than its deadline.
func TestRecorderFIFO(t *testing.T) {
	t.Parallel() // it waits
	name := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRecorder(file, RecorderConfig{Buffer: 1})
	if err != nil {
		t.Fatal(err)
	}
	const packets = 30_000 // more than both buffers hold, and the pipe
	recordMany(r, packets)
	if st := r.Stats(); st.Dropped == 0 {
		t.Errorf("nobody reads: %+v", st)
	}
	begin := time.Now()
	if err := r.Close(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Close: %v", err)
	}
	if took := time.Since(begin); took > 4*recordWriteWait {
		t.Errorf("Close took %v", took)
	}
	if st := r.Stats(); st.Packets+st.Dropped != packets {
		t.Errorf("%+v", st)
	}
}

// TestRecorderFullDisk fills a real one.
func TestRecorderFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("may not mount:", err)
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	name := filepath.Join(dir, "tape.pcap")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRecorder(file, RecorderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	recordMany(r, 5000)
	if err := r.Close(); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("Close: %v", err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	times, st := segmentTimes(t, b)
	if got := r.Stats(); len(times) < 700 || uint64(len(times)) != got.Packets || got.Packets+got.Dropped != 5000 || st.Damaged != 0 {
		t.Errorf("%d segments, %+v, %+v", len(times), got, st)
	}
}
