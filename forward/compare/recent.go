package compare

// A recent remembers keys, the last ones of them: between most and half of that, once
// there were so many.
type recent[K comparable] struct {
	most      int
	set, past map[K]struct{}
}

// add remembers a key and returns how many were forgotten for it.
func (r *recent[K]) add(k K) (forgotten int) {
	if r.set == nil || len(r.set) >= r.most/2 {
		forgotten = len(r.past)
		r.set, r.past = map[K]struct{}{}, r.set
	}
	r.set[k] = struct{}{}
	return forgotten
}

func (r *recent[K]) has(k K) bool {
	_, now := r.set[k]
	_, then := r.past[k]
	return now || then
}

// len is how many are remembered; one may count twice.
func (r *recent[K]) len() int { return len(r.set) + len(r.past) }
