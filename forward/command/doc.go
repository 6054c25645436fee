// Package command is what all commands of gor have in common: how one begins,
// is explained, and ends.
//
//	arguments --> Run --> a command's Action --> exit status
//	                          |
//	            Begin .. Lifetime .. End
//
// Read app.go first: Run finds the command that the arguments name, runs it, and
// turns its error into one line and an exit status. help.go writes the texts of
// --help, and environment.go takes flags from the environment. A command that goes on until it is told to end has a Lifetime
// (lifetime.go), which a signal, --duration or the command itself ends. The
// package knows nothing of what the commands do.
//
// # Exit status
//
//	0  done: the source has ended, or the run was ended by a signal, --duration
//	   or --count; what was lost of live traffic is in the accounts
//	1  something failed, such as a recording that could not be delivered whole;
//	   one line says what
//	2  wrong usage: one line says what is wrong and what would be right
//
// A command may have others of its own: those of a recording that is replayed are 4,
// the schedule was not kept, and 3, a bound was exceeded (package results); there a
// signal is a failure if it comes before the bounds can be judged.
package command
