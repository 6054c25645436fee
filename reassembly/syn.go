package reassembly

// A synCache remembers where announced connections begin. A SYN costs nothing
// else: the record is made when data comes. The cache has a fixed size, and a
// newer SYN may take an older one's place, so that a flood of them costs no
// memory; a connection whose SYN is forgotten is one joined in the middle.
type synCache struct {
	entries []synEntry // a power of two of them
}

// A synEntry is one SYN.
type synEntry struct {
	tag    uint32 // of the hash of the addresses; 0: empty
	isn    seq    // its sequence number; the first byte of data is the one behind it
	moment uint32 // when it was seen, in ticks of the Assembler
}

const (
	synEntryBytes = 12
	// synTicks is for how long a SYN keeps data out that is not of the
	// connection it announces. A client gives up before: Linux sends a SYN for
	// the sixth and last time after 31 s (tcp_syn_retries).
	synTicks = uint32(60e9 / tick)
)

func newSynCache(budget int64) synCache {
	n := 1 << 8
	for n < 1<<17 && int64(n)*2*synEntryBytes <= budget/128 {
		n *= 2
	}
	return synCache{make([]synEntry, n)}
}

// entry is where a SYN of these addresses is: of two places the one that has
// it, else an empty one, else the first.
func (s *synCache) entry(h uint64) (e *synEntry, found bool) {
	i := uint32(h>>20) & uint32(len(s.entries)-1)
	a, b := &s.entries[i], &s.entries[i^1]
	switch tag := synTag(h); {
	case a.tag == tag:
		return a, true
	case b.tag == tag:
		return b, true
	case a.tag != 0 && b.tag == 0:
		return b, false
	}
	return a, false
}

// prefetch has the processor load what entry looks at.
func (s *synCache) prefetch(h uint64) {
	prefetch(&s.entries[uint32(h>>20)&uint32(len(s.entries)-1)])
}

func synTag(h uint64) uint32 { return uint32(h) | 1 }

func (s *synCache) put(h uint64, isn seq, moment uint32) {
	e, _ := s.entry(h)
	*e = synEntry{synTag(h), isn, moment}
}

// find returns the SYN of these addresses, or nil.
func (s *synCache) find(h uint64) *synEntry {
	if e, ok := s.entry(h); ok {
		return e
	}
	return nil
}

// announces reports whether data at a sequence number can be of the connection
// that the SYN began: a keep-alive probe comes from before its first byte.
func (e *synEntry) announces(at seq) bool { return near(at, e.isn.plus(1)) }

func (s *synCache) bytes() int64 { return int64(len(s.entries)) * synEntryBytes }
