// Package doctor finds out why gor would see nothing on this machine, or not what it
// should, and says it with what to type.
//
//	packets (capture.Scout) ----+
//	sockets, processes, links --+--> Scene --> Judge --> Findings
//	rights of this process -----+
//
// Open judge.go first: it makes findings of a Scene, which is everything that was
// seen, as plain data; port.go judges a port, absence.go one at which nothing is. A
// Scene is put together in examine.go: what passes is looked at for two seconds
// (traffic.go sums it up, protocol.go says what a segment is of), while sockets_linux.go
// asks the kernel for sockets, unix_linux.go for Unix sockets, processes_linux.go /proc
// for who has them and in which network namespace, and links_linux.go what interfaces
// there are. Nothing is changed, nothing sent, and what is looked at is bounded: 512
// packets of each wanted port (of more than eight ports, some share them), so that a
// busy one does not hide a quiet one, and as many of all others; connections of the
// wanted ports alone.
//
// A finding is ok, a warning or a problem. A cause gives one finding, whatever else
// follows from it: of the reasons why nothing is seen at a port the first that holds is
// named, and those that can be proven come before those that are likely.
//
// A Watcher (watch.go) is the same for gor listen: after ten seconds without a request
// it says in one line what Judge finds, and now and then what goes the way that is not
// captured. It is opened with the ring, since it needs privileges; what needs them
// later, as other users' processes do, it cannot see, and says so.
package doctor
