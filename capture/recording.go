package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"
)

// run is the Recorder's goroutine: it writes what is held until Close, and then
// the rest.
func (r *Recorder) run() {
	defer close(r.done)
	tick := time.NewTicker(recordInterval)
	defer tick.Stop()
	for last := false; !last; {
		select {
		case <-r.full:
		case <-tick.C:
		case <-r.quit:
			last = true // record adds nothing more
		}
		r.write(r.take())
	}
	if err := r.tape.Close(); err != nil {
		r.fail(err)
	}
}

// take exchanges the buffers and returns the records that were held.
func (r *Recorder) take() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.held
	r.held, r.spare = r.spare[:0], b
	r.room.Broadcast()
	return b
}

// write writes records, in pieces of a moderate size that end where a record
// ends. The first error ends the recording; what was not written is dropped.
func (r *Recorder) write(b []byte) {
	for len(b) > 0 {
		if r.failed() {
			r.drop(b)
			return
		}
		size, _, _ := wholeRecords(b, recordAtOnce)
		if size == 0 { // a single record is longer
			size, _, _ = wholeRecords(b, recordHeader+snapLen)
		}
		n, err := r.tape.write(b[:size])
		r.wrote(b[:n], err)
		b = b[n:]
	}
}

// wholeRecords returns how many of the first limit bytes of b are whole records,
// how many these are, and how many bytes of packets they hold.
func wholeRecords(b []byte, limit int) (size int, packets, bytes uint64) {
	limit = min(limit, len(b))
	for limit-size >= recordHeader {
		n := int(binary.LittleEndian.Uint32(b[size+8:]))
		if n > limit-size-recordHeader {
			break
		}
		size += recordHeader + n
		packets++
		bytes += uint64(n)
	}
	return size, packets, bytes
}

// wrote counts records that are in the file, and the error that ended that.
func (r *Recorder) wrote(b []byte, err error) {
	_, packets, bytes := wholeRecords(b, len(b))
	r.mu.Lock()
	r.stats.Packets += packets
	r.stats.Bytes += bytes
	closing := r.closing
	r.mu.Unlock()
	switch {
	case err != nil:
		r.fail(err)
	case closing:
		r.setDeadline() // it made progress
	}
}

// drop counts records that will never be written.
func (r *Recorder) drop(b []byte) {
	_, packets, bytes := wholeRecords(b, len(b))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Dropped += packets
	r.stats.DroppedBytes += bytes
}

// fail ends the recording with its first error. A warning says so, unless the run
// ends with it.
func (r *Recorder) fail(err error) {
	r.mu.Lock()
	first := r.err == nil
	if first {
		r.err = fmt.Errorf("record: %w", err)
		r.room.Broadcast()
	}
	recorded, tell := r.stats.Packets, r.whenEnded
	r.mu.Unlock()
	switch {
	case first && tell != nil:
		tell()
	case first:
		r.log.Warn("recording has ended early", "err", err, "recorded", recorded)
	}
}

func (r *Recorder) failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err != nil
}

// setDeadline bounds the wait for a reader that has stopped reading. A file on
// a disk has no deadlines and needs none; one that is closed needs none any more.
func (r *Recorder) setDeadline() {
	err := r.tape.setDeadline(time.Now().Add(recordWriteWait))
	if err != nil && !errors.Is(err, os.ErrNoDeadline) && !errors.Is(err, os.ErrClosed) {
		r.log.Debug("no deadline for the recording", "err", err)
	}
}
