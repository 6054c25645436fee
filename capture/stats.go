package capture

// DecoderStats are a Decoder's counters. Every packet seen is a segment, a
// fragment that was kept, or refused for one of the reasons.
//
// Each field carries the counter's declaration: the name, unit and meaning that
// every output shows, kind:"gauge" where the number may fall, and trouble:"yes"
// where an operator wants to know at once. See package report for the tags.
type DecoderStats struct {
	// --- What became of the packets.

	Seen        uint64 `name:"seen" unit:"packets" help:"Packets given to the decoder."`
	Segments    uint64 `name:"segments" unit:"packets" help:"TCP segments to wanted ports, those completed by a fragment included."`
	Answers     uint64 `name:"answers" unit:"packets" help:"TCP segments from wanted ports, where servers' answers are captured: those of the share, and without bodies those with a head."`
	Bare        uint64 `name:"bare" unit:"packets" help:"Segments to a wanted port without data, SYN, FIN or RST. The filter in the kernel keeps them out, but for those in tunnels."`
	OtherPort   uint64 `name:"other_port" unit:"packets" help:"TCP segments to another port, responses among them."`
	NotTCP      uint64 `name:"not_tcp" unit:"packets" help:"Packets of a protocol other than TCP."`
	UnknownLink uint64 `name:"unknown_link" unit:"packets" help:"Packets of a link type that is not understood."`
	Malformed   uint64 `name:"malformed" unit:"packets" help:"Packets with headers that contradict themselves."`
	BadChecksum uint64 `name:"bad_checksum" unit:"packets" help:"Segments to wanted ports, and answers, whose TCP checksum is wrong: no receiver reads them, and they are not handed on." trouble:"yes"`
	CutHeader   uint64 `name:"cut_header" unit:"packets" help:"Packets whose capture ends inside a header." trouble:"yes"`
	Cut         uint64 `name:"cut" unit:"packets" help:"Segments, counted as such too, of which the capture lacks the end." trouble:"yes"`
	// ChecksumIgnored are part of Segments.
	ChecksumIgnored uint64 `name:"checksum_ignored" unit:"packets" help:"Segments with a wrong TCP checksum that were taken, since next to no checksum of the file is right."`
	Tunnelled       uint64 `name:"tunnelled" unit:"headers" help:"Tunnel headers that were peeled off packets."`

	// --- IP fragments and the datagrams made of them.

	Fragments         uint64 `name:"fragments" unit:"packets" help:"IP fragments kept until the rest of their datagram came."`
	Reassembled       uint64 `name:"reassembled" unit:"datagrams" help:"IP datagrams put together from fragments."`
	FragmentsInvalid  uint64 `name:"fragments_invalid" unit:"packets" help:"IP fragments that overlap others, reach beyond the longest datagram or were cut."`
	FragmentsExpired  uint64 `name:"fragments_expired" unit:"datagrams" help:"IP datagrams given up because the rest did not come in time."`
	FragmentsShed     uint64 `name:"fragments_shed" unit:"datagrams" help:"IP datagrams given up to stay below the memory limit." trouble:"yes"`
	FragmentsRepeated uint64 `name:"fragments_repeated" unit:"packets" help:"IP fragments that were seen again."`
}

// Stats are a source's counters, declared like DecoderStats.
type Stats struct {
	Packets        uint64 `name:"packets" unit:"packets" help:"Packets that the source delivered, those dropped not included."`
	Drops          uint64 `name:"drops" unit:"packets" help:"Packets that the kernel dropped because the ring was full." trouble:"yes"`
	Freezes        uint64 `name:"freezes" unit:"times" help:"How often the ring was full." trouble:"yes"`
	Truncated      uint64 `name:"truncated" unit:"packets" help:"Packets longer than what was captured of them." trouble:"yes"`
	AnswerPackets  uint64 `name:"answer_packets" unit:"packets" help:"Packets with servers' answers that the source delivered; they are not among the others."`
	AnswerDrops    uint64 `name:"answer_drops" unit:"packets" help:"Packets with servers' answers that the kernel dropped because the ring for them was full: their requests are not compared." trouble:"yes"`
	InterfacesGone uint64 `name:"interfaces_gone" unit:"interfaces" help:"Wanted interfaces that do not exist now." kind:"gauge" trouble:"yes"`
	Damaged        uint64 `name:"damaged" unit:"records" help:"Records of a capture file that could not be read." trouble:"yes"`
}

// RecorderStats are a Recorder's counters. Every packet given to it is written,
// dropped, or held until it is written.
type RecorderStats struct {
	Packets      uint64 `name:"recorded" unit:"packets" help:"Packets written to the recording."`
	Bytes        uint64 `name:"recorded_bytes" unit:"bytes" help:"Bytes of the packets written to the recording."`
	Dropped      uint64 `name:"record_dropped" unit:"packets" help:"Packets missing in the recording: its writer was too slow, or recording has ended early." trouble:"yes"`
	DroppedBytes uint64 `name:"record_dropped_bytes" unit:"bytes" help:"Bytes of the packets missing in the recording." trouble:"yes"`
	Files        uint64 `name:"record_files" unit:"files" help:"Files that the recording has become."`
	Removed      uint64 `name:"record_files_removed" unit:"files" help:"Old files of the recording that were removed, those of earlier runs included."`
}
