package udpwire

// maxFrames is how many messages can begin in a datagram.
const maxFrames = (maxDatagram-dataOffset)/messageLeast + 1

// credible reports whether a listener can be as far as h says: it keeps within its limits of what is neither handed on
// nor lost, and its messages' bytes were in datagrams that arrived, are lost or are under way. The totals may be ahead
// of the highest number: by a chunk of which not all has left, and by what the last message is still to send.
func (in *inbox) credible(h *heartbeat) bool {
	return in.numbers.fits(h.highest) && h.messages <= in.reach(h.highest+maxGrams) &&
		h.bytes <= in.stats.bytes+in.unread(h.highest+maxGrams)*maxDatagram+MaxMessage
}

// reach is the highest id that can begin a listener's datagram of the given number: a datagram that was not read to its
// end holds at most maxFrames messages. It bounds what a forged id or total can make of the accounts.
func (in *inbox) reach(number uint64) uint64 {
	return min(in.order.top+1+in.unread(number)*maxFrames, in.order.settled+2*maxUnderWay)
}

// unread is at least how many datagrams up to number were not read to their end.
func (in *inbox) unread(number uint64) uint64 {
	n := in.stats.lost + in.stats.malformed
	if number >= in.numbers.next {
		n += number + 1 - in.numbers.next
	}
	return n
}
