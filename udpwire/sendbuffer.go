package udpwire

import (
	"sync"
	"sync/atomic"
)

// A sendBuffer is the memory that a link may hold, and the rule by which messages are refused or wait. Its link's lock
// guards it, but for held and wait.
type sendBuffer struct {
	limit   int64        // Bytes that may be held.
	wait    atomic.Bool  // Send waits for room instead of refusing. It is switched off for good, under the lock.
	pool    chunkPool    // What is held.
	held    atomic.Int64 // How much that was when last published, for Send, which takes no lock for a message.
	awaited bool         // Send waits for messages to be settled.
	room    sync.Cond    // Of the link's lock: held has fallen to half, nobody is to wait any more, or the link is closed.
	none    atomic.Bool  // There is nobody to wait for.
}

// publish makes what is held known to Send, and that there is nobody to wait for.
func (b *sendBuffer) publish(nobody bool) {
	b.held.Store(b.pool.out)
	b.none.Store(nobody)
	if b.awaited || b.wait.Load() && (nobody || b.pool.out <= b.limit/2) {
		b.room.Broadcast()
	}
}

// waits reports whether Send is to wait until no more than limit is held.
func (b *sendBuffer) waits(limit int64) bool {
	return b.pool.out > limit && b.wait.Load() && !b.none.Load()
}

// admits reports whether there is room for a message of n bytes: for its datagrams and the chunk being filled.
func (b *sendBuffer) admits(n int) bool {
	need := int64(n) + int64(n)/16 + chunkSize
	return b.held.Load()+need <= b.limit
}

// refusal is why a message of n bytes without room is refused; nil: a message as large as the buffer may pass while
// that is nearly empty.
func (b *sendBuffer) refusal(n int) error {
	if int64(n) > b.limit {
		return ErrTooLarge
	}
	if b.held.Load() <= b.limit/8 {
		return nil
	}
	return ErrQueueFull
}
