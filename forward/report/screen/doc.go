// Package screen keeps a few lines at the bottom of a terminal, redrawn in place, below
// what else is written to it.
//
//	time=... level=INFO msg=listening ...         what is written: whole lines, which scroll
//	time=... level=WARN msg="target failing" ...
//	gor listen  3m12s  ready                      the view: Show
//	requests  captured 5,012/s ...
//	lost      0
//
// A Screen is a writer for all that goes to the terminal. While it shows nothing, what is
// written goes through. Otherwise each write takes the view away, writes its lines, and
// puts the view back, in one write to the terminal: nothing mixes.
//
// Between two writes the cursor is at the first column of the view's first line. So what
// is to be taken away is always all that follows the cursor, whatever became of it: a
// terminal that has become narrower has wrapped the lines of the view, and nobody but the
// terminal knows into how many. Each line is cut to one column less than the terminal
// has, since some go to the next line behind the last column, and the view to one row less.
//
// The view is plain ASCII, so that each character takes one column whatever the terminal,
// its locale and its font make of others; nothing that a stranger has sent can move the
// cursor. Colours are left out where NO_COLOR is set; where TERM is dumb, or nobody knows
// how large the terminal is, there is no Screen. A process in the background of its
// terminal draws nothing.
package screen
