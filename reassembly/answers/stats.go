package answers

// Stats are the accounts of a Reader. At any time Asked is the sum of Answered,
// Missing and Waiting; after Close, Waiting is zero.
type Stats struct {
	Asked    uint64 `name:"asked" unit:"requests" help:"Requests whose answer was looked for."`
	Answered uint64 `name:"answered" unit:"requests" help:"Requests whose answer was found." line:"yes"`
	Believed uint64 `name:"answered_by_habit" unit:"requests" help:"Requests of answered whose client is only believed to have waited for the answers before, as it was seen to, or others at its address."`
	Missing  uint64 `name:"missing" unit:"requests" help:"Requests whose answer was not seen, or could not be told from others."`
	Waiting  uint64 `name:"waiting" unit:"requests" help:"Requests that have no answer yet." kind:"gauge"`

	Segments uint64 `name:"segments" unit:"segments" help:"Segments of servers that were looked at."`
	Interim  uint64 `name:"interim" unit:"responses" help:"Responses that announce another one, such as 100 Continue."`
	Timeouts uint64 `name:"timeouts" unit:"responses" help:"Responses 408, with which a server closes a connection: they answer nothing."`
	Doubts   uint64 `name:"doubts" unit:"connections" help:"How often it could not be known any more which answer belongs to which request of a connection."`

	Connections uint64 `name:"connections" unit:"connections" help:"Connections whose answers are followed now." kind:"gauge"`
	Evicted     uint64 `name:"connections_evicted" unit:"connections" help:"Connections forgotten, oldest first, to stay below the memory limit for answers." trouble:"yes"`
	Memory      uint64 `name:"memory_bytes" unit:"bytes" help:"Memory held now for the answers' connections and bytes." kind:"gauge" final:"no"`
}
