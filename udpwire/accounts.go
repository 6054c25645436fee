package udpwire

// peerAccounts are what a listener knows of the fate of what it sent to one replayer, in all sessions that ended, and of
// what came back.
type peerAccounts struct {
	sessions    uint64 // How many were begun.
	received    tally  // Messages that the replayer confirmed.
	lost        tally  // Messages that it did not confirm in time.
	unconfirmed tally  // Messages sent without responses: nobody knows.

	responses uint64  // Datagrams accepted from the replayer.
	rejects   Rejects // Datagrams from its address that were not.
}

// A tally counts messages and the bytes of their bodies.
type tally struct{ messages, bytes uint64 }

// add counts more.
func (t *tally) add(messages, bytes uint64) {
	t.messages += messages
	t.bytes += bytes
}

// close enters a session that ends: what was sent and not confirmed is lost, or, without responses, unknown.
func (a *peerAccounts) close(o *outbox) {
	messages, bytes := o.begun.messages(), o.begun.bytes
	if o.channel.flags&flagOneWay != 0 {
		a.unconfirmed.add(messages, bytes)
		return
	}
	received, receivedBytes := min(o.reported.messages, messages), min(o.reported.bytes, bytes)
	a.received.add(received, receivedBytes)
	a.lost.add(messages-received, bytes-receivedBytes)
}
