package reassembly

// A Fate is what became of a request that began on the wire. The zero value is
// the good one.
type Fate uint8

const (
	Sent        Fate = iota // handed on
	Gap                     // bytes of it are missing: packets were lost
	Truncated               // bytes of it are missing: packets were cut by a snap length
	TooLarge                // longer than Config.MaxRequest, or than a sender can carry
	Aborted                 // its connection ended inside it
	Expired                 // it did not go on for Config.IdleTimeout
	Malformed               // RFC 9112 says not to trust where it ends
	Unsupported             // valid, but not HTTP/1.0 or HTTP/1.1 as we speak it
	Loop                    // it carries Config.Mark: gor sent it itself
	Filtered                // the consumer did not want it
	Shed                    // dropped to stay below Config.MaxMemory
	QueueFull               // the consumer had no room for it
	fates
)

var fateNames = [fates]string{
	"sent", "gap", "truncated", "too_large", "aborted", "expired", "malformed",
	"unsupported", "loop", "filtered", "shed", "queue_full",
}

// String returns the name used in the accounts, such as "too_large".
func (f Fate) String() string {
	if f < fates {
		return fateNames[f]
	}
	return "unknown"
}
