// Package recording reads recordings: capture files and lists of requests, in any
// number, as one source in the order of time.
//
//	names --> files, in the order in which they begin --> those that are open --> Set
//	          pcap, pcapng, JSON lines; .gz               the earliest goes first
//
// Read set.go first: a Set is a sniffer.Source. Its files are opened to learn what
// they are (kind.go) and when they begin, and again when their time has come: as
// many are open at a time as overlap. What is open is an input (input.go): packets,
// or lines (lines.go) that hold a request each.
//
// # Order
//
// A file is read in its own order. Between files the one goes first whose next
// packet or request is the earliest, and of those with the same time the one that
// was named first; a packet that is earlier than those before it in its file counts
// as being as late as they are.
//
// # What is wrong with a file
//
// What cannot be read from its beginning on is an error of Open, of which each line
// names a file. What is found later is an error or, where what is there could be
// used, a warning, when the file ends: one line for each file.
//
// # Memory
//
// Each file that is open has a buffer. Nothing else grows with the number or the
// size of files but their names.
package recording
