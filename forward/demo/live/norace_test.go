//go:build !race

package live

// raceEnabled lowers the live tests' rates where the race detector runs.
const raceEnabled = false
