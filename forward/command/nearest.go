package command

import "github.com/urfave/cli/v2"

// nearest is the flag that somebody may have meant who wrote name, with its dashes;
// empty: none is near.
func nearest(flags []cli.Flag, name string) string {
	best, at := "", 1+len(name)/3 // so many letters may be wrong, or one more than fit
	if len(name) < 3 {
		return ""
	}
	for _, f := range flags {
		for _, candidate := range f.Names() {
			if d := distance(name, candidate); len(candidate) > 1 && d < at {
				best, at = dashes(candidate)+candidate, d
			}
		}
	}
	return best
}

// distance is how many letters have to be put in, taken out, or changed to make b of
// a; two neighbours that changed places count as one.
func distance(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			next[j+1] = min(row[j+1]+1, next[j]+1)
			if a[i] == b[j] {
				next[j+1] = min(next[j+1], row[j])
			} else {
				next[j+1] = min(next[j+1], row[j]+1)
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
