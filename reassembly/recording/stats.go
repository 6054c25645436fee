package recording

import "sync/atomic"

// counts are the counters of a Set.
type counts struct {
	files, faulty, damaged, lines, badLines atomic.Uint64

	read, total atomic.Int64 // bytes
}

// Stats are the accounts of a Set, declared by their tags as package report wants
// them.
type Stats struct {
	Files    uint64 `name:"files" unit:"files" help:"Recordings that were opened."`
	Faulty   uint64 `name:"files_faulty" unit:"files" help:"Recordings with a fault that a warning names: empty, cut short, without a request, or of a link type that is not understood."`
	Damaged  uint64 `name:"files_damaged" unit:"files" help:"Recordings that could not be read to their end." trouble:"yes"`
	Lines    uint64 `name:"lines" unit:"lines" help:"Requests that were listed, one JSON object each."`
	BadLines uint64 `name:"lines_bad" unit:"lines" help:"Lines that are no requests: no JSON, without raw, or longer than the largest request." trouble:"yes"`
}

// Stats returns the counters. Any goroutine may call it.
func (s *Set) Stats() Stats {
	c := &s.counts
	return Stats{
		Files: c.files.Load(), Faulty: c.faulty.Load(), Damaged: c.damaged.Load(),
		Lines: c.lines.Load(), BadLines: c.badLines.Load(),
	}
}

// Progress says how many bytes of the files were read, and how many they have;
// pipes, of which nobody knows that, are in neither. Any goroutine may call it.
func (s *Set) Progress() (read, total int64) {
	return s.counts.read.Load(), s.counts.total.Load()
}
