package web

import (
	"maps"
	"strings"

	"gor/forward/report"
)

// Heard is what all listeners said together, of themselves, since the page began.
type heard struct {
	listeners int // that said something, ever
	captured  uint64
	sent      uint64
	lost      uint64            // on the wire, as far as they know
	unsent    map[string]uint64 // the captured ones that were not sent, by fate
	pending   uint64            // now: under way, or waiting for that
}

// The names of what listeners say, and what begins those of their requests' fates.
const (
	accountCaptured = "requests_captured"
	accountSent     = "requests_sent"
	accountArrived  = "wire_messages_received"
	accountLost     = "wire_messages_lost"
	accountPending  = "wire_messages_pending"

	accountResponses = "responses_sent" // production's, which are messages, too
	fatePrefix       = "requests_"
)

// since is what was said between, but for how much is under way now.
func (h *heard) since(before *heard) heard {
	return heard{
		listeners: h.listeners, captured: h.captured - before.captured, sent: h.sent - before.sent, lost: h.lost - before.lost,
		unsent: less(h.unsent, before.unsent), pending: h.pending,
	}
}

// An ear follows what listeners say. Their counters begin anew when they are started
// again, and go on when they find another replayer: what counts is by how much they
// grow here.
type ear struct {
	total heard
	last  map[string]map[string]uint64 // by listener: what it said last, also of those that have gone
}

// maxRemembered bounds how many are remembered: anybody may say that it is a listener
// where there is no secret. Who comes back and is not remembered counts as another one.
const maxRemembered = 1024

// listen takes in what the listeners say now, and returns what was heard so far.
// arrived is how many requests have come here since the last time: a new listener that
// had no more of them confirmed has sent all of them here, so that all it says counts.
func (e *ear) listen(all []report.Listener, arrived uint64) heard {
	now := make(map[string]map[string]uint64, len(all))
	e.total.pending = 0
	for i := range all {
		says := make(map[string]uint64, len(all[i].Accounts))
		for _, a := range all[i].Accounts {
			says[a.Name] = a.Value
		}
		key := all[i].Host + " " + all[i].Address
		now[key] = says
		before, known := e.last[key]
		switch {
		case !known:
			e.total.listeners++
			if minus(says[accountArrived], says[accountResponses]) > arrived {
				before = says // it had been at work before
			}
		case says[accountCaptured] < before[accountCaptured]:
			before = nil // it was started again
		}
		e.total.add(says, before)
	}
	for key, says := range e.last {
		if _, here := now[key]; !here && len(now) < maxRemembered {
			now[key] = says // it may come back
		}
	}
	e.last = now
	h := e.total
	h.unsent = maps.Clone(h.unsent)
	return h
}

// add adds what a listener's counters have grown by.
func (h *heard) add(says, before map[string]uint64) {
	h.pending += says[accountPending]
	for name, n := range less(says, before) {
		fate, isFate := strings.CutPrefix(name, fatePrefix)
		switch {
		case name == accountCaptured:
			h.captured += n
		case name == accountSent:
			h.sent += n
		case name == accountLost:
			h.lost += n
		case isFate:
			if h.unsent == nil {
				h.unsent = map[string]uint64{}
			}
			h.unsent[fate] += n
		}
	}
}
