//go:build race

package live

// raceEnabled lowers the live tests' rates: the race detector costs about ten
// times the CPU.
const raceEnabled = true
