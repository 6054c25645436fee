package replay

import (
	"os"

	"gor/forward"
	"gor/forward/command"
	"gor/udpwire"
)

// self is what whoever asks this replayer for a session is told of it: who it is, and
// how many targets it has that it could not reach of late; not which they are, which is
// nobody's business who has shown no secret.
func self(fwd *forward.Forwarder, targets int) func() udpwire.Status {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	version := command.Version()
	return func() udpwire.Status {
		return udpwire.Status{Version: version, Host: host, Accounts: []udpwire.Account{
			{Name: udpwire.SelfTargets, Value: uint64(targets)},
			{Name: udpwire.SelfUnreached, Value: uint64(fwd.Unreached())},
		}}
	}
}
