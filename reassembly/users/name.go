package users

import (
	"fmt"
	"log/slog"
	"net/netip"
)

// maxNamed is how many crowds are named in the log: a site with more of them has
// understood. The accounts count all.
const maxNamed = 10

// A namer says in the log who is a crowd, without what a key is made of, if that
// lets one act as the user.
type namer struct {
	log   *slog.Logger
	named int
}

// name logs that u, known by the evidence, is a crowd.
func (n *namer) name(u User, e *evidence, client *[16]byte) {
	if n.named == maxNamed {
		return
	}
	n.named++
	who, instead := "", "--session cookie:NAME or header:NAME, of one that tells its users apart"
	switch u.By {
	case ByCookie:
		who = fmt.Sprintf("cookie %q", clip(e.cookieName))
	case ByHeader:
		who = "the header of --session"
	case ByAuthorization:
		who = fmt.Sprintf("Authorization %q", clip(e.scheme))
	case ByName:
		who = "the recording"
	case ByForwarded:
		who = "forwarded address " + netip.AddrFrom16(e.addr).Unmap().String()
	default:
		who = "address " + netip.AddrFrom16(*client).Unmap().String()
	}
	n.log.Warn("more requests come from one user than from any person: they keep the order of their connections only",
		"user", fmt.Sprintf("%016x", u.Key), "known_by", who, "instead", instead)
}

// clip bounds what a client sent and is logged.
func clip(b []byte) []byte { return b[:min(len(b), maxName)] }
