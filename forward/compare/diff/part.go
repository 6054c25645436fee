package diff

import "bytes"

// partly compares two bodies of which, at one server at least, not all is there. If their hashes are known and
// the same, they are. Otherwise the part is compared that is there of both, then hash or length; whatever comes of that, the
// rest was not seen, and notCompared says so.
func (d *Differ) partly() {
	a, b := d.then, d.now
	if coding(a) != coding(b) {
		d.notCompared = "long, and compressed in two ways"
		return
	}
	hashed := a.hash() != 0 && b.hash() != 0
	if hashed && a.hash() == b.hash() {
		return
	}
	d.notCompared = "longer than what is kept"
	n := min(len(a.Body), len(b.Body))
	then, now := a.Body[:n], b.Body[:n]
	isPlain := coding(a) == "" || coding(a) == "identity"
	switch {
	case isPlain && !a.Names.begin(then, now):
		d.path = append(d.path[:0], "body"...)
		x := Difference{What: Changed, Reason: Body, Generated: d.madeAnew(then, now)}
		d.excerpts(then, now, a.BodyLen, b.BodyLen)
		x.Then, x.Now = d.values[0], d.values[1]
		d.tell(x)
	case hashed:
		d.lengths("body", isPlain && a.BodyLen == b.BodyLen && !bytes.Equal(then, now)) // the names are of one length
	case a.BodyLen >= 0 && b.BodyLen >= 0 && a.BodyLen != b.BodyLen:
		d.lengths("body length", false)
	}
}

// begin reports whether two texts that are cut are the same as far as they go, but for the servers' names, the last
// of which may be cut, too.
func (n *Names) begin(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	if n == nil {
		return false
	}
	longest := 0
	for _, name := range n.all {
		longest = max(longest, len(name)+len(itself)+len("https%3A"))
	}
	a, b = n.without(a), n.without(b)
	both := min(len(a), len(b)) - longest
	return both > 0 && bytes.Equal(a[:both], b[:both])
}
