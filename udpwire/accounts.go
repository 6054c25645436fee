package udpwire

// peerAccounts are what a listener knows of the fate of what it sent to one replayer, in all sessions that ended, and of
// what came back.
type peerAccounts struct {
	sessions uint64 // How many were begun.
	received tally  // Messages that the replayer confirmed.
	lost     tally  // Messages that it did not confirm in time.

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

// addNews counts what begins in chunks that were never sent.
func (t *tally) addNews(chunks *list[chunk, *chunk]) {
	for c := chunks.first; c != nil; c = c.next {
		for _, n := range c.news[c.wrote:c.n] {
			t.add(uint64(n.messages), uint64(n.bytes))
		}
	}
}

// without is what is left when others are taken away, and never less than nothing.
func (t tally) without(others ...tally) tally {
	for _, o := range others {
		t.messages -= min(t.messages, o.messages)
		t.bytes -= min(t.bytes, o.bytes)
	}
	return t
}

// close enters a session that ends: what was sent and not confirmed is lost.
func (a *peerAccounts) close(o *outbox) {
	messages, bytes := o.begun.messages(), o.begun.bytes
	received, receivedBytes := min(o.reported.messages, messages), min(o.reported.bytes, bytes)
	a.received.add(received, receivedBytes)
	a.lost.add(messages-received, bytes-receivedBytes)
}

// fates are the messages of all sessions by what is known of them now, the present session included.
func (p *peer) fates() (received, lost tally) {
	received, lost = p.accounts.received, p.accounts.lost
	if o := &p.out; p.state.inSession() {
		received.add(o.reported.messages, o.reported.bytes)
		lost.add(o.reported.lostMessages, o.reported.lostBytes)
	}
	return received, lost
}
