package udpwire

// frames reads the frames of a datagram whose first message has the given id. It returns the id of the last message
// that ends in it. ok is false when the frames contradict each other.
func (in *inbox) frames(id uint64, b []byte) (done uint64, ok bool) {
	done = id - min(id, 1)
	first, open := true, false // Nothing of a message was read yet; one goes on in the next datagram.
	for len(b) > 0 && b[0] != framePad {
		n, ended := 0, true
		switch {
		case b[0] > frameFragment:
			if n, ok = parseFrameHead(b); !ok {
				return done, false
			}
			in.stats.skipped++
			b = b[n:]
			continue
		case open:
			return done, false
		case b[0] == frameMessage:
			n, ok = in.wholeFrame(id, b)
		default:
			n, ended, ok = in.fragmentFrame(id, b, first)
		}
		if !ok {
			return done, false
		}
		if first, open, b = false, !ended, b[n:]; ended {
			done = id
			id++
		}
	}
	return done, true
}

// wholeFrame reads the MESSAGE frame of message id at the start of b and returns its length.
func (in *inbox) wholeFrame(id uint64, b []byte) (n int, ok bool) {
	n, back, ok := parseMessage(b, &in.message)
	if ok && !in.order.isDone(id) {
		in.order.deliver(id, back, &in.message, false)
	}
	return n, ok
}

// fragmentFrame reads the FRAGMENT frame of message id at the start of b and returns its length and whether it is the
// message's last one. first says that it is the first frame of its datagram: only there may a message go on.
func (in *inbox) fragmentFrame(id uint64, b []byte, first bool) (n int, last, ok bool) {
	f := &in.piece
	n, ok = parseFragment(b, f)
	if !ok || f.offset != 0 && !first {
		return 0, false, false
	}
	if !in.order.isDone(id) && !in.collect(id, f) {
		return 0, false, false
	}
	return n, f.last(), true
}

// collect adds a piece to message id, and delivers the message when that completed it. It returns false when the
// pieces contradict each other.
func (in *inbox) collect(id uint64, f *fragment) bool {
	in.order.top = max(in.order.top, id)
	p, ok := in.parts.add(id, f)
	if p == nil {
		return ok
	}
	n, back, ok := parseMessage(p.buf, &in.message)
	if !ok || n != len(p.buf) {
		in.order.lose(id)
		in.parts.recycle(p)
		return false
	}
	if kept := in.order.deliver(id, back, &in.message, true); !kept {
		in.parts.recycle(p)
	}
	return true
}
