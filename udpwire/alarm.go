package udpwire

import (
	"log/slog"
	"net/netip"
	"time"
)

// An alarm says now and then that datagrams with a wrong or no secret come.
type alarm struct {
	saidAt int64  // When it last did, in ns; 0: never.
	count  uint64 // How many came since.
}

// alarmEvery is how long it is quiet after each time.
const alarmEvery = int64(time.Minute)

// ring counts such a datagram from an address. secret says that this replayer has one.
func (a *alarm) ring(now int64, log *slog.Logger, secret bool, from netip.Addr) {
	a.count++
	if a.saidAt != 0 && now-a.saidAt < alarmEvery {
		return
	}
	text := "refused datagrams that are not sealed with this replayer's secret: their listener has another one, or none"
	if !secret {
		text = "refused sealed datagrams: their listener uses a secret, this replayer has none"
	}
	log.Warn(text, "last_from", from, "count", a.count)
	a.saidAt, a.count = now, 0
}
