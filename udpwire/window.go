package udpwire

// A replayWindow refuses control numbers seen before (the idea of RFC 6479: a bitmap behind the highest number). The
// zero value is ready. DATA needs none: a session's numbers are settled one by one (see numbers).
type replayWindow struct {
	highest uint64 // The highest number seen.
	bits    uint64 // Bit i says that highest-i was seen.
}

// fresh reports whether number was not seen and is not too old, without marking it: only an authentic datagram may.
func (w *replayWindow) fresh(number uint64) bool {
	if number > w.highest {
		return true
	}
	age := w.highest - number
	return number != 0 && age < 64 && w.bits>>age&1 == 0
}

// mark notes number as seen.
func (w *replayWindow) mark(number uint64) {
	if number > w.highest {
		shift := number - w.highest
		w.bits <<= min(shift, 64)
		w.highest = number
	}
	if age := w.highest - number; age < 64 {
		w.bits |= 1 << age
	}
}
