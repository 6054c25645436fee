package sessions

// A recent is a map in a bounded number of bytes: what was not used for longest is
// forgotten, about half of it at a time.
type recent[V any] struct {
	limit     int64
	used      int64 // by now
	now, past map[uint64]kept[V]
}

type kept[V any] struct {
	value V
	size  int64
}

// keptSize is about what an entry costs beside its value: its places in two maps.
const keptSize = 96

func newRecent[V any](limit int64) recent[V] {
	return recent[V]{limit: limit, now: map[uint64]kept[V]{}}
}

// get returns what is kept under a key, which is in use therefore.
func (r *recent[V]) get(key uint64) (value V, ok bool) {
	k, ok := r.now[key]
	if ok {
		return k.value, true
	}
	if k, ok = r.past[key]; ok {
		r.keep(key, k)
	}
	return k.value, ok
}

// put keeps a value of so many bytes, in place of the one before.
func (r *recent[V]) put(key uint64, value V, size int64) {
	r.keep(key, kept[V]{value, size + keptSize})
}

func (r *recent[V]) keep(key uint64, k kept[V]) {
	r.remove(key)
	if r.used+k.size > r.limit/2 {
		r.now, r.past, r.used = map[uint64]kept[V]{}, r.now, 0
	}
	r.now[key] = k
	r.used += k.size
}

func (r *recent[V]) remove(key uint64) {
	if k, ok := r.now[key]; ok {
		r.used -= k.size
		delete(r.now, key)
	}
	delete(r.past, key)
}
