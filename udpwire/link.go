package udpwire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A link is one replayer as the Sender uses it: the packer, which belongs to the goroutine that calls Send, and the
// peer, which that goroutine and the link's own share under a lock, taken once per batch.
type link struct {
	now      func() int64             // The clock.
	deadline func(at int64) time.Time // A moment of it, as sockets want it.
	moved    func() bool              // Reports, for Send, whether messages are to be spread anew: then nothing waits for room here.
	changed  func()                   // Is told, with no lock held, when up or instance have changed.
	takes    func()                   // Is told before a filled chunk is taken over.
	done     chan struct{}            // Closed when run has ended.

	// The Send goroutine's.
	pack packer
	told bool // The user knows that responses are not sent here.

	// Read without the lock.
	standing
	full atomic.Int64 // Size of a full datagram.

	mu     sync.Mutex // Guards what follows. It is held while a batch is sent or a response is worked on.
	peer   peer
	buffer sendBuffer
	path   path
	wakeAt int64 // When run wakes by itself, in ns.
	closed bool  // Nothing is sent any more.
}

// A standing is what others may know of a link's replayer at any time.
type standing struct {
	up       atomic.Bool   // It is there, and takes new messages.
	instance atomic.Uint64 // Which process it said it is when it last began a session; 0: it has never answered.
	settled  atomic.Uint64 // The last id up to which the fate of each message is known.
	refuses  atomic.Bool   // It wants none of production's responses.
}

// A look is what was seen of a standing.
type look struct {
	up       bool
	instance uint64
}

// look returns what there is to be seen now.
func (s *standing) look() look { return look{s.up.Load(), s.instance.Load()} }

// How long run sleeps.
const (
	busyWake  = 2 * beatTail // while batch follows batch, and each shows whether the one before arrived
	leastWake = int64(time.Millisecond)
)

// responseRoom is the largest response read, in bytes: more than any of this version.
const responseRoom = 4096

// maxDelay is how long, by their own times, messages are gathered at most.
const maxDelay = int64(5 * time.Millisecond)

// newLink returns a link without a path: it keeps what it is given. With one, run is to be called, then close; or the path
// is closed instead.
func newLink(cfg *SenderConfig, name string, keys *keyring, clock clock, dropped func() uint64) *link {
	l := &link{now: clock.now, deadline: clock.deadline, moved: func() bool { return false }, changed: func() {}, takes: func() {},
		done: make(chan struct{})}
	l.path.dialedAt = l.now()
	l.buffer.limit, l.buffer.room.L = cfg.Buffer, &l.mu
	l.buffer.wait.Store(cfg.Wait)
	l.peer = peer{name: name, log: cfg.Logger, dropped: dropped, others: func() bool { return false },
		initiator: initiator{keys: keys, rand: randomBytes}}
	l.peer.out.tx.write = func(b []byte, size int) (int, error) { return l.path.sock.write(b, size) }
	l.peer.out.tx.mtu, l.peer.out.tx.size = func() int { return l.path.sock.pathMTU() }, l.path.size()
	l.peer.out.pool = &l.buffer.pool
	if cfg.Wait {
		l.peer.out.patient, l.peer.initiator.flags, l.pack.part = true, helloPatient, true
	}
	l.peer.out.begin(outgoing{})
	l.peer.initiator.restart(l.now())
	l.pack.hand, l.pack.size = l.hand, func() int { return int(l.full.Load()) }
	if keys != nil {
		l.pack.tag = tagSize
	}
	l.publish()
	return l
}

// connect gives a new link its path: a socket to an address.
func (l *link) connect(cfg *SenderConfig, to netip.AddrPort) (err error) {
	if l.path, err = openPath(cfg, to, l.now()); err != nil {
		return err
	}
	l.peer.out.tx.size = l.path.size()
	l.publish()
	return nil
}

// errMoved says that messages are to be spread anew before one is sent.
var errMoved = errors.New("other replayers")

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
	for l.buffer.waits(l.buffer.limit/2) && !l.closed && !l.moved() {
		l.buffer.room.Wait()
	}
	switch {
	case l.moved():
		return errMoved
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
	l.pack.alone = l.refuses.Load()
	l.pack.add(m)
	if m.Time-l.pack.since > maxDelay {
		l.pack.flush()
	}
}

// hand takes a filled chunk over, sends what may be sent, and returns an empty chunk. c is nil the first time.
func (l *link) hand(c *chunk) *chunk {
	l.takes()
	l.mu.Lock()
	defer l.mu.Unlock()
	var next *chunk
	if c != nil {
		next = l.queue(c)
		for l.buffer.waits(l.buffer.limit) && !l.closed && !l.moved() {
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
	now := l.now()
	busy := l.busy(now)
	l.peer.drain(now)
	if due := max(l.peer.due(), now+leastWake); due < l.wakeAt && (l.wakeAt > now+busyWake || !busy) {
		l.wake(due)
	}
}

// wake makes run wake at a time.
func (l *link) wake(at int64) {
	l.wakeAt = at
	l.path.setDeadline(l.deadline(at))
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
	l.instance.Store(l.peer.instance)
	l.refuses.Store(l.peer.refuses)
	l.settled.Store(l.peer.out.begun.settled(&l.peer.out.flight, l.peer.out.pending.first))
	l.full.Store(int64(l.peer.out.tx.size.full))
	l.buffer.publish(l.peer.forlorn.since != 0)
}

// run reads responses and does what time brings until close.
func (l *link) run() {
	defer close(l.done)
	buf := make([]byte, responseRoom)
	for seen := (look{}); ; {
		if l.stale() {
			l.redial()
		}
		sock := l.turn()
		if is := l.look(); is != seen {
			seen = is
			l.changed()
		}
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
	now := l.now()
	l.peer.tick(now)
	l.publish()
	if l.closed {
		l.peer.abandon(now)
	}
	if l.peer.state == departed {
		l.closed = true
		l.publish()
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
		l.peer.datagram(l.now(), d)
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
	now := l.now()
	if l.peer.absentFor() <= redialAfter || now-l.path.dialedAt <= redialAfter {
		return false
	}
	l.path.dialedAt = now
	return true
}

// redial goes on with a new socket to the same address. When there is none, the old socket stays.
func (l *link) redial() {
	sock, err := l.path.dial()
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.path.replace(sock)
	l.peer.out.tx.moved(l.path.size())
}

// leave makes the link end once everything is confirmed. It is to get nothing more.
func (l *link) leave() {
	if !l.pack.empty() {
		l.pack.flush()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.peer.farewell.begun {
		l.peer.farewell.begin(l.peer.contact.ran.total)
	}
	l.wakeAt = 0
	l.path.wake()
}

// pending reports whether something was handed over and not sent.
func (l *link) pending() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.peer.out.pending.first != nil
}

// rouse makes who waits for room look whether messages are to be spread anew.
func (l *link) rouse() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buffer.room.Broadcast()
}

// giveUp ends the session with a replayer that is not there: what was sent in it and not confirmed is lost.
func (l *link) giveUp(now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.peer.happen(now, replaced)
	l.publish()
}

// await waits, where messages wait for room, until message id is settled, messages are to be spread anew, or time is up.
func (l *link) await(id uint64, until int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.settled.Load() < id && l.buffer.wait.Load() && !l.closed && !l.moved() && l.now() < until {
		l.buffer.awaited = true
		l.buffer.room.Wait()
	}
	l.buffer.awaited = false
}

// close lets the link finish within ctx and stops it. What was not confirmed by then is lost.
func (l *link) close(ctx context.Context) error {
	l.leave()
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
	<-l.done
	l.path.close()
	switch {
	case l.peer.farewell.abandoned && l.peer.forlorn.since != 0 && !l.peer.forlorn.absent:
		return fmt.Errorf("replayer %s can reach none of its targets", l.peer.name)
	case l.peer.farewell.abandoned:
		return fmt.Errorf("replayer %s did not confirm everything", l.peer.name)
	}
	return nil
}
