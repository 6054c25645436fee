// Package control lets a command of gor be asked how it goes, and be changed, while it
// runs: through a socket of the file system that only its user and root may connect to.
//
//	gor ctl limit http://staging 10
//	    |
//	    +-- connects --> /run/gor/PID.sock --> Server --> Controls.Limit --> "..."
//
// A Server is a command's end (server.go); gor ctl's is Ask (client.go), and Places and
// Pick, which find who runs here and whom an order is for (places.go); order.go has what
// may be asked for.
//
// # The protocol
//
// It is one line each way and one question for a connection, so that any program may
// speak it (echo '["status"]' | socat - UNIX:/run/gor/123.sock). The question is a JSON
// array of the words that gor ctl is given, up to 16 KiB with its line end:
//
//	["limit","http://staging","10"]
//
// The answer is a JSON object: "text" for people, "data" for machines where there is
// any, or "error", why nothing was done. Words that a command does not know are an error,
// so that an older gor and a newer one understand each other.
//
// # Who may
//
// The socket is created with mode 0600, and where the system tells who is at the other
// end (SO_PEERCRED of Linux) that must be root or the user that started the command, which
// a listener that was started as root is not any more. Each change is logged with the
// user and process that asked for it.
//
// # What it costs, and what can hold it up
//
// Nothing, while nobody asks. A client has two seconds for its question, and two more to
// take the answer; sixteen may be there at a time, the next wait. None of that is
// waited for by what gor does otherwise, nor at its end.
//
// # Where
//
// In the first of /run/gor and $XDG_RUNTIME_DIR/gor that can be had and that nobody else
// may write to, with the number of the process as its name, or where --control says. A
// socket there that nobody answers at is what a gor has left that could not remove it: the
// next gor removes it, and nobody takes it for one that runs. Killed ones leave it, and so
// do listeners that were started as root. They are another user by their end, who could
// remove it from a folder alone that this user may write to; but then any process of that
// user could put its own socket there for root to talk to. A process that stays root for
// that would be worse. One that somebody
// answers at is left alone, and so is a file that is no socket. A lock on the folder keeps
// two that start at a time from taking each other's for stale.
package control
