// Package spelling finds the name that somebody may have meant who wrote another one:
// of a flag, of a target's setting. A message that names it saves a look-up.
package spelling

// minLength is how long a name is at least that others are looked for: with fewer
// letters everything is near everything.
const minLength = 3

// Nearest is the candidate that name may stand for; empty: none is near.
func Nearest(name string, candidates []string) string {
	best, at := "", 1+len(name)/3 // so many letters may be wrong, or one more than fit
	if len(name) < minLength {
		return ""
	}
	for _, candidate := range candidates {
		if d := distance(name, candidate); len(candidate) > 1 && d < at {
			best, at = candidate, d
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
