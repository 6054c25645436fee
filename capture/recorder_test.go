package capture

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// newRecorder records to a writer.
func newRecorder(w io.Writer, cfg RecorderConfig) (*Recorder, error) {
	strip, err := NewStrip(w, false)
	if err != nil {
		return nil, err
	}
	return NewRecorder(strip, cfg), nil
}

// recordAll has a Decoder record packets.
func recordAll(r *Recorder, packets ...[]byte) {
	d := NewDecoder(DecoderConfig{Ports: []uint16{80}, Record: r})
	for i, b := range packets {
		p := Packet{Time: int64(i) * 1_000_000_001, Data: b, WireLen: len(b), Link: LinkEthernet}
		d.Decode(&p, new(Segment))
	}
}

// recordMany has a Decoder record n requests.
func recordMany(r *Recorder, n int) {
	d, b := NewDecoder(DecoderConfig{Ports: []uint16{80}, Record: r}), request()
	for range n {
		d.Decode(&Packet{Data: b, WireLen: len(b), Link: LinkEthernet}, new(Segment))
	}
}

// request is a packet of which a Recorder makes a record of 16+62 bytes.
func request() []byte { return ether(etherIP4, ip4Bytes(6, 0, 1, seg)) }

// segmentTimes reads a recording and returns when its segments were seen.
func segmentTimes(t *testing.T, file []byte) (times []int64, stats Stats) {
	t.Helper()
	src, err := OpenFile(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	d, segs := NewDecoder(DecoderConfig{Ports: []uint16{80}}), make([]Segment, 8)
	for err == nil {
		var n int
		n, err = src.Next(d, segs)
		for _, s := range segs[:n] {
			times = append(times, s.Time)
			if string(s.Payload) != payload {
				t.Errorf("payload %q", s.Payload)
			}
		}
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return times, src.Stats()
}

// TestRecorder reads back what was recorded: the same segments, fragments included.
func TestRecorder(t *testing.T) {
	whole := sum4(seg)
	packets := [][]byte{
		request(),
		ether(etherIP4, ip4Bytes(6, 0x2000, 5, whole[:24])), ether(etherIP4, ip4Bytes(6, 3, 5, whole[24:])),
		ether(etherIP4, ip4Bytes(6, 0, 1, tcpBytes(81, ACK, "not wanted"))),
		ether(etherIP6, v6(6, seg)),
	}
	name := filepath.Join(t.TempDir(), "tape.pcap")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRecorder(file, RecorderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	recordAll(r, packets...)
	for range 2 { // again changes nothing
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	times, _ := segmentTimes(t, got)
	if want := []int64{0, 2_000_000_002, 4_000_000_004}; !slices.Equal(times, want) {
		t.Errorf("segments at %v, want %v", times, want)
	}
	if st := r.Stats(); st.Packets != 4 || st.Bytes+24+4*recordHeader != uint64(len(got)) || st.Dropped != 0 {
		t.Errorf("%+v of a file of %d bytes", st, len(got))
	}
	if recordAll(r, request()); r.Stats().Dropped != 1 {
		t.Errorf("after Close: %+v", r.Stats())
	}
}

// A disk is a file with room for so many bytes, on which each write can be
// held up.
type disk struct {
	mu      sync.Mutex
	data    []byte
	room    int
	ragged  bool // a write did not end where a record ends
	closed  bool
	gate    chan struct{} // nil: open
	arrived chan struct{} // told when a write comes to the gate
}

func (d *disk) Write(b []byte) (int, error) {
	if d.gate != nil && len(d.bytes()) > 0 { // the header goes through
		d.arrived <- struct{}{}
		<-d.gate
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if size, _, _ := wholeRecords(b, len(b)); len(d.data) > 0 && size < len(b) {
		d.ragged = true
	}
	n := min(len(b), d.room-len(d.data))
	d.data = append(d.data, b[:n]...)
	if n < len(b) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

func (d *disk) Truncate(size int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.data = d.data[:size]
	return nil
}

func (d *disk) Close() error {
	d.closed = true
	return nil
}

func (d *disk) bytes() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.data
}

// TestRecorderDiskFull: whatever room there is, a file of whole records is
// left, each packet is accounted for, and one warning says so.
func TestRecorderDiskFull(t *testing.T) {
	const packets = 5
	size := recordHeader + len(request()) - 14
	for room := 24; room <= 24+packets*size; room++ {
		var log bytes.Buffer
		d := &disk{room: room}
		r, err := newRecorder(d, RecorderConfig{Buffer: 1, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		recordMany(r, packets)
		err = r.Close()
		fit := (room - 24) / size
		if (fit < packets) != errors.Is(err, syscall.ENOSPC) || strings.Count(log.String(), "level=WARN") != min(packets-fit, 1) {
			t.Fatalf("room for %d bytes: %v, log %q", room, err, log.String())
		}
		times, st := segmentTimes(t, d.data)
		if len(times) != fit || st.Damaged != 0 || !d.closed {
			t.Fatalf("room for %d bytes: %d segments, %+v, closed %t", room, len(times), st, d.closed)
		}
		bytes := uint64(size - recordHeader)
		if want := (RecorderStats{uint64(fit), uint64(fit) * bytes, uint64(packets - fit), uint64(packets-fit) * bytes, 1, 0}); r.Stats() != want {
			t.Fatalf("room for %d bytes: %+v, want %+v", room, r.Stats(), want)
		}
	}
	if _, err := newRecorder(&disk{room: 23}, RecorderConfig{}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("no room for the header: %v", err)
	}
}

// TestRecorderGoesOn: after the disk was full packets are dropped, and neither
// a source that waits nor one that does not is held up.
func TestRecorderGoesOn(t *testing.T) {
	for _, wait := range []bool{false, true} {
		d := &disk{room: 24 + 1000}
		r, err := newRecorder(d, RecorderConfig{Wait: wait, Buffer: 1})
		if err != nil {
			t.Fatal(err)
		}
		const packets = 20_000 // several times what the buffer holds
		recordMany(r, packets)
		if err := r.Close(); !errors.Is(err, syscall.ENOSPC) {
			t.Error(err)
		}
		if st := r.Stats(); st.Packets != 12 || st.Packets+st.Dropped != packets {
			t.Errorf("%+v", st)
		}
	}
}

// TestRecorderSlow: while a write takes its time packets of a live source are
// dropped when the buffer is full; those of a source that can wait are not.
func TestRecorderSlow(t *testing.T) {
	size := recordHeader + len(request()) - 14
	held := (recordHeader + snapLen) / size // fit into the smallest buffer
	d := &disk{room: 1 << 30, gate: make(chan struct{}), arrived: make(chan struct{}, 100)}
	r, err := newRecorder(d, RecorderConfig{Buffer: 1})
	if err != nil {
		t.Fatal(err)
	}
	recordAll(r, request())
	<-d.arrived // by the tick
	recordMany(r, held+100)
	if st := r.Stats(); st.Dropped != 100 || st.Packets != 0 {
		t.Errorf("%+v, %d fit", st, held)
	}
	close(d.gate)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if st := r.Stats(); st.Packets != uint64(held)+1 || d.ragged {
		t.Errorf("%+v", st)
	}

	d = &disk{room: 1 << 30, gate: make(chan struct{}), arrived: make(chan struct{}, 100)}
	if r, err = newRecorder(d, RecorderConfig{Buffer: 1, Wait: true}); err != nil {
		t.Fatal(err)
	}
	all := make(chan struct{})
	go func() {
		defer close(all)
		recordMany(r, 3*held)
	}()
	<-d.arrived // its buffer can be full, and will be before this write returns
	select {
	case <-all:
		t.Error("did not wait for the writer")
	case <-time.After(20 * time.Millisecond):
	}
	close(d.gate)
	<-all
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if st := r.Stats(); st.Packets != uint64(3*held) || st.Dropped != 0 || d.ragged {
		t.Errorf("%+v", st)
	}
}

// TestRecorderHurry: a run that is to end waits no more for a writer that takes
// nothing; what was held until then is written.
func TestRecorderHurry(t *testing.T) {
	d := &disk{room: 1 << 30, gate: make(chan struct{}), arrived: make(chan struct{}, 100)}
	r, err := newRecorder(d, RecorderConfig{Buffer: 1, Wait: true})
	if err != nil {
		t.Fatal(err)
	}
	all := make(chan struct{})
	go func() {
		defer close(all)
		recordMany(r, 30_000)
	}()
	<-d.arrived
	r.Hurry()
	<-all
	dropped := r.Stats().Dropped
	close(d.gate)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if st := r.Stats(); dropped == 0 || st.Dropped != dropped || st.Packets+dropped != 30_000 || d.ragged {
		t.Errorf("%+v, %d dropped before the end", st, dropped)
	}
}

// TestRecorderClosedWhileWaiting: Close lets a source go that waits for room.
func TestRecorderClosedWhileWaiting(t *testing.T) {
	d := &disk{room: 1 << 30, gate: make(chan struct{}), arrived: make(chan struct{}, 100)}
	r, err := newRecorder(d, RecorderConfig{Buffer: 1, Wait: true})
	if err != nil {
		t.Fatal(err)
	}
	all, closed := make(chan struct{}), make(chan error)
	go func() {
		defer close(all)
		recordMany(r, 30_000)
	}()
	<-d.arrived
	go func() { closed <- r.Close() }()
	<-all
	close(d.gate)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if st := r.Stats(); st.Packets == 0 || st.Packets+st.Dropped != 30_000 {
		t.Errorf("%+v", st)
	}
}

// TestRecorderWhileRunning: at any time what was written can be read as whole
// records, and a packet is there after a second without help from another.
func TestRecorderWhileRunning(t *testing.T) {
	name := filepath.Join(t.TempDir(), "tape.pcap")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRecorder(file, RecorderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	recordAll(r, request())
	for end := time.Now().Add(10 * time.Second); r.Stats().Packets == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never written")
		}
	}
	for range 60 { // as a process finds it that looks after a kill
		recordMany(r, 1000)
		written := r.Stats().Packets
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, seen, _ := wholeRecords(b[24:], len(b)); seen < written {
			t.Fatalf("%d whole records in the file, %d were written", seen, written)
		}
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if st := r.Stats(); st.Packets != 60_001 || st.Dropped != 0 {
		t.Errorf("%+v", st)
	}
}

// TestRecorderNoAllocations: nothing is allocated for a packet that is recorded.
func TestRecorderNoAllocations(t *testing.T) {
	if _, err := newRecorder(&disk{}, RecorderConfig{}); err == nil {
		t.Fatal("a disk without room")
	}
	r, err := newRecorder(writerFunc(io.Discard.Write), RecorderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	d, s, b := NewDecoder(DecoderConfig{Ports: []uint16{80}, Record: r}), new(Segment), request()
	p := Packet{Data: b, WireLen: len(b), Link: LinkEthernet}
	if n := testing.AllocsPerRun(10_000, func() { d.Decode(&p, s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// TestWholeRecords cuts records anywhere.
func TestWholeRecords(t *testing.T) {
	var b []byte
	ends := []int{0}
	for n := range 5 {
		h := make([]byte, recordHeader+n*7)
		h[8] = byte(n * 7)
		b = append(b, h...)
		ends = append(ends, len(b))
	}
	for limit := range len(b) + 3 {
		want := 0
		for want+1 < len(ends) && ends[want+1] <= limit {
			want++
		}
		size, packets, bytes := wholeRecords(b, limit)
		if size != ends[want] || packets != uint64(want) || bytes != uint64(size-want*recordHeader) {
			t.Errorf("limit %d: %d, %d, %d, want %d", limit, size, packets, bytes, ends[want])
		}
	}
}
