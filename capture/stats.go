package capture

import "iter"

// DecoderStats are a Decoder's counters, in packets. Every packet seen is a
// segment, a fragment that was kept, or refused for one of the reasons.
type DecoderStats struct {
	Seen        uint64 // given to Decode
	Segments    uint64 // segments to wanted ports, those completed by a fragment included
	Bare        uint64 // to a wanted port, but neither data nor SYN, FIN or RST; a Ring's filter keeps them out, but for those in tunnels
	OtherPort   uint64 // TCP to another port, answers among it
	NotTCP      uint64 // another protocol
	UnknownLink uint64 // a link type that is not understood
	Malformed   uint64 // headers contradict themselves
	CutHeader   uint64 // the capture ends inside a header
	Cut         uint64 // segments of which the capture lacks the end (part of Segments)
	Tunnelled   uint64 // tunnel headers peeled

	Fragments         uint64 // IP fragments kept until the rest comes
	Reassembled       uint64 // datagrams put together
	FragmentsInvalid  uint64 // overlapping, too long or cut fragments
	FragmentsExpired  uint64 // datagrams given up after the time allowed
	FragmentsShed     uint64 // datagrams given up to stay below the memory limit
	FragmentsRepeated uint64 // fragments seen again

	// BadChecksum are segments to wanted ports with a wrong checksum, which no receiver reads.
	BadChecksum uint64 `name:"bad_checksum" unit:"packets" help:"Segments to wanted ports whose TCP checksum is wrong: no receiver reads them, and they are not handed on." trouble:"yes"`

	// ChecksumIgnored are segments (part of Segments) whose checksum is wrong in
	// a file whose checksums mean nothing.
	ChecksumIgnored uint64 `name:"checksum_ignored" unit:"packets" help:"Segments with a wrong TCP checksum that were taken, since next to no checksum of the file is right."`
}

// All yields every counter under its name in the accounts.
func (s DecoderStats) All() iter.Seq2[string, uint64] {
	return all([]counter{
		{"seen", s.Seen}, {"segments", s.Segments}, {"bare", s.Bare}, {"other_port", s.OtherPort}, {"not_tcp", s.NotTCP},
		{"unknown_link", s.UnknownLink}, {"malformed", s.Malformed}, {"cut_header", s.CutHeader}, {"cut", s.Cut},
		{"bad_checksum", s.BadChecksum}, {"checksum_ignored", s.ChecksumIgnored},
		{"tunnelled", s.Tunnelled}, {"fragments", s.Fragments}, {"reassembled", s.Reassembled},
		{"fragments_invalid", s.FragmentsInvalid}, {"fragments_expired", s.FragmentsExpired},
		{"fragments_shed", s.FragmentsShed}, {"fragments_repeated", s.FragmentsRepeated},
	})
}

// Stats are a source's counters, in packets.
type Stats struct {
	Packets   uint64 // delivered by the source, those dropped not included
	Drops     uint64 // lost by the kernel because the ring was full
	Freezes   uint64 // times the ring was full
	Truncated uint64 // longer than what was captured of them
	Damaged   uint64 // records of a file that could not be read
}

// All yields every counter under its name in the accounts.
func (s Stats) All() iter.Seq2[string, uint64] {
	return all([]counter{
		{"packets", s.Packets}, {"drops", s.Drops}, {"freezes", s.Freezes},
		{"truncated", s.Truncated}, {"damaged", s.Damaged},
	})
}

// RecorderStats are a Recorder's counters. Every packet given to it is written,
// dropped, or held until it is written.
type RecorderStats struct {
	Packets      uint64 `name:"recorded" unit:"packets" help:"Packets written to the recording."`
	Bytes        uint64 `name:"recorded_bytes" unit:"bytes" help:"Bytes of the packets written to the recording."`
	Dropped      uint64 `name:"record_dropped" unit:"packets" help:"Packets missing in the recording: its writer was too slow, or recording has ended early." trouble:"yes"`
	DroppedBytes uint64 `name:"record_dropped_bytes" unit:"bytes" help:"Bytes of the packets missing in the recording." trouble:"yes"`
}

// All yields every counter under its name in the accounts.
func (s RecorderStats) All() iter.Seq2[string, uint64] {
	return all([]counter{
		{"recorded", s.Packets}, {"recorded_bytes", s.Bytes},
		{"record_dropped", s.Dropped}, {"record_dropped_bytes", s.DroppedBytes},
	})
}

type counter struct {
	name  string
	value uint64
}

func all(counters []counter) iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for _, c := range counters {
			if !yield(c.name, c.value) {
				return
			}
		}
	}
}
