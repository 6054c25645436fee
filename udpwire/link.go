package udpwire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A link is one replayer as the Sender uses it: the packer, which belongs to the goroutine that calls Send, and the
// peer, which that goroutine and the link's own share under a lock, taken once per batch.
type link struct {
	clock clock
	done  chan struct{} // Closed when run has ended.

	// The Send goroutine's.
	pack packer

	// Read and written without the lock.
	up   atomic.Bool  // Messages may be trusted to the replayer.
	full atomic.Int64 // Size of a full datagram.
	sent struct{ messages, bytes atomic.Uint64 }

	mu     sync.Mutex // Guards what follows. It is held while a batch is sent or a response is worked on.
	peer   peer
	buffer sendBuffer
	path   path
	wakeAt int64 // When run wakes by itself, in ns.
	closed bool  // Nothing is sent any more.
}

// How long run sleeps.
const (
	busyWake  = 2 * beatTail // while batch follows batch, and each shows whether the one before arrived
	leastWake = int64(time.Millisecond)
)

// responseRoom is the largest response read, in bytes: more than any of this version.
const responseRoom = 4096

// maxDelay is how long, by their own times, messages are gathered at most.
const maxDelay = int64(5 * time.Millisecond)

// newLink opens a socket to host. run is to be called, then close; or the path is closed instead.
func newLink(cfg *SenderConfig, host string, keys *keyring, clock clock, dropped func() uint64) (*link, error) {
	l := &link{clock: clock, done: make(chan struct{})}
	var err error
	if l.path, err = openPath(cfg, host, clock.now()); err != nil {
		return nil, err
	}
	l.buffer.limit, l.buffer.room.L = cfg.Buffer, &l.mu
	l.buffer.wait.Store(cfg.Wait)
	l.peer = peer{name: host, log: cfg.Logger, dropped: dropped,
		initiator: initiator{keys: keys, rand: randomBytes}}
	l.peer.out.tx.write = func(b []byte, size int) (int, error) { return l.path.sock.write(b, size) }
	l.peer.out.tx.mtu, l.peer.out.tx.size = func() int { return l.path.sock.pathMTU() }, l.path.size()
	l.peer.out.pool = &l.buffer.pool
	if cfg.Wait {
		l.peer.out.patient, l.peer.initiator.flags, l.pack.part = true, helloPatient, true
	}
	l.peer.out.begin(outgoing{})
	l.peer.initiator.restart(clock.now())
	l.pack.hand, l.pack.size = l.hand, func() int { return int(l.full.Load()) }
	if keys != nil {
		l.pack.tag = tagSize
	}
	l.publish()
	return l, nil
}

// admit reports why a message of n bytes may not be sent; nil: it may. It waits for room if that was asked for.
func (l *link) admit(n int) error {
	if l.buffer.none.Load() {
		return ErrNobody
	}
	if l.buffer.admits(n) {
		return nil
	}
	if !l.buffer.wait.Load() {
		return l.buffer.refusal(n)
	}
	l.pack.flush()
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.buffer.waits(l.buffer.limit/2) && !l.closed {
		l.buffer.room.Wait()
	}
	switch {
	case l.closed:
		return net.ErrClosed
	case l.buffer.none.Load():
		return ErrNobody
	case l.buffer.pool.out > l.buffer.limit/2:
		return l.buffer.refusal(n)
	}
	return nil
}

// hurry makes admit and hand wait no more.
func (l *link) hurry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buffer.wait.Store(false)
	l.buffer.room.Broadcast()
}

// send packs m, which was admitted.
func (l *link) send(m *Message) {
	l.sent.messages.Add(1)
	l.sent.bytes.Add(uint64(len(m.Body)))
	l.pack.add(m)
	if m.Time-l.pack.since > maxDelay {
		l.pack.flush()
	}
}

// hand takes a filled chunk over, sends what may be sent, and returns an empty chunk. c is nil the first time.
func (l *link) hand(c *chunk) *chunk {
	l.mu.Lock()
	defer l.mu.Unlock()
	var next *chunk
	if c != nil {
		next = l.queue(c)
		for l.buffer.waits(l.buffer.limit) && !l.closed {
			l.buffer.room.Wait()
		}
	}
	if next == nil {
		next = l.buffer.pool.get(chunkSize)
	}
	l.publish()
	return next
}

// queue takes a filled chunk over and sends what may be sent. A nearly empty one is copied into a small one, so that
// memory held follows bytes held; then it is returned, empty.
func (l *link) queue(c *chunk) (empty *chunk) {
	if len(c.buf) <= smallChunk {
		small := l.buffer.pool.get(smallChunk)
		small.merge(c)
		c.reset()
		c, empty = small, c
	}
	l.peer.out.push(c)
	if !l.closed {
		l.drain()
	}
	return empty
}

// drain sends what may be sent and makes run wake in time to look after it.
func (l *link) drain() {
	now := l.clock.now()
	busy := l.busy(now)
	l.peer.drain(now)
	if due := max(l.peer.due(), now+leastWake); due < l.wakeAt && (l.wakeAt > now+busyWake || !busy) {
		l.wake(due)
	}
}

// wake makes run wake at a time.
func (l *link) wake(at int64) {
	l.wakeAt = at
	l.path.sock.setDeadline(l.clock.deadline(at))
}

// busy reports whether batches follow one another and leave at once.
func (l *link) busy(now int64) bool {
	p := &l.peer
	return p.state == live && p.out.trip.known() && now-p.out.pulse.dataAt < beatTail && p.out.pending.first == nil &&
		!p.farewell.begun
}

// publish copies what the Send goroutine reads without the lock.
func (l *link) publish() {
	l.up.Store(l.peer.up() && l.peer.forlorn.since == 0)
	l.full.Store(int64(l.peer.out.tx.size.full))
	l.buffer.publish(l.peer.forlorn.since != 0)
}

// run reads responses and does what time brings until close.
func (l *link) run() {
	defer close(l.done)
	buf := make([]byte, responseRoom)
	for {
		if l.stale() {
			l.redial()
		}
		sock := l.turn()
		if sock == nil {
			return
		}
		n, err := sock.read(buf)
		l.heard(buf[:n], err)
	}
}

// turn does what time brings. It returns the socket to read from, which wakes when time brings more; nil: the farewell
// is done.
func (l *link) turn() *sendSocket {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.now()
	l.peer.tick(now)
	l.publish()
	if l.closed {
		l.peer.abandon(now)
	}
	if l.peer.state == departed {
		l.closed = true
		l.buffer.room.Broadcast()
		return nil
	}
	due := max(l.peer.due(), now+leastWake)
	if l.busy(now) {
		due = now + busyWake
	}
	l.wake(due)
	return l.path.sock
}

// heard takes in what a read brought. An error that says nothing is a moment to give memory back.
func (l *link) heard(d []byte, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.peer.datagram(l.clock.now(), d)
	case !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed):
		l.peer.out.tx.heard(err)
	case l.buffer.pool.out <= 2*chunkSize:
		l.buffer.pool.trim()
	}
}

// stale reports whether the socket is to be opened again, and notes that it is.
func (l *link) stale() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.now()
	if l.peer.absentFor() <= redialAfter || now-l.path.dialedAt <= redialAfter {
		return false
	}
	l.path.dialedAt = now
	return true
}

// redial goes on with a socket to the address that the replayer's name has now. When there is none, the old socket
// stays; what is wrong with the name was said when the replayer fell silent.
func (l *link) redial() {
	sock, err := l.path.dial()
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.path.replace(sock)
	l.peer.out.tx.size = l.path.size()
}

// close lets the link finish within ctx and stops it. What was not confirmed by then is lost.
func (l *link) close(ctx context.Context) error {
	l.pack.flush()
	l.mu.Lock()
	l.peer.farewell.begin(l.peer.contact.ran.total)
	l.wakeAt = 0
	l.path.wake()
	l.mu.Unlock()
	select {
	case <-l.done:
	case <-ctx.Done():
	}
	l.mu.Lock()
	l.closed = true
	l.buffer.room.Broadcast()
	l.wakeAt = 0
	l.path.wake()
	l.mu.Unlock()
	l.path.cancel()
	<-l.done
	l.path.close()
	switch {
	case l.peer.farewell.abandoned && l.peer.forlorn.since != 0 && !l.peer.forlorn.absent:
		return fmt.Errorf("replayer %s can reach none of its targets", l.path.host)
	case l.peer.farewell.abandoned:
		return fmt.Errorf("replayer %s did not confirm everything", l.path.host)
	}
	return nil
}
