package capture

import (
	"encoding/binary"
	"log/slog"
	"sync"
	"time"
)

const (
	snapLen         = 262144 // bytes of a packet at most, as the file's header claims; tcpdump allows no more
	recordHeader    = 16     // bytes before each packet
	defaultHeld     = 8 << 20
	recordAtOnce    = 256 << 10              // bytes held that are worth a write
	recordInterval  = 500 * time.Millisecond // after which less is written too
	recordWriteWait = 5 * time.Second        // for which a write may make no progress once Close was called
)

// RecorderConfig says how to record.
type RecorderConfig struct {
	// Buffer is the number of bytes of packets held until they are written; as
	// many more may be on their way into the file. 0 means 8 MiB, and less than
	// the largest packet is made that.
	Buffer int

	// Wait has the Decoder wait for room in the buffer, as befits packets that
	// come from a file. Without, what finds no room is dropped and counted: what
	// comes from a network does not wait.
	Wait bool

	// Logger is told once when recording ends early. nil: silent.
	Logger *slog.Logger
}

// A Recorder records packets as pcap files with nanoseconds that tcpdump and
// Wireshark read: IP packets without a link header (LINKTYPE_RAW), whatever
// link they were seen on. A Strip is one such file, a Reel as many as are wanted.
//
// The Decoder only copies them into a buffer; a goroutine that the Recorder owns
// writes them, at least twice a second, and each write ends where a record
// ends: a process that is killed leaves whole records, the last less than a
// second old. A write that fails, as on a full disk, ends the recording and
// nothing else: the file is cut to its last whole record if it can be, and
// what comes later is counted as dropped.
type Recorder struct {
	tape Tape
	log  *slog.Logger
	full chan struct{} // the buffer holds enough to be written; holds one
	quit chan struct{} // closed by Close
	done chan struct{} // closed when the goroutine has ended

	mu        sync.Mutex
	wait      bool      // as configured, until Hurry
	room      sync.Cond // with mu: the buffer was emptied, or the recording has ended
	held      []byte    // records to be written; its capacity is the limit
	closing   bool
	err       error  // the first one, which ended the recording
	whenEnded func() // nil: nobody is to be told
	stats     RecorderStats

	// ---- of the goroutine ----
	spare []byte // takes turns with held
}

// NewRecorder begins to record into a Strip or a Reel, which it owns from then on.
func NewRecorder(to Tape, cfg RecorderConfig) *Recorder {
	if cfg.Buffer <= 0 {
		cfg.Buffer = defaultHeld
	}
	cfg.Buffer = max(cfg.Buffer, recordHeader+snapLen)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	r := &Recorder{
		tape: to, wait: cfg.Wait, log: cfg.Logger,
		full: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
		held: make([]byte, 0, cfg.Buffer), spare: make([]byte, 0, cfg.Buffer),
	}
	r.room.L = &r.mu
	go r.run()
	return r
}

// fileHeader follows draft-ietf-opsawg-pcap section 4.
func fileHeader() (h [24]byte) {
	binary.LittleEndian.PutUint32(h[0:], magicNano)
	binary.LittleEndian.PutUint16(h[4:], 2)
	binary.LittleEndian.PutUint16(h[6:], 4)
	binary.LittleEndian.PutUint32(h[16:], snapLen)
	binary.LittleEndian.PutUint32(h[20:], uint32(LinkRaw))
	return h
}

// record copies an IP packet of which cut bytes are missing into the buffer.
func (r *Recorder) record(time int64, ip []byte, cut int) {
	data := ip[:min(len(ip), snapLen)]
	size := recordHeader + len(data)
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.wait && !r.ended() && len(r.held)+size > cap(r.held) {
		r.wake()
		r.room.Wait()
	}
	if r.ended() || len(r.held)+size > cap(r.held) {
		r.stats.Dropped++
		r.stats.DroppedBytes += uint64(len(data))
		return
	}
	at := len(r.held)
	r.held = r.held[:at+size]
	h := r.held[at:]
	binary.LittleEndian.PutUint32(h[0:], uint32(time/1e9))
	binary.LittleEndian.PutUint32(h[4:], uint32(time%1e9))
	binary.LittleEndian.PutUint32(h[8:], uint32(len(data)))
	binary.LittleEndian.PutUint32(h[12:], uint32(len(ip)+cut))
	copy(h[recordHeader:], data)
	if len(r.held) >= recordAtOnce {
		r.wake()
	}
}

// wake has the goroutine write what is held.
func (r *Recorder) wake() {
	select {
	case r.full <- struct{}{}:
	default: // it has been told
	}
}

// ended reports whether nothing more is recorded; mu is held.
func (r *Recorder) ended() bool { return r.closing || r.err != nil }

// Stats returns the counters. Any goroutine may call it at any time.
func (r *Recorder) Stats() RecorderStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	stats := r.stats
	stats.Files, stats.Removed = r.tape.files()
	return stats
}

// WhenEnded has f called, by the Recorder's goroutine, if the recording ends early.
// It is called before packets come.
func (r *Recorder) WhenEnded(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.whenEnded = f
}

// Hurry ends the waiting for room, now and later, because the run is to end: what
// finds no room from now on is dropped and counted. Any goroutine may call it.
func (r *Recorder) Hurry() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wait = false
	r.room.Broadcast()
}

// Close ends the recording, writes what is held, and closes the file. It
// returns the first error of all. Where the writer has deadlines, as a pipe has,
// it waits no more than five seconds for one that takes nothing. Any goroutine
// may call it, and every one gets the same error.
func (r *Recorder) Close() error {
	r.mu.Lock()
	if !r.closing {
		r.closing = true
		close(r.quit)
		r.room.Broadcast()
	}
	r.mu.Unlock()
	r.setDeadline() // for a write that is already waiting
	<-r.done
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}
