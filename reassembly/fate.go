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
	Loop                    // it carries Config.LoopHeader: gor sent it itself
	Filtered                // the consumer did not want it
	Shed                    // dropped to stay below Config.MaxMemory
	QueueFull               // the consumer had no room for it
	Stopped                 // the consumer had as many as it wanted
	Skipped                 // the consumer could wait for room, and there was nobody to wait for
	Repeated                // a proxy handed it on, and it was taken before that
	fates
)

// fateTable declares each Fate to the accounts.
var fateTable = [fates]entry{
	Sent:        {name: "sent", help: "Requests handed on whole."},
	Gap:         {name: "gap", help: "Requests of which bytes are missing because packets were lost.", trouble: true},
	Truncated:   {name: "truncated", help: "Requests of which bytes are missing because packets were cut by a snap length.", trouble: true},
	TooLarge:    {name: "too_large", help: "Requests longer than the limit, or than a sender can carry."},
	Aborted:     {name: "aborted", help: "Requests whose connection ended inside them."},
	Expired:     {name: "expired", help: "Requests that did not go on for too long."},
	Malformed:   {name: "malformed", help: "Requests of which RFC 9112 says not to trust where they end."},
	Unsupported: {name: "unsupported", help: "Requests that are valid, but neither HTTP/1.0 nor HTTP/1.1."},
	Loop:        {name: "loop", help: "Requests that carry the mark of a replayer."},
	Filtered:    {name: "filtered", help: "Requests that a filter took out."},
	Shed:        {name: "shed", help: "Requests dropped to stay below the memory limit.", trouble: true},
	QueueFull:   {name: "queue_full", help: "Requests dropped because the way to the replay server was full.", trouble: true},
	Skipped:     {name: "skipped", help: "Requests of a recording that were not sent, since no replay server responded, or none could reach a target."},
	Repeated:    {name: "repeated", help: "Requests that a proxy of which both sides are seen handed on: they were captured on their way to it."},
	Stopped:     {name: "stopped", help: "Requests behind the last one that was wanted."},
}

// String returns the name used in the accounts, such as "too_large".
func (f Fate) String() string {
	if f < fates {
		return fateTable[f].name
	}
	return "unknown"
}
