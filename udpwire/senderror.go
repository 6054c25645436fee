package udpwire

import (
	"errors"
	"log/slog"
	"syscall"
)

// SendErrors counts the system's refusals to send, indexed by what they mean. A datagram that did not leave is lost as
// on the way: it is asked for, or followed by another.
type SendErrors [numSendErrors]uint64

// Names returns each error's name in the accounts.
func (SendErrors) Names() []string {
	all := make([]string, numSendErrors)
	for i := range all {
		all[i] = sendErrorTable[i].name
	}
	return all
}

// Help says what the accounts count under error i.
func (SendErrors) Help(i int) string { return sendErrorTable[i].help }

// Trouble reports whether an operator wants to know of error i. The others are part of a path's life, and acted on.
func (SendErrors) Trouble(i int) bool { return sendError(i).lasting() }

// A sendError says why the system did not send; sendErrorTable explains each.
type sendError uint8

const (
	sendTooLarge sendError = iota
	sendRefused
	sendNoRoom
	sendUnreachable
	sendDenied
	sendOther
	numSendErrors
)

// sendErrorTable declares each error to the accounts.
var sendErrorTable = [numSendErrors]struct{ name, help string }{
	sendTooLarge:    {"too_large", "Refusals to send because a datagram was larger than the path carries: it went in pieces."},
	sendRefused:     {"refused", "Reports of the other machine that nobody listens there."},
	sendNoRoom:      {"no_room", "Refusals to send because the kernel's buffer was full: tried again at once."},
	sendUnreachable: {"unreachable", "Refusals to send because there is no way to the other machine."},
	sendDenied:      {"denied", "Refusals to send by this machine's firewall or policy."},
	sendOther:       {"other", "Refusals to send for another reason."},
}

// lasting reports whether an error means that nothing can be sent until somebody does something.
func (e sendError) lasting() bool { return e >= sendUnreachable }

// meaning is what an error of a socket means.
func meaning(err error) sendError {
	for _, known := range []struct {
		meaning sendError
		errs    []error
	}{
		{sendTooLarge, []error{syscall.EMSGSIZE}},
		{sendRefused, []error{syscall.ECONNREFUSED}},
		{sendNoRoom, []error{errWouldBlock, syscall.EAGAIN, syscall.ENOBUFS, syscall.ENOMEM}},
		{sendUnreachable, []error{syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN, syscall.EADDRNOTAVAIL}},
		{sendDenied, []error{syscall.EPERM, syscall.EACCES}},
	} {
		for _, e := range known.errs {
			if errors.Is(err, e) {
				return known.meaning
			}
		}
	}
	return sendOther
}

// A sendHealth counts what the system refused to send, and knows when an error that lasts begins and ends. The zero
// value has had none. Not safe for concurrent use.
type sendHealth struct {
	errors SendErrors
	failed error // The first error of those that last now; nil: there is none.
	said   error // The one that was told.
}

// note takes in how sending ended.
func (h *sendHealth) note(err error) {
	if err == nil {
		h.failed = nil
		return
	}
	m := meaning(err)
	h.errors[m]++
	if m.lasting() && h.failed == nil {
		h.failed = err
	}
}

// tell tells the user when this machine begins to refuse to send to a replayer, and when that is over.
func (h *sendHealth) tell(log *slog.Logger, replayer string) {
	switch err, over := h.news(); {
	case err != nil:
		log.Warn("cannot send to the replayer", "replayer", replayer, "err", err)
	case over:
		log.Info("sending to the replayer works again", "replayer", replayer)
	}
}

// news returns once each time what has changed: err is what lasts now, over says that it has ended.
func (h *sendHealth) news() (err error, over bool) {
	if (h.failed == nil) == (h.said == nil) {
		return nil, false
	}
	h.said = h.failed
	return h.failed, h.failed == nil
}
