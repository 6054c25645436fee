package reassembly

// Stats are the accounts of an Assembler. At any time Captured is the sum of
// Fates and Open; after Close, Open is zero.
//
// Each field carries the counter's declaration: the name, unit and meaning that
// every output shows, kind:"gauge" where the number may fall, trouble:"yes" where
// an operator wants to know at once, and line:"yes" where the number belongs into
// every interval's line ("always": also zero). See package report for the tags.
type Stats struct {
	Captured uint64 `name:"captured" unit:"requests" help:"Requests that began on the wire." line:"always"`
	Fates    Fates  `name:"%s" unit:"requests" label:"fate" line:"yes"`
	Open     uint64 `name:"open" unit:"requests" help:"Requests that began and have no fate yet." kind:"gauge" line:"yes"`

	GuessesFailed    uint64 `name:"guesses_failed" unit:"requests" help:"What looked like requests where a beginning was searched for, and was part of something else."`
	DoubtfulRequests uint64 `name:"doubtful_requests" unit:"requests" help:"What looked like requests behind a message of which nobody can know where it ends." line:"yes"`
	DoubtfulBytes    uint64 `name:"doubtful_bytes" unit:"bytes" help:"Bytes behind a message of which nobody can know where it ends."`
	Own              uint64 `name:"own_requests" unit:"requests" help:"Requests that carry the mark of a replayer and leave this machine: a replayer here sends them."`
	Foreign          uint64 `name:"segments_foreign" unit:"segments" help:"Segments that the server does not take for the connection's: of an older one, behind its end, or without an ACK."`

	MissingBytes uint64  `name:"missing_bytes" unit:"bytes" help:"Bytes that were never seen, in holes that were given up and in cut packets."`
	Connections  uint64  `name:"connections" unit:"connections" help:"Connections with data, known by their SYN or joined in the middle."`
	Copies       uint64  `name:"connections_copied" unit:"connections" help:"Connections that are another one by other addresses, seen before or behind their translation: ignored."`
	Evicted      uint64  `name:"connections_evicted" unit:"connections" help:"Connections forgotten, oldest first, to stay below the memory limit." trouble:"yes"`
	Flows        uint64  `name:"flows" unit:"connections" help:"Connections known now." kind:"gauge" line:"yes"`
	Memory       uint64  `name:"memory_bytes" unit:"bytes" help:"Memory held now: connections, requests, out-of-order data, pools." kind:"gauge" final:"no"`
	PeakMemory   uint64  `name:"memory_peak_bytes" unit:"bytes" help:"The most memory that was ever held." kind:"gauge"`
	Streams      Streams `name:"streams_%s" unit:"streams" line:"yes"`
}

// Fates counts requests by what became of them, indexed by Fate.
type Fates [fates]uint64

// Names returns each Fate's name in the accounts.
func (Fates) Names() []string { return names(fateTable[:]) }

// Help says what the accounts count under Fate i.
func (Fates) Help(i int) string { return fateTable[i].help }

// Trouble reports whether an operator wants to know at once of requests of Fate i.
func (Fates) Trouble(i int) bool { return fateTable[i].trouble }

// Streams counts streams that are not HTTP/1, indexed by Protocol.
type Streams [protocols]uint64

// Names returns each Protocol's name in the accounts.
func (Streams) Names() []string { return names(protocolTable[:]) }

// Help says what the accounts count under Protocol i.
func (Streams) Help(i int) string { return protocolTable[i].help }

// Trouble reports whether an operator wants to know at once of streams of Protocol i.
func (Streams) Trouble(i int) bool { return protocolTable[i].trouble }

// An entry declares one value of a Fate or Protocol to the accounts.
type entry struct {
	name    string // what the counter's name is made of
	help    string // what is counted, as a sentence
	trouble bool   // an operator wants to know at once
}

func names(table []entry) []string {
	all := make([]string, len(table))
	for i := range table {
		all[i] = table[i].name
	}
	return all
}
